/** What the agent shows: the system group (RFC 3418), ifTable and ifXTable (RFC 2863), entPhysicalTable (RFC 6933). */
import type { Clock } from "../../shared/clock.ts";
import { encode, encodeInteger, encodeOid } from "./ber.ts";

export interface SnmpDevice {
  readonly name: string;
  readonly description: string;
  /** sysObjectID, in the vendor's enterprise. */
  readonly objectId: string;
  readonly model: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly software: string;
  /** How many interfaces, each with counters that run. */
  readonly interfaces: number;
}

export const DEVICE: SnmpDevice = {
  name: "sw1.lab.example.net",
  description: "Simulated switch, software 1.2.3",
  objectId: "1.3.6.1.4.1.9.1.2066",
  model: "C9300-24T",
  serial: "FCW2133L0AB",
  manufacturer: "Cisco Systems, Inc.",
  software: "17.9.4a",
  interfaces: 4,
};

/** The BER of a value at this moment. */
export type Value = () => Buffer;

export interface MibEntry {
  readonly arcs: readonly number[];
  readonly oid: string;
  readonly value: Value;
}

const integer =
  (value: number): Value =>
  () =>
    encodeInteger(value);
const gauge =
  (value: number): Value =>
  () =>
    encodeInteger(value, 0x42);
const octets =
  (value: string | Uint8Array): Value =>
  () =>
    encode(0x04, Buffer.from(value));
const oid =
  (value: string): Value =>
  () =>
    encodeOid(value);

/** Octets per second on each interface; over 2^32 within the first minute on the first, so that the narrow counter wraps. */
const rateOf = (index: number): bigint => BigInt(Math.round(125_000_000 / index));

export function mibOf(device: SnmpDevice, clock: Clock): MibEntry[] {
  const bornMs = clock.monotonicMs();
  const upMs = (): number => clock.monotonicMs() - bornMs;
  const ticks = (): Buffer => encodeInteger(BigInt(Math.floor(upMs() / 10)) % 2n ** 32n, 0x43);
  const counted = (index: number): bigint =>
    (rateOf(index) * BigInt(Math.floor(upMs()))) / 1000n + BigInt(index) * 2n ** 33n;
  const counter32 =
    (index: number): Value =>
    () =>
      encodeInteger(counted(index) % 2n ** 32n, 0x41);
  const counter64 =
    (index: number): Value =>
    () =>
      encodeInteger(counted(index) % 2n ** 64n, 0x46);
  const found: [string, Value][] = [
    ["1.3.6.1.2.1.1.1.0", octets(device.description)],
    ["1.3.6.1.2.1.1.2.0", oid(device.objectId)],
    ["1.3.6.1.2.1.1.3.0", ticks],
    ["1.3.6.1.2.1.1.4.0", octets("noc@lab.example.net")],
    ["1.3.6.1.2.1.1.5.0", octets(device.name)],
    ["1.3.6.1.2.1.1.6.0", octets("Zürich, rack 4")],
    ["1.3.6.1.2.1.1.7.0", integer(78)],
    ["1.3.6.1.2.1.2.1.0", integer(device.interfaces)],
  ];
  const row = (table: string, index: number, columns: Record<number, Value>): void => {
    for (const [column, value] of Object.entries(columns)) found.push([`${table}.1.${column}.${index}`, value]);
  };
  for (let index = 1; index <= device.interfaces; index += 1) {
    const isUp = index % 3 !== 0;
    row("1.3.6.1.2.1.2.2", index, {
      1: integer(index),
      2: octets(`GigabitEthernet1/0/${index}`),
      3: integer(6),
      4: integer(1500),
      5: gauge(1_000_000_000),
      6: octets(Buffer.from([0x02, 0, 0x5e, 0, index >> 8, index & 0xff])),
      7: integer(1),
      8: integer(isUp ? 1 : 2),
      9: () => encodeInteger(0, 0x43),
      10: counter32(index),
      13: () => encodeInteger(0, 0x41),
      14: () => encodeInteger(index, 0x41),
      16: counter32(index + 1),
      19: () => encodeInteger(0, 0x41),
      20: () => encodeInteger(0, 0x41),
    });
    row("1.3.6.1.2.1.31.1.1", index, {
      1: octets(`Gi1/0/${index}`),
      6: counter64(index),
      10: counter64(index + 1),
      15: gauge(1000),
      18: octets(index === 1 ? "to the core" : ""),
    });
  }
  row("1.3.6.1.2.1.47.1.1.1", 1, physical(device, 3, 0, "Chassis 1", device.serial));
  row("1.3.6.1.2.1.47.1.1.1", 2, physical(device, 6, 1, "Power supply 1", "PSU-0001"));
  return found
    .map(([name, value]) => ({ oid: name, arcs: arcsOf(name), value }))
    .toSorted((a, b) => compareArcs(a.arcs, b.arcs));
}

function physical(
  device: SnmpDevice,
  kind: number,
  parent: number,
  name: string,
  serial: string,
): Record<number, Value> {
  return {
    2: octets(`${device.model} ${name}`),
    3: oid("0.0"),
    4: integer(parent),
    5: integer(kind),
    6: integer(parent === 0 ? -1 : 1),
    7: octets(name),
    8: octets("V02"),
    9: octets(""),
    10: octets(kind === 3 ? device.software : ""),
    11: octets(serial),
    12: octets(device.manufacturer),
    13: octets(kind === 3 ? device.model : "PWR-C1-350WAC"),
    16: integer(1),
  };
}

export const arcsOf = (name: string): number[] => name.split(".").map(Number);

export function compareArcs(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
