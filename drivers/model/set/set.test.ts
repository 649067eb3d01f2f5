import { describe, expect, test } from "vitest";
import { FarhandError } from "../../../shared/errors.ts";
import { diffTexts, parseDiff } from "../diff.ts";
import { device, loadLanguage, tagger } from "../fixtures/platform.ts";
import { normalise } from "../normalise.ts";
import { predict } from "../predict.ts";
import { publicForm } from "../public-form.ts";
import { remediation } from "../remediation.ts";
import { parse, print } from "../tree.ts";

const junos = loadLanguage("juniper_junos");
const srl = loadLanguage("nokia_srlinux");

const lines = (text: string, language = junos): string[] =>
  print(language, parse(language, text)).trimEnd().split("\n");
const publicText = (raw: string, language = junos): string => publicForm(language, device, raw, tagger).publicText;
const commands = (before: string, after: string, language = junos): string[] =>
  remediation(language, before, after).commands.map(({ text }) => text);
const diff = (before: string, after: string, language = junos): string[] =>
  parseDiff(diffTexts(language, before, after)).map(({ op, line }) => `${op === "add" ? "+" : "-"} ${line}`);

interface Merged {
  readonly lines: readonly string[];
  readonly typed: readonly string[];
  readonly warnings: readonly string[];
  readonly rendered: readonly string[];
  readonly touchesManagement: boolean;
  readonly destructive: boolean;
}

function merged(raw: string, text: string, language = junos, managementAddress = "192.0.2.9"): Merged {
  const before = { raw: normalise(language, raw), publicText: publicText(raw, language) };
  const prediction = predict(language, { device, mode: "merge", text, before, tagger, managementAddress });
  return {
    ...prediction,
    lines: parseDiff(prediction.diff).map(({ op, line }) => `${op === "add" ? "+" : "-"} ${line}`),
    typed: JSON.parse(prediction.commands) as string[],
    warnings: prediction.warnings.map(({ code }) => code),
    rendered: prediction.render((name) => `${name} value`),
  };
}

describe("braces", () => {
  test("become one line for each statement, lists one for each value, marks lines of their own", () => {
    const text = `## Last commit: now
version 22.4R3;
system {
    host-name r1; # a comment
    /* two
       lines */
    login {
        message "be; {careful} \\"now\\"";
        class ops { permissions [ view clear ]; }
    }
}
interfaces {
    ge-0/0/0 { unit 0; }
    inactive: ge-0/0/1 {
        description "x y";
        inactive: mtu 9000;
    }
    ge-0/0/2 { }
}
`;
    expect(lines(normalise(junos, text))).toEqual([
      "set system host-name r1",
      'set system login message "be; {careful} \\"now\\""',
      "set system login class ops permissions view",
      "set system login class ops permissions clear",
      "set interfaces ge-0/0/0 unit 0",
      'set interfaces ge-0/0/1 description "x y"',
      "set interfaces ge-0/0/1 mtu 9000",
      "deactivate interfaces ge-0/0/1 mtu 9000",
      "deactivate interfaces ge-0/0/1",
      "set interfaces ge-0/0/2",
    ]);
  });

  test("and set lines may follow each other, each spelling of a word being the same", () => {
    expect(diff('set a "b" c\nset d e', 'a { b c; }\nset d "e"')).toEqual([]);
    expect(lines("set a b [ c d ]\nset e")).toEqual(["set a b c", "set a b d", "set e"]);
  });

  test("with `replace:` in an author's text take away what was there", () => {
    const live = "set policy-options prefix-list P 10.0.0.0/8\nset policy-options prefix-list P 11.0.0.0/8\n";
    const { typed, lines: shown } = merged(live, "policy-options {\n replace: prefix-list P {\n  12.0.0.0/8;\n }\n}\n");
    expect(typed).toEqual(["delete policy-options prefix-list P", "set policy-options prefix-list P 12.0.0.0/8"]);
    expect(shown).toEqual([
      "- set policy-options prefix-list P 10.0.0.0/8",
      "- set policy-options prefix-list P 11.0.0.0/8",
      "+ set policy-options prefix-list P 12.0.0.0/8",
    ]);
  });

  test("that unfold without measure are refused, and open ones end with the text", () => {
    const deep = "abcdefghijklmnop {".repeat(2000) + "x; ".repeat(5000);
    expect(() => parse(junos, deep)).toThrow(FarhandError);
    expect(lines('system {\n host-name "open')).toEqual(['set system host-name "open"']);
    expect(lines('a {\n "x\n b;\n}\n')).toEqual(['set a "x" b']);
  });
});

describe("a merge", () => {
  const live = `set system host-name r1
set interfaces ge-0/0/0 unit 0
set interfaces ge-0/0/1 description old
set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24
set protocols bgp group G neighbor 10.0.0.2 peer-as 65002
set firewall family inet filter F term A then accept
set firewall family inet filter F term C then discard
`;

  test("replaces one-value leaves, and says nothing of a path that the new line implies", () => {
    const result = merged(
      live,
      'set interfaces ge-0/0/1 description "new one"\nset interfaces ge-0/0/0 unit 0 family inet dhcp\nset system host-name r1\n',
    );
    expect(result.lines).toEqual([
      "+ set interfaces ge-0/0/0 unit 0 family inet dhcp",
      "- set interfaces ge-0/0/1 description old",
      '+ set interfaces ge-0/0/1 description "new one"',
    ]);
    expect(result.typed).toHaveLength(2);
    expect(result.warnings).toEqual(["ALREADY_PRESENT"]);
  });

  test("takes away by a beginning of the path, and leaves what the device leaves", () => {
    expect(merged(live, "delete interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24").lines).toEqual([
      "- set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24",
    ]);
    expect(merged(live, "delete protocols bgp group G neighbor 10.0.0.2\ndelete protocols bgp group H")).toMatchObject({
      lines: ["- set protocols bgp group G neighbor 10.0.0.2 peer-as 65002"],
      warnings: ["SESSION_RESET", "NOTHING_TO_REMOVE"],
    });
    expect(merged(live, "delete firewall").destructive).toBe(true);
  });

  test("moves elements of ordered lists, and the diff says so", () => {
    const text =
      "set firewall family inet filter F term B then accept\ninsert firewall family inet filter F term B before term C\n";
    expect(merged(live, text)).toMatchObject({
      lines: [
        "+ set firewall family inet filter F term B then accept",
        "+ insert firewall family inet filter F term B after term A",
      ],
      typed: text.trimEnd().split("\n"),
      touchesManagement: true,
    });
    expect(merged(live, "insert firewall family inet filter F term A before term C").warnings).toEqual([
      "ALREADY_PRESENT",
    ]);
    expect(merged(live, "insert firewall family inet filter F term X before term C").warnings).toEqual([
      "NOTHING_TO_CHANGE",
    ]);
  });

  test("puts marks on and takes them away", () => {
    const off = `${live}deactivate protocols bgp group G\n`;
    expect(merged(live, "deactivate protocols bgp group G").lines).toEqual(["+ deactivate protocols bgp group G"]);
    expect(merged(off, "activate protocols bgp group G").lines).toEqual(["- deactivate protocols bgp group G"]);
    expect(merged(live, "deactivate protocols ospf").warnings).toEqual(["NOTHING_TO_CHANGE"]);
    // What is removed takes its mark along.
    expect(merged(off, "delete protocols bgp group G").lines).toEqual([
      "- set protocols bgp group G neighbor 10.0.0.2 peer-as 65002",
      "- deactivate protocols bgp group G",
    ]);
  });

  test("knows every line of the interface that holds the management address", () => {
    expect(merged(live, "set interfaces ge-0/0/1 mtu 9000", junos, "10.0.0.1").touchesManagement).toBe(true);
    expect(merged(live, "set interfaces ge-0/0/0 mtu 9000", junos, "10.0.0.1").touchesManagement).toBe(false);
  });

  test("refuses what is no line of the language", () => {
    expect(() => merged(live, "wildcard delete interfaces ge-*")).toThrow(FarhandError);
    expect(() => merged(live, "rename interfaces ge-0/0/0 to ge-0/0/9")).toThrow(FarhandError);
    expect(() => merged("set / a b\n", "sset / a c", srl)).toThrow(FarhandError);
  });
});

describe("secrets", () => {
  const live = `system {
    root-authentication {
        encrypted-password "$6$abc$def"; ## SECRET-DATA
        strange-thing "hush hush"; ## SECRET-DATA
    }
}
snmp {
    community s3same {
        authorization read-only;
    }
}
`;

  test("are hidden by pattern and by the device's own mark, and keep their place in the tree", () => {
    const shown = publicText(live);
    for (const secret of ["$6$abc", "hush", "s3same", "SECRET-DATA"]) expect(shown).not.toContain(secret);
    expect(publicText(shown)).toBe(shown);
    expect(shown).toMatch(/^set system root-authentication strange-thing ‹secret:\w{16}›$/mv);
  });

  test("are typed in quotes, whether they come from the vault or are kept", () => {
    const tag = /encrypted-password (?<tag>\S+)/v.exec(publicText(live))?.groups?.["tag"] ?? "";
    const text = `set system root-authentication encrypted-password ${tag}\nset protocols ospf area 0 interface ge-0/0/0 authentication simple-password ‹secret("ospf")›\n`;
    expect(merged(live, text).rendered).toEqual([
      'set protocols ospf area 0 interface ge-0/0/0 authentication simple-password "ospf value"',
    ]);
    expect(() => merged(live, `set system login user x authentication encrypted-password ${tag}`)).toThrow(
      FarhandError,
    );
  });

  test("need not be told to be removed, and where they must the agent fills them in", () => {
    const shown = publicText(live);
    expect(commands(shown, shown.replace(/^.*encrypted.*\n/mv, ""))).toEqual([
      "delete system root-authentication encrypted-password",
    ]);
    const without = shown.replace(/^.*snmp.*\n/mv, "set snmp location here\n");
    const before = { raw: normalise(junos, live), publicText: shown };
    const prediction = predict(junos, { device, mode: "replace", replaceBy: "lines", text: without, before, tagger });
    expect(prediction.render(() => undefined)).toEqual(['delete snmp community "s3same"', "set snmp location here"]);
  });
});

describe("remediation", () => {
  test("removes by the shortest path that takes nothing else along, and cleans up what stays behind", () => {
    const before = `set interfaces ge-0/0/1 description x
set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24
set interfaces ge-0/0/2 unit 0
set protocols lldp interface all
`;
    expect(commands(before, "set interfaces ge-0/0/2 unit 0\nset protocols lldp interface all\n")).toEqual([
      "delete interfaces ge-0/0/1",
    ]);
    expect(commands(before, before.replace(" unit 0 family inet address 10.0.0.1/24", " mtu 9000"))).toEqual([
      "delete interfaces ge-0/0/1 unit 0",
      "set interfaces ge-0/0/1 mtu 9000",
    ]);
    expect(commands(before, before.replace("description x", 'description "y z"'))).toEqual([
      'set interfaces ge-0/0/1 description "y z"',
    ]);
  });

  test("puts lists in order with the fewest moves, or builds them anew where the device only appends", () => {
    const terms = (order: string): string =>
      Array.from(order)
        .map((name) => `set policy-options policy-statement P term ${name} then accept\n`)
        .join("");
    expect(commands(terms("ABCD"), terms("DABC"))).toEqual([
      "insert policy-options policy-statement P term D before term A",
    ]);
    expect(commands(terms("ABC"), terms("AXBC"))).toEqual([
      "set policy-options policy-statement P term X then accept",
      "insert policy-options policy-statement P term X after term A",
    ]);
    const chain = (order: string): string =>
      Array.from(order)
        .map((name) => `set protocols bgp group G import ${name}\n`)
        .join("");
    expect(commands(chain("ABC"), chain("ACB"))).toEqual([
      "delete protocols bgp group G import B",
      "delete protocols bgp group G import C",
      "set protocols bgp group G import C",
      "set protocols bgp group G import B",
    ]);
  });

  test("speaks SR Linux too", () => {
    const before =
      "set / interface ethernet-1/1 admin-state enable\nset / interface ethernet-1/1 mtu 9000\nset / system dns server-list [ 1.1.1.1 8.8.8.8 ]\n";
    const after = "set / interface ethernet-1/1 admin-state disable\nset / system dns server-list [ 8.8.8.8 ]\n";
    expect(commands(before, after, srl)).toEqual([
      "delete / interface ethernet-1/1 mtu",
      "delete / system dns server-list 1.1.1.1",
      "set / interface ethernet-1/1 admin-state disable",
    ]);
    expect(merged(before, "set / interface ethernet-1/1 mtu 1500", srl).warnings).toEqual(["SESSION_RESET"]);
  });
});
