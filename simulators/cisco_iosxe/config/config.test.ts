import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateDevice, Profile } from "../../fleet/generate.ts";
import { fileFromShown, shownFromFile } from "./banner.ts";
import { contextualDiff, rollbackCommands } from "./diff.ts";
import { editLine, type EditResult } from "./edit.ts";
import { printConfig } from "./print.ts";
import { clone, parseConfig, sameConfig, type ConfigNode } from "./tree.ts";

const generated = generateDevice({
  index: 3,
  seed: 5,
  profile: Profile.parse({ interfaces: 60 }),
  version: "17.9.4a",
  model: "C8000V",
  username: "netops",
}).config;

function load(text: string): ConfigNode[] {
  return parseConfig(text).nodes;
}

/** Types lines as a user in configuration mode would and gives the last answer. */
function type(root: ConfigNode[], ...lines: string[]): EditResult {
  let path: string[] = [];
  let last: EditResult = { kind: "incomplete" };
  for (const line of lines) {
    last = editLine(root, path, line, { confirmed: true });
    if (last.kind === "ok") path = last.path;
  }
  return last;
}

const BASE =
  "hostname r1\ninterface GigabitEthernet1\n description old\n ip address 10.0.0.1 255.255.255.0\ninterface GigabitEthernet2\n no ip address\n shutdown\nrouter bgp 65001\n neighbor 10.0.0.2 remote-as 65002\nend\n";

test("what it prints reads back as the same configuration, and prints the same again", () => {
  const printed = printConfig(load(generated));
  expect(printConfig(load(printed))).toBe(printed);
  expect(sameConfig(load(printed), load(generated))).toBe(true);
});

describe("a typed line", () => {
  test("replaces the older value of a single-valued setting", () => {
    const root = load(BASE);
    type(root, "interface gi1", "desc new  words", "ip addr 10.0.1.1 255.255.255.0");
    expect(printConfig(root)).toContain(" description new  words\n ip address 10.0.1.1 255.255.255.0\n");
    expect(printConfig(root)).not.toContain("old");
  });

  test("gets a sequence number where IOS gives one", () => {
    const root = load(BASE);
    type(
      root,
      "ip prefix-list PL permit 10.0.0.0/8 le 24",
      "ip prefix-list PL deny 0.0.0.0/0",
      "ip prefix-list PL permit 10.0.0.0/8 le 24",
    );
    expect(printConfig(root)).toContain(
      "ip prefix-list PL seq 5 permit 10.0.0.0/8 le 24\nip prefix-list PL seq 10 deny 0.0.0.0/0\n!",
    );
  });

  test("that the submode does not know is taken by the mode above", () => {
    const root = load(BASE);
    expect(type(root, "interface GigabitEthernet2", "ntp server 10.9.9.9")).toMatchObject({ kind: "ok", path: [] });
    expect(type(root, "interface GigabitEthernet2", "no ntp server 10.9.9.9")).toMatchObject({
      kind: "ok",
      changed: true,
    });
  });

  test("is refused with a caret under the first word that fits nothing", () => {
    expect(type(load(BASE), "ip prefix-lst X permit 1.0.0.0/8")).toEqual({ kind: "invalid", at: 3 });
    expect(type(load(BASE), "interface GigabitEthernet9")).toEqual({ kind: "invalid", at: 25 });
    expect(type(load(BASE), "ip prefix-list X")).toEqual({ kind: "incomplete" });
    expect(type(load(BASE), "lo host 1.2.3.4")).toMatchObject({ kind: "ambiguous" });
  });

  test("is refused by the box where it parses and makes no sense", () => {
    expect(type(load(BASE), "interface gi2", "ip address 10.0.0.9 255.0.255.0")).toEqual({
      kind: "refused",
      message: "Bad mask 0xFF00FF00 for address 10.0.0.9",
    });
    expect(type(load(BASE), "interface gi2", "ip address 10.0.0.9 255.255.255.0")).toEqual({
      kind: "refused",
      message: "% 10.0.0.0 overlaps with GigabitEthernet1",
    });
    expect(type(load(BASE), "router bgp 65001", "neighbor 9.9.9.9 activate")).toEqual({
      kind: "refused",
      message: "% Specify remote-as or peer-group commands first",
    });
    expect(type(load(BASE), "no interface gi1")).toEqual({
      kind: "refused",
      message: "% Removal of physical interfaces is not permitted",
    });
  });

  test("`no` takes a setting away whatever its value, and is silent where there is none", () => {
    const root = load(BASE);
    expect(type(root, "interface gi1", "no description", "no description")).toMatchObject({
      kind: "ok",
      changed: false,
    });
    type(root, "interface gi1", "no ip address", "interface gi2", "no shutdown");
    expect(printConfig(root)).toContain(
      "interface GigabitEthernet1\n no ip address\n!\ninterface GigabitEthernet2\n no ip address\n!",
    );
  });

  test("a neighbour without its remote-as is gone altogether", () => {
    const root = load(BASE);
    type(
      root,
      "router bgp 65001",
      "neighbor 10.0.0.2 description x",
      "address-family ipv4",
      "neighbor 10.0.0.2 activate",
    );
    type(root, "router bgp 65001", "no neighbor 10.0.0.2 remote-as 65002");
    expect(printConfig(root)).not.toContain("neighbor");
  });

  test("a secret reads back encrypted and never in plain", () => {
    const root = load("service password-encryption\nend\n");
    type(root, "username bob privilege 15 secret hunter2", "enable secret hunter2", "line vty 0 4", "password hunter2");
    expect(printConfig(root)).not.toContain("hunter2");
    expect(printConfig(root)).toMatch(/^username bob privilege 15 secret 9 \$9\$/m);
    expect(printConfig(root)).toMatch(/^ password 7 \d\d[0-9A-F]+$/m);
  });
});

test("a banner typed with the picture of its delimiter grows a C, as on a real box", () => {
  const root = load("hostname r1\nend\n");
  editLine(root, [], "banner motd ^C", { body: ["hello", "^C"] });
  expect(printConfig(root)).toContain("banner motd ^CC\nhello\n^C\n");
});

test("a file that the box wrote keeps its banner, an uploaded text does not", () => {
  const shown = "hostname r1\nbanner motd ^C\nhello # there\n^C\nend";
  expect(shownFromFile(fileFromShown(shown))).toBe(shown);
  expect(shownFromFile(shown)).toContain("banner motd ^CC\nhello");
});

test("the contextual diff says in which section a line changed", () => {
  const after = load(BASE);
  type(after, "interface gi1", "description new", "ip prefix-list PL permit 10.0.0.0/8");
  expect(contextualDiff(load(BASE), after)).toBe(
    "!Contextual Config Diffs:\ninterface GigabitEthernet1\n +description new\n+ip prefix-list PL seq 5 permit 10.0.0.0/8\ninterface GigabitEthernet1\n -description old\n\n",
  );
  expect(contextualDiff(after, after)).toContain("!No changes were found");
});

const someEdits = fc.array(
  fc.constantFrom(
    ["interface Loopback9", "ip address 9.9.9.9 255.255.255.255"],
    ["no interface Loopback0"],
    ["interface gi0/0/1", "description changed"],
    ["interface gi0/0/1", "no ip address"],
    ["interface gi0/0/2", "shutdown"],
    ["interface gi0/0/3", "no shutdown", "mop enabled"],
    ["ip prefix-list PL-IN seq 7 deny 10.7.0.0/16"],
    ["no ip prefix-list PL-IN"],
    ["no ip prefix-list PL-IN seq 5"],
    ["ntp server 1.1.1.1"],
    ["no ntp server 10.255.0.20"],
    ["hostname other"],
    ["router bgp 64515", "neighbor 5.5.5.5 remote-as 5"],
    ["no router bgp 64515"],
    ["no banner motd"],
    ["no archive"],
    ["router bgp 64515", "address-family ipv4", "network 10.0.0.0 mask 255.0.0.0"],
    ["snmp-server location Elsewhere"],
    ["ip http server"],
    ["ip domain lookup"],
    ["username eve secret pw"],
    ["ip access-list standard SNMP-RO", "no 10", "permit host 1.2.3.4"],
    ["vrf definition NEW", "rd 1:1", "address-family ipv4"],
    ["line vty 0 15", "exec-timeout 5 0"],
  ),
  { minLength: 1, maxLength: 10 },
);

test("the rollback commands bring any edit back to exactly what was there", () => {
  fc.assert(
    fc.property(someEdits, (edits) => {
      const before = load(generated);
      const after = clone(before);
      for (const lines of edits) type(after, ...lines);
      const now = clone(after);
      for (let pass = 0; pass < 5 && !sameConfig(now, before); pass += 1) {
        for (const { path, line, body } of rollbackCommands(now, before)) {
          const toBytes = (text: string) => (body ? text.replaceAll("^C", "\x03") : text);
          editLine(now, path, toBytes(line), { confirmed: true, ...(body ? { body: body.map(toBytes) } : {}) });
        }
      }
      expect(printConfig(now)).toBe(printConfig(before));
    }),
    { numRuns: 300 },
  );
});
