import { describe, expect, it } from "vitest";
import { FarhandError } from "../../shared/errors.ts";
import { loadLanguage } from "./fixtures/platform.ts";
import { remediation } from "./remediation.ts";

const frr = loadLanguage("frr_linux");
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
