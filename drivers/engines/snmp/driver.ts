import { jcs, sha256 } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { ReadDriver, ReadOptions, ReadSession } from "../../read.ts";
import type { Facts, OpenOptions } from "../../types.ts";
import { SnmpClient } from "./client.ts";
import { cellOf, type ObjectsFile } from "./objects.ts";
import { findingsOf, securityOf } from "./security.ts";
import type { SnmpDatum } from "./values.ts";
import { textOf } from "./values.ts";
import { walkColumns } from "./walk.ts";

/** Tries at 1, 2 and 4 times the first wait, a little under the time that a connection has: silence is named before the deadline is. */
const RETRIES = 2;
const WAITS = 8;
const OBJECTS = 40;
const BYTES_MAX = 4 * 1024 * 1024;

/** The SNMP engine and its data file. Reads only: no line of it can ask a device to change. */
export function snmpDriver(file: ObjectsFile): ReadDriver {
  return {
    platform: file.id,
    digest: sha256(jcs(file)),
    evidence: file.evidence,
    reads: Object.keys(file.tables),
    open: (options) => open(file, options),
  };
}

/** Proves the login with one get. LOGIN_REFUSED, ALGORITHMS, CREDENTIAL_UNKNOWN, CONNECT_TIMEOUT, CONNECT_REFUSED. */
async function open(file: ObjectsFile, o: OpenOptions): Promise<ReadSession> {
  const { target, credential, clock, signal, connectMs, commandMs, guard = (login) => login() } = o;
  if (o.via !== undefined && o.via.length > 0)
    throw new FarhandError(
      "CONNECT_REFUSED",
      "SNMP is UDP, which no SSH hop forwards: read it from an agent beside it",
    );
  const security = securityOf(credential);
  const findings = findingsOf(security);
  const client = new SnmpClient({
    address: target.address,
    port: target.port,
    username: credential.username,
    security,
    clock,
    signal,
    requestMs: Math.max(1, Math.floor(Math.min(connectMs, commandMs) / WAITS)),
    retries: RETRIES,
  });
  const note = async (text: string): Promise<void> => o.transcript.write("note", text);
  try {
    await note(`SNMP ${security.version} to ${target.address} port ${target.port} as ${credential.username}`);
    for (const { code } of findings) await note(code);
    await guard(() => client.within(connectMs, () => client.get([file.facts.hostname])));
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    findings,
    facts: () => client.within(commandMs, () => readFacts(client, file)),
    read: (name, options) => client.within(commandMs, () => readTable(client, file, name, options, note)),
    close: async () => client.close(),
  };
}

async function readTable(
  client: SnmpClient,
  file: ObjectsFile,
  name: string,
  { rowsMax, bytesMax, sink }: ReadOptions,
  note: (text: string) => Promise<void>,
): Promise<{ readonly rows: number }> {
  const table = Object.hasOwn(file.tables, name) ? file.tables[name] : undefined;
  if (!table) throw new FarhandError("READ_NOT_ALLOWED", `${file.id} has no read of this name`);
  const columns = Object.entries(table);
  const { rows, requests } = await walkColumns(
    client,
    columns.map(([, { oid }]) => oid),
    {
      objects: OBJECTS,
      rowsMax,
      bytesMax,
      sink: (walked) =>
        sink(
          walked.map(({ index, data }) => ({
            index,
            cells: Object.fromEntries(columns.map(([cell, column], at) => [cell, cellOf(column, data[at] ?? null)])),
          })),
        ),
    },
  );
  await note(`read ${name}: ${rows} rows in ${requests} requests`);
  return { rows };
}

const text = (datum: SnmpDatum | null | undefined): string | null =>
  datum?.type === "octets" ? textOf(datum.hex).trim() || null : null;

async function readFacts(client: SnmpClient, { facts }: ObjectsFile): Promise<Facts> {
  const [hostname, objectId] = await client.get([facts.hostname, facts.objectId]);
  const { physical } = facts;
  let chassis: Omit<Facts, "hostname" | "vendor"> & { vendor: string | null } = {
    vendor: null,
    model: null,
    version: null,
    serial: null,
  };
  let isFound = false;
  const columns = [physical.class, physical.software, physical.serial, physical.manufacturer, physical.model];
  await walkColumns(client, columns, {
    objects: OBJECTS,
    rowsMax: physical.rowsMax,
    bytesMax: BYTES_MAX,
    sink: (rows) => {
      for (const { data } of rows) {
        const [kind, software, serial, manufacturer, model] = data;
        if (isFound || kind?.type !== "integer" || kind.value !== physical.chassis) continue;
        isFound = true;
        chassis = { vendor: text(manufacturer), model: text(model), version: text(software), serial: text(serial) };
      }
    },
  });
  const enterprise = objectId?.datum.type === "oid" ? objectId.datum.value.split(".")[6] : undefined;
  const vendor = enterprise === undefined ? undefined : facts.enterprises[enterprise];
  return {
    ...chassis,
    hostname: text(hostname?.datum) ?? "",
    vendor: vendor ?? chassis.vendor ?? (enterprise === undefined ? "unknown" : `enterprise ${enterprise}`),
  };
}
