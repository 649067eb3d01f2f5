import { parseCanonical } from "../../../shared/bytes.ts";
import type { BundleFile } from "../../../shared/bundle/read.ts";
import type { BundleIndex } from "../../../shared/documents/bundle.ts";
import { Grant } from "../../../shared/documents/grant.ts";
import { Manifest } from "../../../shared/documents/manifest.ts";
import { Warrant } from "../../../shared/documents/warrant.ts";
import { parseEnvelope, peekPayload } from "../../../shared/envelope.ts";
import type { Digest } from "../../../shared/ids.ts";
import { escapeLine } from "../terminal/escape.ts";
import { utc } from "../terminal/time.ts";

/** One piece of work, as its own signed bytes tell it. Who signed them is the agent's to check, and a review's. */
export interface WorkLine {
  readonly authority: string;
  readonly author: string;
  readonly title: string;
  readonly signatures: number;
  readonly devices: readonly string[];
}

export interface Described {
  readonly lines: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
}

/** In people's words. Everything in it came from outside and is escaped. */
export async function describe(file: BundleFile, index: BundleIndex): Promise<Described> {
  const kinds = new Map<string, { count: number; bytes: number }>();
  for (const { kind, bytes } of index.entries) {
    const held = kinds.get(kind) ?? { count: 0, bytes: 0 };
    kinds.set(kind, { count: held.count + 1, bytes: held.bytes + bytes });
  }
  const to = `${index.direction === "out" ? "from" : "to"} ${index.agent} at ${index.site}`;
  const isBrought = index.direction === "breakglass";
  const lines = [
    isBrought
      ? `BREAK-GLASS bundle ${to} (${index.org}), brought by ${index.oncall}`
      : `bundle number ${index.number} ${to} (${index.org})`,
    `made ${utc(index.iat * 1000)}, good until ${utc(index.exp * 1000)}`,
    ...(isBrought ? [] : [`acknowledges ${index.seen ? `number ${index.seen.number}` : "nothing yet"}`]),
    ...[...kinds].map(([kind, { count, bytes }]) => `${kind.padEnd(12)} ${count}, ${bytes} bytes`),
  ];
  const work: WorkLine[] = [];
  const tell = async (line: Brought, name: string): Promise<void> => {
    const told = await workLine(file, index, line);
    work.push(told);
    const signatures = `${told.signatures} signature${told.signatures === 1 ? "" : "s"}`;
    lines.push(
      `${name}: ${escapeLine(told.title)}`,
      `  ${told.authority} by ${escapeLine(told.author)}, ${signatures}; ${told.devices.map(escapeLine).join(", ")}`,
    );
  };
  const { direction, org, site, agent, iat, exp } = index;
  const value = { direction, org, site, agent, iat, exp, entries: Object.fromEntries(kinds), work };
  switch (index.direction) {
    case "in":
      for (const line of index.work) await tell(line, `work ${line.sequence}`);
      break;
    case "breakglass":
      await tell(index.work, "work");
      return { lines, value: { ...value, oncall: index.oncall } };
    case "out":
      for (const { lane, first, last } of index.lanes) lines.push(`evidence     ${lane} ${first} to ${last}`);
      break;
    default:
      index satisfies never;
  }
  return { lines, value: { ...value, number: index.number, seen: index.seen } };
}

const DEVICES_SHOWN = 20;

type Brought = Extract<BundleIndex, { direction: "breakglass" }>["work"];

async function workLine(file: BundleFile, index: BundleIndex, line: Brought): Promise<WorkLine> {
  const body = (digest: Digest) => file.body(index.entries.findIndex((entry) => entry.sha256 === digest));
  const envelope = parseEnvelope(await body(line.envelope));
  const payload = peekPayload(envelope);
  const warrant = Warrant.safeParse(payload);
  const grant = Grant.safeParse(payload);
  const manifest = Manifest.safeParse(parseCanonical(await body(line.manifest)));
  const devices = manifest.success
    ? manifest.data.tasks.map((task) => `${task.kind} ${task.device}`)
    : ["not readable"];
  const shown =
    devices.length > DEVICES_SHOWN
      ? [...devices.slice(0, DEVICES_SHOWN), `and ${devices.length - DEVICES_SHOWN} more`]
      : devices;
  const { kind } = line.authority;
  const signatures = envelope.signatures.length;
  if (warrant.success)
    return { authority: kind, author: warrant.data.author, title: warrant.data.title, signatures, devices: shown };
  if (grant.success)
    return {
      authority: kind,
      author: grant.data.author,
      title: `reads under grant ${grant.data.id}`,
      signatures,
      devices: shown,
    };
  return { authority: kind, author: "-", title: "not readable", signatures, devices: shown };
}
