import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import { PlatformId } from "../../shared/ids.ts";
import { type Credential, type SnmpValue, snmpSecurity } from "../../shared/secret.ts";
import type { ReadDriver, ReadRow, ReadSession } from "../../drivers/read.ts";
import { readDriverFor } from "../../drivers/registry.ts";
import type { OpenOptions } from "../../drivers/types.ts";

export const SNMP = PlatformId.parse("snmp_generic");

export function snmpDriverOf(): ReadDriver {
  const driver = readDriverFor(SNMP);
  if (!driver) throw new Error("no driver");
  return driver;
}

export const credentialOf = (username: string, value: SnmpValue): Credential => ({
  username,
  snmp: snmpSecurity(value),
});

export interface Opened {
  readonly session: ReadSession;
  /** What the transcript holds. */
  readonly said: string[];
}

export async function openSnmp(
  port: number,
  credential: Credential,
  more: Partial<OpenOptions> & { readonly clock?: Clock } = {},
): Promise<Opened> {
  const said: string[] = [];
  const session = await snmpDriverOf().open({
    target: {
      id: "device-1" as Device["id"],
      site: "site-1" as Device["site"],
      platform: SNMP,
      address: "127.0.0.1",
      port,
      hostKeys: [],
      algorithms: "modern",
      credential: "snmp" as Device["credential"],
      serial: null,
      tags: {},
    },
    credential,
    clock: systemClock,
    signal: new AbortController().signal,
    connectMs: 35_000,
    commandMs: 120_000,
    transcript: { write: (direction, text) => void said.push(`${direction}: ${text}`) },
    tagger: { keyGeneration: 1, tag: () => "aaaaaaaaaaaaaaaa" },
    secrets: [],
    ...more,
  });
  return { session, said };
}

export async function rowsOf(session: ReadSession, name: string): Promise<ReadRow[]> {
  const rows: ReadRow[] = [];
  await session.read(name, {
    rowsMax: 10_000,
    bytesMax: 4_000_000,
    sink: async (some) => void rows.push(...some),
  });
  return rows;
}
