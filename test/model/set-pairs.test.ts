// remediation(A→B), typed into a device of its own making that holds A, leaves B: for languages of whole paths.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadLanguage } from "../../drivers/model/fixtures/platform.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { pairs, someOf } from "./pairs.ts";
import { container, empty, leaf, leafList, list, type Schema, SetDevice, type Verbs } from "./set-device.ts";

const LEAF_VALUES = ["1", "2", '"two words"'];
const NAMES = ["A", "B", "C", "D", "E"];

const term = list(
  {
    from: container({ protocol: leafList(), "prefix-list": leafList() }),
    // oxlint-disable-next-line unicorn/no-thenable -- Junos calls it so, and nobody awaits a schema
    then: container({ end: { kind: "choice", words: ["accept", "reject"] }, metric: leaf }),
  },
  true,
);

const JUNOS: Record<string, Schema> = {
  system: container({
    "host-name": leaf,
    services: container({ ssh: container({ "root-login": leaf }, true), netconf: container({ ssh: empty }, true) }),
    login: container({ user: list({ class: leaf, uid: leaf }) }),
    "name-server": leafList(true),
  }),
  interfaces: {
    kind: "list",
    whole: true,
    of: {
      description: leaf,
      mtu: leaf,
      disable: empty,
      unit: list({
        description: leaf,
        "vlan-id": leaf,
        family: list({ address: list({}), filter: container({ input: leaf, output: leaf }) }),
      }),
    },
  },
  "policy-options": container({
    "policy-statement": list({ term }),
    community: list({ members: leafList() }),
  }),
  firewall: container({ family: list({ filter: list({ term }) }) }),
  protocols: container({
    bgp: container({
      group: list({
        type: leaf,
        import: leafList(true),
        export: leafList(true),
        neighbor: list({ "peer-as": leaf, description: leaf, import: leafList(true) }),
      }),
    }),
    ospf: container({ area: list({ interface: list({ metric: leaf, passive: empty }) }) }),
    lldp: container({ interface: list({}) }),
  }),
  "routing-options": container({
    "autonomous-system": leaf,
    static: container({ route: list({ "next-hop": leafList(), discard: empty }) }),
  }),
};

const SRLINUX: Record<string, Schema> = {
  interface: list({
    description: leaf,
    "admin-state": leaf,
    mtu: leaf,
    subinterface: list({
      "admin-state": leaf,
      ipv4: container({ "admin-state": leaf, address: list({}) }, true),
    }),
  }),
  "network-instance": list({
    type: leaf,
    interface: list({}),
    protocols: container({
      bgp: container(
        {
          "autonomous-system": leaf,
          "router-id": leaf,
          group: list({ "peer-as": leaf, "import-policy": leafList(true) }),
          neighbor: list({ "peer-as": leaf, "peer-group": leaf, description: leaf }),
        },
        true,
      ),
    }),
  }),
  system: container({ name: container({ "host-name": leaf }), dns: container({ "server-list": leafList(true) }) }),
};

/** Set lines that state something by the schema; every list and leaf is there or not, and lists stand in any order. */
function linesOf(schema: Schema, path: string): fc.Arbitrary<string[]> {
  switch (schema.kind) {
    case "container":
      return fields(schema.of, path);
    case "list":
      return someOf(NAMES.slice(0, 3)).chain((names) =>
        fc
          .tuple(
            ...names.map((name) => fields(schema.of, `${path} ${name}`).map((inner) => [`${path} ${name}`, ...inner])),
          )
          .map((parts) => parts.flat()),
      );
    case "leaf":
      return fc.constantFrom(...LEAF_VALUES).map((value) => [`${path} ${value}`]);
    case "empty":
      return fc.constant([path]);
    case "leaf-list":
      return someOf(NAMES).map((names) => names.map((name) => `${path} ${name}`));
    case "choice":
      return fc.constantFrom(...schema.words).map((word) => [`${path.slice(0, path.lastIndexOf(" "))} ${word}`]);
    default:
      return schema satisfies never;
  }
}

function fields(of: Readonly<Record<string, Schema>>, path: string): fc.Arbitrary<string[]> {
  return someOf(Object.keys(of)).chain((words) =>
    fc
      .tuple(
        ...words.flatMap((word) => {
          const schema = of[word];
          return schema ? [linesOf(schema, `${path} ${word}`)] : [];
        }),
      )
      .map((parts) => parts.flat()),
  );
}

function walked(schema: Record<string, Schema>, verbs: Verbs, lines: readonly string[]): SetDevice {
  const device = new SetDevice(schema, verbs);
  for (const line of lines) device.type(line);
  return device;
}

interface Marked {
  readonly lines: readonly string[];
  readonly marks: readonly number[];
}

/** Only what is shown can be marked; which, is drawn as numbers. */
function build(schema: Record<string, Schema>, verbs: Verbs, { lines, marks }: Marked): SetDevice {
  const device = walked(
    schema,
    verbs,
    lines.map((line) => `${verbs.set}${line}`),
  );
  for (const number of marks) {
    const shown = device.show().filter((line) => line.startsWith(verbs.set));
    const line = shown[number % Math.max(1, shown.length)];
    if (line === undefined) continue;
    try {
      device.type(`deactivate${line.slice(verbs.set.length)}`);
    } catch {
      // A value of a list, or marked already.
    }
  }
  return device;
}

describe("remediation of set languages, typed into an independent device", () => {
  test.each([
    ["juniper_junos", JUNOS, { set: "set", delete: "delete" }, 5000, true],
    ["nokia_srlinux", SRLINUX, { set: "set /", delete: "delete /" }, 2000, false],
  ] as const)("%s", (id, schema, verbs, runs, isJunos) => {
    const language = loadLanguage(id);
    const settings = pairs(runs);
    const marked = fc.record({
      lines: fields(schema, ""),
      marks: isJunos ? fc.array(fc.nat(200), { maxLength: 2 }) : fc.constant([]),
    });
    // Apart, on top, or most of the same in another order.
    const pair = marked.chain((a) =>
      fc.tuple(
        fc.constant(a),
        fc.oneof(
          marked,
          marked.map((b) => ({ ...b, lines: [...a.lines, ...b.lines] })),
          fc
            .shuffledSubarray([...a.lines], { minLength: Math.floor(a.lines.length / 2) })
            .map((lines) => ({ ...a, lines })),
        ),
      ),
    );
    let [typed, moved] = [0, 0];
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const device = build(schema, verbs, a);
        const wanted = build(schema, verbs, b);
        const { commands, diff } = remediation(
          language,
          `${device.show().join("\n")}\n`,
          `${wanted.show().join("\n")}\n`,
        );
        for (const { text } of commands) device.type(text);
        expect(device.show()).toEqual(wanted.show());
        expect(commands.length === 0).toBe(diff.length === 0);
        typed += commands.length;
        moved += commands.filter(({ text }) => text.startsWith("insert ")).length;
      }),
      settings,
    );
    console.log(`${id}: ${settings.numRuns} pairs, seed ${settings.seed}, ${typed} lines typed, ${moved} moves`);
    expect(typed).toBeGreaterThan(settings.numRuns);
    expect(moved > 0).toBe(isJunos);
  });
});
