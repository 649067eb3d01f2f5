import type { PlatformId } from "../shared/ids.ts";
import { makeDriver, readPlatform } from "./driver.ts";
import ciscoIosxe from "./platforms/cisco_iosxe.yaml" with { type: "text" };
import frrLinux from "./platforms/frr_linux.yaml" with { type: "text" };
import type { Driver } from "./types.ts";

/** Embedded as text, so that a compiled binary carries its platform files and reads none from where it is started. */
const texts: readonly string[] = [ciscoIosxe, frrLinux];

let drivers: ReadonlyMap<string, Driver> | undefined;

function all(): ReadonlyMap<string, Driver> {
  drivers ??= new Map(texts.map((text) => makeDriver(readPlatform(text))).map((driver) => [driver.platform, driver]));
  return drivers;
}

/** The driver of a platform; undefined is PLATFORM_UNKNOWN at the caller. */
export function driverFor(platform: PlatformId): Driver | undefined {
  return all().get(platform);
}

export function platforms(): readonly Driver[] {
  return [...all().values()];
}
