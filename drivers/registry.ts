import type { TransportName } from "../shared/documents/inventory.ts";
import type { PlatformId } from "../shared/ids.ts";
import { makeDrivers } from "./driver.ts";
import { snmpDriver } from "./engines/snmp/driver.ts";
import { readObjects } from "./engines/snmp/objects.ts";
import snmpGeneric from "./engines/snmp/snmp_generic.yaml" with { type: "text" };
import { makeHostDriver } from "./host-platform.ts";
import { readHostPlatform, readNetconfPlatform, readPlatform } from "./model/platform-files.ts";
import { makeNetconfDriver } from "./netconf-platform.ts";
import { hostTexts, lineTexts, netconfTexts } from "./model/platform-texts.ts";
import { readOnlyDriver } from "./read-only.ts";
import type { ReadDriver } from "./read.ts";
import type { Driver } from "./types.ts";

let drivers: ReadonlyMap<string, readonly Driver[]> | undefined;

function all(): ReadonlyMap<string, readonly Driver[]> {
  drivers ??= new Map([
    ...lineTexts.map((text) => {
      const file = readPlatform(text);
      return [file.id, makeDrivers(file)] as const;
    }),
    ...netconfTexts.map((text) => {
      const file = readNetconfPlatform(text);
      return [file.id, [makeNetconfDriver(file)]] as const;
    }),
    ...hostTexts.map((text) => {
      const file = readHostPlatform(text);
      return [file.id, [makeHostDriver(file)]] as const;
    }),
    ...[...allReads().values()].map((reads) => [reads.platform, [readOnlyDriver(reads, "snmp")]] as const),
  ]);
  return drivers;
}

/** The driver of a platform over a transport; without one, over the first that it has. */
export function driverFor(platform: PlatformId, transport?: TransportName): Driver | undefined {
  const made = all().get(platform);
  return transport === undefined ? made?.[0] : made?.find((driver) => driver.transport === transport);
}

/** Every platform, over every transport. */
export function platforms(): readonly Driver[] {
  return [...all().values()].flat();
}

const objectTexts: readonly string[] = [snmpGeneric];
let readDrivers: ReadonlyMap<string, ReadDriver> | undefined;

function allReads(): ReadonlyMap<string, ReadDriver> {
  readDrivers ??= new Map(
    objectTexts.map((text) => snmpDriver(readObjects(text))).map((driver) => [driver.platform, driver]),
  );
  return readDrivers;
}

/** What can only be read of a device, as rows; `driverFor` gives the same through the seam that jobs take. */
export function readDriverFor(platform: PlatformId): ReadDriver | undefined {
  return allReads().get(platform);
}
