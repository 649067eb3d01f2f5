import { FarhandError } from "../../../shared/errors.ts";
import type { PackFile, XmlRead } from "../../model/state/pack.ts";
import { tableOf } from "../../model/state/packs.ts";
import type { Models } from "./models.ts";
import type { Datastore, Operations, Read } from "./operations.ts";
import type { Reply } from "./client.ts";
import { requireFragment } from "../../model/xml/reader.ts";

/**
 * What may be asked of a device by name: `get`, `get-config` of a datastore (running where none is named), each with a subtree filter (RFC 6241
 * §6) behind it. Neither can change anything, whatever the filter says.
 */
const COMMAND = /^(?<operation>get|get-config)(?: (?<source>running|candidate|startup))?(?: (?<filter><.*>))?$/sv;
const FILTER_MAX = 64 * 1024;

interface ReadCommand {
  readonly operation: "get" | "get-config";
  readonly source: Datastore;
  readonly filter: string | undefined;
}

export function parseRead(command: string): ReadCommand | undefined {
  const { operation, source, filter } = COMMAND.exec(command)?.groups ?? {};
  if (operation === undefined || (operation === "get" && source !== undefined)) return undefined;
  if (filter !== undefined && (filter.length > FILTER_MAX || !isFragment(filter))) return undefined;
  return {
    operation: operation === "get" ? "get" : "get-config",
    source: source === "candidate" || source === "startup" ? source : "running",
    filter,
  };
}

/** A table of the platform's pack (`table interfaces`), or undefined. */
export function tableRead(pack: PackFile | undefined, command: string): readonly XmlRead[] | undefined {
  return pack && tableOf(pack, command)?.[1].xml;
}

/**
 * Asks for a table in the first way that the device offers. NETCONF_CAPABILITY where it has the models of none of them: an answer to what a device
 * does not have is empty, which looks as if there were nothing.
 */
export async function askTable(
  operations: Operations,
  models: Models,
  command: string,
  reads: readonly XmlRead[],
  options: Omit<Read, "filter">,
): Promise<Reply> {
  const read = await firstOffered(models, reads);
  if (!read) {
    const needed = reads.map(({ offers }) => offers.join(" and ")).join(", or ");
    throw new FarhandError("NETCONF_CAPABILITY", `${command}: the hello does not have ${needed}`);
  }
  const { filter, operation = "" } = read;
  return filter === undefined
    ? await operations.vendor(command, operation, { ...options, mayBeEmpty: true })
    : await operations.get({ ...options, filter: { kind: "subtree", elements: filter } });
}

async function firstOffered(models: Models, reads: readonly XmlRead[]): Promise<XmlRead | undefined> {
  for (const read of reads) if (await models.has(read.offers)) return read;
  return undefined;
}

/** READ_NOT_ALLOWED for what is not a read; nothing is sent then. */
export function askRead(operations: Operations, command: string, options: Omit<Read, "filter">): Promise<Reply> {
  const read = parseRead(command);
  if (!read) throw new FarhandError("READ_NOT_ALLOWED", command.slice(0, 200));
  const filter = read.filter === undefined ? {} : { filter: { kind: "subtree", elements: read.filter } as const };
  return read.operation === "get"
    ? operations.get({ ...options, ...filter })
    : operations.getConfig(read.source, { ...options, ...filter });
}

function isFragment(text: string): boolean {
  try {
    requireFragment(text, "filter");
    return true;
  } catch {
    return false;
  }
}
