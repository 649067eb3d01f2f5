import { describe, expect, it } from "vitest";
import { FarhandError } from "../../shared/errors.ts";
import { loadLanguage } from "./fixtures/platform.ts";
import { remediation } from "./remediation.ts";

const frr = loadLanguage("frr_linux");
const ios = loadLanguage("cisco_iosxe");
const eos = loadLanguage("arista_eos");
const typed = (before: string, after: string, language = ios): string[] =>
  remediation(language, before, after).commands.map(({ text }) => text);
const lines = (before: string, after: string): string[] =>
  remediation(frr, before, after).commands.map(({ text }) => text);

const BGP = `router bgp 65001
 neighbor 10.0.0.2 remote-as 65002
 neighbor 10.0.0.2 password ‹secret:abcdefghijklmnop›
exit
!
`;

describe("a configuration reached by lines", () => {
  it("types nothing where nothing differs", () => {
    expect(lines(BGP, BGP)).toEqual([]);
  });

  it("removes by name what goes, then types what is missing, each in its section", () => {
    const before = `${BGP}ip prefix-list OLD seq 5 permit 10.0.0.0/8\n`;
    const after = `interface eth0\n description up\nexit\n!\n${BGP.replace(" neighbor 10.0.0.2 password ‹secret:abcdefghijklmnop›\n", "")}`;
    expect(lines(before, after)).toEqual([
      "router bgp 65001",
      "no neighbor 10.0.0.2 password",
      "exit",
      "no ip prefix-list OLD seq 5 permit 10.0.0.0/8",
      "interface eth0",
      "description up",
      "exit",
    ]);
  });

  it("types the new value of a setting that holds one, without taking the old away", () => {
    expect(lines(BGP, BGP.replace("remote-as 65002", "remote-as 65009"))).toEqual([
      "router bgp 65001",
      "neighbor 10.0.0.2 remote-as 65009",
      "exit",
    ]);
  });

  it("types again what a removal takes along", () => {
    const group = "router bgp 65001\n neighbor PG peer-group\n neighbor 10.0.0.9 peer-group PG\nexit\n";
    const alone = "router bgp 65001\n neighbor 10.0.0.9 remote-as 65009\nexit\n";
    expect(lines(group, alone)).toContain("no neighbor PG peer-group");
    expect(lines(group, alone)).toContain("neighbor 10.0.0.9 remote-as 65009");
  });

  it("refuses what may not be removed", () => {
    expect(() => lines("no service integrated-vtysh-config\n", "service integrated-vtysh-config\n")).not.toThrow();
    expect(() => lines("service integrated-vtysh-config\n", "hostname r1\n")).toThrow(FarhandError);
  });
});

describe("an ordered list", () => {
  const list = (...lines: string[]): string =>
    `ip access-list extended A\n${lines.map((line) => ` ${line}\n`).join("")}`;

  it("is typed anew from where it differs, in one piece, and the plan says that traffic sees it half-built", () => {
    const [before, after] = [
      list("permit tcp any any", "deny ip any any"),
      list("permit tcp any any", "permit udp any any", "deny ip any any"),
    ];
    expect(typed(before, after)).toEqual([
      "ip access-list extended A",
      "no deny ip any any",
      "permit udp any any",
      "deny ip any any",
      "exit",
    ]);
    expect(remediation(ios, before, after).warnings.map(({ code }) => code)).toEqual(["TRAFFIC_GAP"]);
    expect(
      remediation(ios, before, list("permit tcp any any", "deny ip any any", "permit udp any any")).warnings,
    ).toEqual([]);
  });

  it("whose lines change places is no longer refused", () => {
    expect(typed(list("permit a", "permit b"), list("permit b", "permit a"))).toEqual([
      "ip access-list extended A",
      "no permit a",
      "permit a",
      "exit",
    ]);
  });

  it("of sections keeps what stands in them", () => {
    const map = (...names: string[]): string =>
      `policy-map P\n${names.map((name) => `   class ${name}\n      police 1000\n`).join("")}`;
    expect(typed(map("A", "B"), map("B", "A"), eos)).toEqual([
      "policy-map P",
      "no class A",
      "class A",
      "police 1000",
      "exit",
      "exit",
    ]);
  });

  it("with numbers loses the old entry before the new one takes its number", () => {
    expect(typed(list("10 permit ip any any"), list("10 deny ip any any"))).toEqual([
      "ip access-list extended A",
      "no 10 permit ip any any",
      "10 deny ip any any",
      "exit",
    ]);
  });
});

describe("an address that moves to another interface", () => {
  const on = (one: string, two: string): string =>
    `interface Gi1\n ip address ${one} 255.255.255.0\ninterface Gi2\n ip address ${two} 255.255.255.0\n`;

  it("is removed first where the other interface would meet it", () => {
    expect(typed(on("10.0.1.1", "10.0.2.1"), on("10.0.2.1", "10.0.3.1"))).toEqual([
      "interface Gi2",
      "no ip address 10.0.2.1 255.255.255.0",
      "exit",
      "interface Gi1",
      "ip address 10.0.2.1 255.255.255.0",
      "exit",
      "interface Gi2",
      "ip address 10.0.3.1 255.255.255.0",
      "exit",
    ]);
    expect(typed(on("10.0.1.1", "10.0.2.1"), on("10.0.9.1", "10.0.2.1"))).toEqual([
      "interface Gi1",
      "ip address 10.0.9.1 255.255.255.0",
      "exit",
    ]);
  });
});
