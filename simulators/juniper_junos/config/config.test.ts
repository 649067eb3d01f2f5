import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { check } from "./check.ts";
import { compareText } from "./compare.ts";
import { deleteWords, setWords } from "./edit.ts";
import { loadBraces, parseConfig } from "./load.ts";
import { printBraces, printSet } from "./print.ts";
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

const corpus = process.env.FARHAND_CORPUS;
describe.skipIf(corpus === undefined)("recorded configurations", () => {
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
});
if (corpus === undefined)
  console.log("simulators/juniper_junos: no FARHAND_CORPUS, recorded configurations are skipped");
