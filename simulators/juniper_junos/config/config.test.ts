import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "./check.ts";
import { compareText } from "./compare.ts";
import { deleteWords, setWords } from "./edit.ts";
import { loadBraces, parseConfig } from "./load.ts";
import { printBraces, printSet } from "./print.ts";
import { loadSet } from "./set_lines.ts";
import { clone, emptyConfig, same, type Config } from "./tree.ts";
import { splitWords } from "./words.ts";

const BASE = `version 21.4R3.15;
system {
    host-name r1;
    root-authentication {
        encrypted-password "$6$abc"; ## SECRET-DATA
    }
    services {
        ssh;
    }
}
interfaces {
    ge-0/0/1 {
        unit 0 {
            family inet {
                address 192.0.2.1/31;
            }
        }
    }
}
routing-options {
    static {
        route 0.0.0.0/0 next-hop 192.0.2.0;
    }
}
policy-options {
    policy-statement P {
        term a {
            then accept;
        }
        term c {
            then reject;
        }
    }
}
`;

function base(): Config {
  return parseConfig(emptyConfig(), BASE);
}

function edit(config: Config, ...lines: string[]): Config {
  const next = clone(config);
  for (const line of lines) {
    const [verb, ...words] = splitWords(line);
    const result = verb?.text === "set" ? setWords(next, [], words) : deleteWords(next, [], words);
    if (result.refusal) throw new Error(`${line}: ${result.refusal.message}`);
  }
  return next;
}

describe("the tree", () => {
  test("prints what it parsed, and set lines make the same tree", () => {
    const config = base();
    const again = parseConfig(emptyConfig(), printBraces(config));
    expect(same(config, again)).toBe(true);
    const rebuilt = edit(emptyConfig(), ...printSet(config));
    expect(printBraces(rebuilt)).toBe(printBraces(config));
  });

  test("compares in the recorded forms", () => {
    const before = base();
    const after = edit(
      before,
      "set system host-name r2",
      "delete interfaces ge-0/0/1 unit 0 family inet",
      "set interfaces ge-0/0/2 unit 0 description x",
      "set policy-options policy-statement P term b then reject",
    );
    expect(compareText(before, after)).toBe(`[edit system]
-  host-name r1;
+  host-name r2;
[edit interfaces ge-0/0/1 unit 0]
-     family inet {
-         address 192.0.2.1/31;
-     }
[edit interfaces]
+   ge-0/0/2 {
+       unit 0 {
+           description x;
+       }
+   }
[edit policy-options policy-statement P]
     term c { ... }
+    term b {
+        then reject;
+    }
`);
    expect(compareText(after, after)).toBe("");
  });

  test("says where a load stopped making sense, and keeps the rest", () => {
    const config = base();
    const problems = loadBraces(
      config,
      [],
      "protocols {\n    ospf {\n        topology default {\n            metric 65450;\n        }\n    }\n}\n",
      {
        source: "terminal",
      },
    );
    expect(problems.map((problem) => problem.text).join("")).toBe(
      "terminal:4:(18) syntax error: metric\n  [edit protocols ospf topology default]\n    'metric 65450;'\n      syntax error\n",
    );
    expect(compareText(base(), config)).toBe(
      "[edit]\n+  protocols {\n+      ospf {\n+          topology default;\n+      }\n+  }\n",
    );
  });

  test("checks what is named", () => {
    expect(check(base())).toEqual([]);
    const bad = edit(
      base(),
      "set protocols bgp group g neighbor 192.0.2.9",
      "set protocols bgp group g export nowhere",
    );
    expect(check(bad).map(({ text }) => text.split("\n")[0])).toEqual([
      "error: Policy error: Policy nowhere referenced but not defined",
      "[edit protocols]",
    ]);
  });
});

describe("what is edited", () => {
  const POOL = [
    ...printSet(parseConfig(emptyConfig(), BASE)),
    "set interfaces ge-0/0/10 unit 7 vlan-id 7",
    "set interfaces ge-0/0/2 unit 0 family inet6 address 2001:db8::1/64",
    "set interfaces ge-0/0/1 unit 0 family inet mtu 1400",
    "set protocols bgp group g neighbor 192.0.2.9 peer-as 65001",
    "set protocols bgp group g export [ P Q ]",
    "set protocols bgp group g export R",
    "set protocols ospf area 0 interface lo0.0 passive",
    "set policy-options policy-statement P term b from protocol [ bgp direct ]",
    "set policy-options policy-statement P term b then accept",
    'set snmp location "a \\"b\\" { c; }"',
    "set system syslog host 192.0.2.50 any notice",
    "set system ntp server 192.0.2.51 key 3",
    "set security policies from-zone a to-zone b policy p match application any",
    "set apply-groups G",
    "set groups G system location floor 2",
    "delete interfaces ge-0/0/1 unit 0",
    "delete protocols bgp group g export",
    "delete policy-options policy-statement P term a",
    "deactivate interfaces ge-0/0/1",
    "deactivate protocols bgp",
    "activate interfaces ge-0/0/1",
    "insert policy-options policy-statement P term b before term c",
    "rename interfaces ge-0/0/1 to ge-0/0/3",
  ];
  const edits = fc.array(fc.constantFrom(...POOL), { maxLength: 40 });
  const applied = (lines: readonly string[]): Config => {
    const config = emptyConfig();
    loadSet(config, [], lines.join("\n"), { source: "t" });
    return config;
  };

  test("prints, parses and prints the same; its set lines rebuild it", () => {
    fc.assert(
      fc.property(edits, (lines) => {
        const config = applied(lines);
        const text = printBraces(config);
        expect(printBraces(parseConfig(emptyConfig(), text))).toBe(text);
        expect(printBraces(applied(printSet(config)))).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  test("compares as empty exactly where it is the same", () => {
    fc.assert(
      fc.property(edits, edits, (one, two) => {
        const [a, b] = [applied(one), applied(two)];
        expect(compareText(a, b) === "").toBe(same(a, b));
        expect(compareText(a, clone(a))).toBe("");
      }),
      { numRuns: 400 },
    );
  });
});

const corpus = process.env.FARHAND_CORPUS;
describe.skipIf(corpus === undefined)(
  `recorded configurations${corpus === undefined ? ": FARHAND_CORPUS does not name a folder" : ""}`,
  () => {
    test("an SRX300's configuration prints back byte for byte", async () => {
      const text = await readFile(`${corpus}/oxidized/junos__srx300_22.4__output.txt`, "utf8");
      const lines = text.split("\n");
      const config = lines
        .slice(lines.findIndex((line) => line.startsWith("version ")))
        .filter((line) => !line.startsWith("# "));
      const body = `${config
        .filter((line) => line !== "#")
        .join("\n")
        .trimEnd()}\n`;
      expect(printBraces(parseConfig(emptyConfig(), body))).toBe(body);
    });

    test("napalm's merge and replace give the diffs that its boxes gave", async () => {
      const read = (name: string): Promise<string> => readFile(`${corpus}/napalm/junos/junos/${name}`, "utf8");
      const load = async (config: Config, name: string): Promise<Config> => {
        expect(loadBraces(config, [], await read(name), { source: name })).toEqual([]);
        return config;
      };
      const initial = await load(emptyConfig(), "initial.conf");
      const merged = await load(clone(initial), "merge_good.conf");
      // Recorded on the way back.
      expect(compareText(merged, initial).trim()).toBe((await read("merge_good.diff")).trim());
      const replaced = await load(emptyConfig(), "new_good.conf");
      expect(compareText(initial, replaced).trim()).toBe((await read("new_good.diff")).trim());
      const typo = clone(initial);
      const problems = loadBraces(typo, [], await read("merge_typo.conf"), { source: "terminal" });
      expect(problems[0]?.text).toContain("syntax error: unt\n  [edit interfaces ge-0/0/1]\n");
    });

    test("hier_config's set lines are all known", async () => {
      for (const name of ["running", "generated"]) {
        const text = await readFile(`${corpus}/hier_config/junos_${name}.conf`, "utf8");
        expect(loadSet(emptyConfig(), [], text, { source: name }), name).toEqual([]);
      }
    });
  },
);
if (corpus === undefined)
  console.log("simulators/juniper_junos: no FARHAND_CORPUS, recorded configurations are skipped");
