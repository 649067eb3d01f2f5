// What the model says of RouterOS texts, held against the simulator, which shares no line with it: generated changes, and what was recorded.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { makeDriver } from "../../drivers/driver.ts";
import { compileLanguage } from "../../drivers/model/language.ts";
import { normalise } from "../../drivers/model/normalise.ts";
import { lintPattern } from "../../drivers/model/pattern-lint.ts";
import { findSecrets } from "../../drivers/model/redact.ts";
import { parse, print } from "../../drivers/model/tree.ts";
import type { Configuration } from "../../drivers/types.ts";
import { ManualClock } from "../../shared/clock.ts";
import { DeviceId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { Datastores } from "../../simulators/kit/datastores.ts";
import { Box } from "../../simulators/mikrotik_routeros/box.ts";
import { cloneConfig, exportText, type Config } from "../../simulators/mikrotik_routeros/config.ts";
import { Console } from "../../simulators/mikrotik_routeros/console.ts";
import { bootConfig } from "../../simulators/mikrotik_routeros/index.ts";
import { hostKeyFrom } from "../../simulators/ssh/hostkey.ts";
import { startSshServer } from "../../simulators/ssh/server.ts";
import { record } from "./matrix/results.ts";
import { platformFile } from "./replay/file.ts";
import { fastClock, rig, tagger } from "./support.ts";

const file = platformFile("mikrotik_routeros");
const driver = makeDriver(file);
const language = compileLanguage(file.language);
const device = DeviceId.parse("r1");

function configuration(text: string): Configuration {
  return { raw: normalise(language, text), ...driver.publicForm(device, text, tagger), keyGeneration: 1 };
}

/** A box on no network: commands in, an export out. */
function box(text: string) {
  const store = new Datastores<Config>({
    tree: { clone: cloneConfig, same: (a, b) => exportText(a) === exportText(b), text: exportText },
    clock: new ManualClock(),
    running: bootConfig(text),
    serial: "S",
    surroundings: { setReachability: () => undefined, dropSessions: () => undefined, tell: () => undefined },
    separateStartup: false,
  });
  const made = new Box(store, {
    board: "RB",
    version: "7.18.2",
    softwareId: "X",
    flash: false,
    bootMs: 0,
    scheduler: true,
  });
  const console = new Console(made, { sessionId: 1, user: "netops", remote: "test" }, "exec");
  return { say: (line: string): string => console.run(line).text, shown: () => exportText(made.config) };
}

const word = fc.constantFrom("lab", "two words", "a;b", "x=y", 'say "hi"', "back\\slash", "1$", "plain-1", "why?");
const quoted = (value: string): string => `"${value.replaceAll(/["\\$?]/g, (c) => `\\${c}`)}"`;
const port = fc.integer({ min: 1, max: 5 }).map((n) => `ether${n}`);
const rule = fc.record({
  chain: fc.constantFrom("input", "forward"),
  action: fc.constantFrom("accept", "drop"),
  src: fc.integer({ min: 1, max: 6 }),
  comment: fc.option(word, { nil: undefined }),
  disabled: fc.boolean(),
});
const text = fc
  .record({
    bridges: fc.uniqueArray(
      fc.record({ name: fc.constantFrom("br1", "br2", "br3"), comment: fc.option(word, { nil: undefined }) }),
      { selector: (one) => one.name },
    ),
    ports: fc.uniqueArray(fc.record({ port, comment: word }), { selector: (one) => one.port }),
    addresses: fc.uniqueArray(fc.record({ n: fc.integer({ min: 1, max: 9 }), port, length: fc.constantFrom(24, 30) }), {
      selector: (one) => one.n,
    }),
    rules: fc.uniqueArray(rule, { selector: (one) => `${one.src}`, maxLength: 6 }),
    secrets: fc.uniqueArray(
      fc.record({ name: fc.constantFrom("p1", "p2"), password: fc.constantFrom("s3cret one", "0ther") }),
      { selector: (one) => one.name },
    ),
    servers: fc.option(fc.constantFrom("9.9.9.9", "1.1.1.1,8.8.8.8"), { nil: undefined }),
    identity: fc.constantFrom("r1", "r2"),
    telnet: fc.boolean(),
  })
  .map((one) => {
    const comment = (value: string | undefined): string => (value === undefined ? "" : ` comment=${quoted(value)}`);
    return [
      ...one.bridges.map(({ name, comment: words }) => `/interface bridge add${comment(words)} name=${name}`),
      ...one.ports.map(
        ({ port: name, comment: words }) =>
          `/interface ethernet set [ find default-name=${name} ] comment=${quoted(words)}`,
      ),
      ...one.addresses.map(
        ({ n, port: name, length }) =>
          `/ip address add address=10.0.${n}.1/${length} interface=${name} network=10.0.${n}.0`,
      ),
      ...(one.servers === undefined ? [] : [`/ip dns set servers=${one.servers}`]),
      ...one.rules.map(
        ({ chain, action, src, comment: words, disabled }) =>
          `/ip firewall filter add action=${action} chain=${chain}${comment(words)}${disabled ? " disabled=yes" : ""} src-address=192.0.2.${src}`,
      ),
      ...(one.telnet ? ["/ip service set telnet disabled=yes"] : []),
      ...one.secrets.map(({ name, password }) => `/ppp secret add name=${name} password=${quoted(password)}`),
      `/system identity set name=${one.identity}`,
    ]
      .map((line) => `${line}\n`)
      .join("");
  });

describe("the language of RouterOS", () => {
  test("has only patterns that stay linear, and each that hides names what it hides", () => {
    const { language: given, errors, reads } = file;
    const walk = (value: unknown): string[] =>
      typeof value === "string"
        ? [value]
        : typeof value === "object" && value !== null
          ? Object.values(value).flatMap(walk)
          : [];
    for (const source of [
      given.redact,
      given.normalise,
      given.ordered,
      given.management,
      given.destructive,
      given.forbidden.map(({ pattern }) => pattern),
      given.menu?.builtin,
      reads.allow,
      errors.map(({ pattern }) => pattern),
    ].flatMap(walk))
      if (source !== "") expect([source, lintPattern(source)]).toEqual([source, undefined]);
    expect(given.redact.every((one) => JSON.stringify(one).includes("(?<secret>"))).toBe(true);
  });

  test.each([
    ['/ppp secret add name=a password="two \\"words\\" \\\\"', ['two \\"words\\" \\\\']],
    ["/ppp secret add password=one name=a", ["one"]],
    ["add wpa2-pre-shared-key=abc12345", ["abc12345"]],
    ['/interface wifi security add passphrase="x y"', ["x y"]],
    ["/interface wireguard add private-key=abc+/= listen-port=1", ["abc+/="]],
    ["/routing bgp connection add tcp-md5-key=k", ["k"]],
    ["/snmp community add addresses=::/0 name=publ1c", ["publ1c"]],
    ["/radius add secret=s address=10.0.0.1", ["s"]],
    ["/tool fetch url=https://bob:pw@host/x", ["pw"]],
    ["/interface bridge add name=br1 comment=password", []],
    ["/user set [ find name=a ] group=full", []],
  ])("hides in `%s` exactly %j", (line, values) => {
    expect(findSecrets(language, line).map(({ start, end }) => line.slice(start, end))).toEqual(values);
  });

  test("lines that lead from one configuration to another lead a box there, in the order of its rules", () => {
    let commands = 0;
    fc.assert(
      fc.property(text, text, (from, to) => {
        const router = box(from);
        const before = configuration(router.shown());
        const wanted = configuration(box(to).shown());
        const prediction = driver.predict({
          device,
          mode: "replace",
          source: "sealed",
          text: wanted.raw,
          before,
          tagger,
        });
        for (const line of prediction.render(() => undefined)) {
          commands += 1;
          expect([line, router.say(line)]).toEqual([line, ""]);
        }
        const after = configuration(router.shown());
        expect(driver.diff(after.publicText, wanted.publicText)).toBe("[]");
        expect(driver.sameDiff(prediction.diff, driver.diff(before.publicText, after.publicText))).toBe(true);
      }),
      { numRuns: 400, seed: 7 },
    );
    console.log(`mikrotik_routeros: 400 pairs, ${commands} commands said to the simulator`);
    expect(commands).toBeGreaterThan(1000);
  });

  test("a merge does to a box what it was predicted to do", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), word, (from, n, words) => {
        const router = box(from);
        const before = configuration(router.shown());
        const typed = `/ip firewall address-list\nadd list=l comment=${quoted(words)} address=10.9.${n}.0/24\n/ip service\nset telnet disabled=yes\n/ip address\nadd interface=ether1 address=172.20.${n}.77/22\n/interface ethernet\nset [find default-name=ether2] comment=${quoted(words)}\n`;
        const prediction = driver.predict({ device, mode: "merge", text: typed, before, tagger });
        for (const line of prediction.render(() => undefined)) expect([line, router.say(line)]).toEqual([line, ""]);
        expect(driver.diff(before.publicText, configuration(router.shown()).publicText)).toBe(prediction.diff);
      }),
      { numRuns: 200, seed: 8 },
    );
  });
});

const corpus = process.env["FARHAND_CORPUS"];
if (corpus === undefined) console.log("skipped: RouterOS recordings (FARHAND_CORPUS is not set)");

const Answers = z.record(z.string(), z.string().nullable());
const Recording = z.object({ commands: z.union([Answers, z.array(Answers)]) });

function recorded(name: string): Map<string, string> {
  const { commands } = Recording.parse(parseYaml(readFileSync(join(corpus ?? "", "oxidized", name), "utf8")));
  const all = (Array.isArray(commands) ? commands : [commands]).flatMap((one) => Object.entries(one));
  const plain = (given: string): string => given.replaceAll(String.raw`\x20`, " ").replaceAll(/\\(["\\])/g, "$1");
  return new Map(all.map(([command, answer]) => [command.trim(), plain(answer ?? "")]));
}

describe.skipIf(corpus === undefined)(
  `recorded boxes${corpus === undefined ? ": FARHAND_CORPUS does not name a folder" : ""}`,
  () => {
    const boxes = [
      {
        name: "routeros__CHR_7.16__simulation.yaml",
        facts: { model: "CHR QEMU Standard PC (i440FX + PIIX, 1996)", version: "7.16" },
      },
      {
        name: "routeros__RB5009UPr+S+_7.18.2__simulation.yaml",
        facts: { model: "RB5009UPr+S+", version: "7.18.2" },
      },
    ];

    test.each(boxes)(
      "$name: read whole, in single bytes and in random pieces, with the same outcome",
      async ({ name, facts }) => {
        const answers = recorded(name);
        const shown = answers.get("/export show-sensitive") ?? "";
        // Not recorded: the name, the serial of a board, an export in one line each, and what marks its end.
        const said = new Map([
          ...answers,
          [file.get.command, `${shown.trimEnd()}\n# end of export\n`],
          ["/system identity print", "  name: MikroTik\n\n"],
          ["/system routerboard print", ""],
        ]);
        const outcomes: { facts: unknown; digest: string }[] = [];
        for (const piece of [() => 1e9, () => 1, seeded(11)]) {
          const server = await startSshServer({
            address: "127.0.0.1",
            port: 0,
            hostKey: hostKeyFrom("recorded"),
            users: () => [{ username: "netops", password: "x", publicKeys: [] }],
            ident: "ROSSSH",
            maxConnections: () => 4,
            channelsPerConnection: 100,
            shell: ({ stream }) => stream.end(),
            exec: ({ command, stream, exit }) => {
              const bytes = Buffer.from((said.get(command) ?? "bad command name\n").replaceAll("\n", "\r\n"));
              for (let at = 0; at < bytes.length;) {
                const end = at + piece();
                stream.write(bytes.subarray(at, end));
                at = end;
              }
              exit(0);
            },
          });
          try {
            const target = Device.parse({
              id: "r1",
              site: "plant",
              platform: file.id,
              address: server.address,
              port: server.port,
              hostKeys: [{ algorithm: "ssh-ed25519", publicKey: server.hostKey.base64 }],
              algorithms: "modern",
              credential: "netops",
              serial: "S",
              tags: {},
            });
            const reader = rig({
              driver,
              target,
              credential: { username: "netops", password: new Secret("x") },
              clock: fastClock(1),
              connectMs: 20_000,
              commandMs: 20_000,
            });
            const session = await reader.open();
            const configured = await session.running();
            outcomes.push({ facts: await session.facts(), digest: configured.publicDigest });
            expect(configured.publicText.trimEnd().split("\n").length - 1).toBe(
              [...shown.matchAll(/^(?:add|set) /gm)].length,
            );
            await session.close();
          } finally {
            await server.stop();
          }
        }
        expect(outcomes[0]?.facts).toMatchObject(facts);
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
        record({ platform: file.id, transport: "cli" }, { recorded: 1 });
      },
    );

    test.each(boxes)("$name: parses, prints, normalises and replaces itself", ({ name }) => {
      const raw = recorded(name).get("/export show-sensitive") ?? "";
      const once = print(language, parse(language, raw));
      expect(print(language, parse(language, once))).toBe(once);
      const before = configuration(raw);
      expect(normalise(language, before.raw)).toBe(before.raw);
      expect(driver.publicForm(device, before.publicText, tagger).publicText).toBe(before.publicText);
      expect(driver.notRestorable(device, before.raw, tagger)).toBeNull();
      const again = driver.predict({ device, mode: "replace", text: before.publicText, before, tagger });
      expect([again.diff, again.commands]).toEqual(["[]", "[]"]);
      // The same by what the simulator prints of it.
      expect(driver.diff(before.publicText, configuration(exportText(bootConfig(raw))).publicText)).toBe("[]");
    });

    test("no output of ntc-templates is taken for a refusal, and none for a configuration without its end", () => {
      const where = join(corpus ?? "", "ntc_templates", "mikrotik_routeros");
      const names = readdirSync(where, { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".raw"));
      expect(names.length).toBeGreaterThan(10);
      const rules = file.errors.filter((rule) => rule.in !== "config").map(({ pattern }) => new RegExp(pattern, "iv"));
      const end = new RegExp(`^(?:${file.get.endMarker})$`, "v");
      const refused: string[] = [];
      for (const one of names)
        for (const line of readFileSync(join(where, one), "utf8").split(/\r?\n/)) {
          if (rules.some((rule) => rule.test(line))) refused.push(line);
          expect(end.test(line)).toBe(false);
        }
      // Those that are: of boards without PoE.
      expect(refused).toEqual(["bad command name po (line 1 column 7)", "bad command name poe (line 1 column 21)"]);
      record({ platform: file.id, transport: "cli" }, { recorded: names.length });
      console.log(`mikrotik_routeros: ${names.length} outputs of ntc-templates`);
    });
  },
);

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return 1 + (state % 40);
  };
}
