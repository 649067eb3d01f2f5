import { FarhandError } from "../../../shared/errors.ts";
import type { Datastore, Operations, Read } from "./operations.ts";
import type { Reply } from "./client.ts";
import { requireFragment } from "./xml-reader.ts";

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
