import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
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

test("every file of ours means to Bun's parser what it means to the library's", () => {
  const folder = import.meta.dirname;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
  expect(files.length).toBeGreaterThan(15);
  for (const name of files) {
    const text = readFileSync(join(folder, name), "utf8");
    expect(Bun.YAML.parse(text), name).toStrictEqual(parse(text));
  }
});
