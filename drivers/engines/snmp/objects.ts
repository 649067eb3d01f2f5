import { z } from "zod";
import { Evidence } from "../../../shared/documents/common.ts";
import { readEmbedded } from "../../model/embedded.ts";
import { PlatformId } from "../../../shared/ids.ts";
import type { Cell } from "../../read.ts";
import { type SnmpDatum, textOf } from "./values.ts";

const Oid = z.string().regex(/^[0-2](?:\.(?:0|[1-9][0-9]{0,9})){1,127}$/, "is not an object identifier");

/** How a value is shown. What does not fit its kind is null, never another kind. */
const Column = z.discriminatedUnion("as", [
  z.strictObject({ oid: Oid, as: z.enum(["text", "number", "oid", "ms", "address"]) }),
  /** A value that `names` does not hold is shown as its number. */
  z.strictObject({ oid: Oid, as: z.literal("name"), names: z.record(z.string().regex(/^[0-9]+$/), z.string()) }),
]);
export type Column = z.infer<typeof Column>;

/** What is read of a device over SNMP, as data. */
export const ObjectsFile = z.strictObject({
  id: PlatformId,
  evidence: Evidence,
  facts: z.strictObject({
    description: Oid,
    objectId: Oid,
    hostname: Oid,
    physical: z.strictObject({
      class: Oid,
      chassis: z.int(),
      software: Oid,
      serial: Oid,
      manufacturer: Oid,
      model: Oid,
      rowsMax: z.int().min(1).max(100_000),
    }),
    enterprises: z.record(z.string().regex(/^[0-9]+$/), z.string()),
  }),
  /** Columns that share their index. */
  tables: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.record(z.string().regex(/^[a-z][A-Za-z0-9]*$/), Column)),
});
export type ObjectsFile = z.infer<typeof ObjectsFile>;

/** Throws SCHEMA with the path of the first fault. */
export const readObjects = (text: string): ObjectsFile => readEmbedded(ObjectsFile, text, "objects file");

export function cellOf(column: Column, datum: SnmpDatum | null): Cell {
  if (datum === null) return null;
  switch (column.as) {
    case "text":
      return datum.type === "octets" ? textOf(datum.hex) : null;
    case "address":
      return datum.type === "octets" && datum.hex !== "" ? (datum.hex.match(/../gu)?.join(":") ?? null) : null;
    case "oid":
      return datum.type === "oid" ? datum.value : null;
    case "ms":
      return datum.type === "timeticks" ? datum.ms : null;
    case "number":
      return numberOf(datum);
    case "name": {
      const value = numberOf(datum);
      return value === null ? null : (column.names[String(value)] ?? value);
    }
    default:
      return column satisfies never;
  }
}

function numberOf(datum: SnmpDatum): Cell {
  switch (datum.type) {
    case "integer":
    case "gauge32":
    case "counter32":
    case "counter64":
      return datum.value;
    case "timeticks":
    case "octets":
    case "opaque":
    case "oid":
    case "ip":
    case "null":
    case "noSuchObject":
    case "noSuchInstance":
    case "endOfMibView":
      return null;
    default:
      return datum satisfies never;
  }
}
