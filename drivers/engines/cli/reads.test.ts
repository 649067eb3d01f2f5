import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readPlatform } from "../../model/platform-files.ts";
import { readChecker } from "./reads.ts";

const checker = (name: string) =>
  readChecker(readPlatform(readFileSync(new URL(`../../platforms/${name}.yaml`, import.meta.url), "utf8")));
const ios = checker("cisco_iosxe");
const frr = checker("frr_linux");

describe("reads", () => {
  test.each([
    "show version",
    "SHOW  VERSION",
    "show running-config | include ^interface",
    "show ip route 10.0.0.0",
    "show ip bgp neighbors 10.0.0.2 routes",
    "show run | section bgp".replace("run", "running-config"),
    "show logging | exclude x | count y",
  ])("%s is one", (command) => expect(ios(command)).toBe(true));
  test.each([
    "",
    "reload",
    "show version; reload",
    "xshow version",
    "show versions",
    "show version\nreload",
    "show version\rreload",
    "show running-config | redirect flash:x",
    "show running-config | tee flash:x",
    "show running-config | append flash:x",
    "show running-config > x",
    "show running-config | include a | redirect x",
    "show running-config | include a > x",
    "show running-config || reload",
    "copy running-config tftp:",
    "show version ?",
    "show version `reload`",
    "show tech-support | email x",
    "dir x; reload",
    "show version |",
  ])("T35: %j is none", (command) => expect(ios(command)).toBe(false));
  test("FRR", () => {
    expect(
      [
        "show bgp summary",
        "show bgp ipv4 unicast summary json",
        "show ip route 10.0.0.0/8 json",
        "show running-config no-header",
      ].map(frr),
    ).toEqual([true, true, true, true]);
    expect(
      [
        "write memory",
        "show running-config | tee x",
        "start-shell bash",
        "clear bgp *",
        "show bgp summary; id",
        "terminal paginate",
      ].some(frr),
    ).toBe(false);
  });
});
