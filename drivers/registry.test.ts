import { describe, expect, test } from "vitest";
import { PlatformId } from "../shared/ids.ts";
import { driverFor, platforms } from "./registry.ts";

describe("the registry", () => {
  test("knows its platforms by id, each with a digest of its own", () => {
    expect(
      platforms()
        .map((driver) => driver.platform)
        .toSorted(),
    ).toEqual(["cisco_iosxe", "frr_linux"]);
    expect(new Set(platforms().map((driver) => driver.digest)).size).toBe(2);
    expect(driverFor(PlatformId.parse("frr_linux"))?.platform).toBe("frr_linux");
    expect(driverFor(PlatformId.parse("nobody_os"))).toBeUndefined();
  });
});
