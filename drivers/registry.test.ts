import { describe, expect, test } from "vitest";
import { PlatformId } from "../shared/ids.ts";
import { driverFor, platforms } from "./registry.ts";

const iosxe = PlatformId.parse("cisco_iosxe");

describe("the registry", () => {
  test("knows its platforms by id, each file with a digest of its own", () => {
    const ids = new Set(platforms().map((driver) => driver.platform));
    expect([...ids]).toEqual(expect.arrayContaining(["cisco_iosxe", "frr_linux"]));
    // Carriers of the same commands share a file's digest; NETCONF has a language of its own.
    const spoken = new Set(platforms().map(({ platform, transport }) => `${platform} ${transport === "netconf"}`));
    expect(new Set(platforms().map((driver) => driver.digest)).size).toBe(spoken.size);
    expect(driverFor(PlatformId.parse("nobody_os"))).toBeUndefined();
  });
  test("gives a platform over the transport that is asked for, or the usual one", () => {
    expect(driverFor(iosxe)).toBe(driverFor(iosxe, "cli"));
    expect(driverFor(iosxe)).toMatchObject({ platform: "cisco_iosxe", transport: "cli" });
    expect(driverFor(PlatformId.parse("frr_linux"), "netconf")).toBeUndefined();
  });
});
