import { readQuote } from "../documents/checkpoint.ts";
import { fromBase64url, sha256, utf8, type Bytes } from "../bytes.ts";
import { envelopeBytes, type Envelope } from "../envelope.ts";
import { errorCode, FarhandError } from "../errors.ts";
import type { Digest, KeyId } from "../ids.ts";
import { openAgents, openNewerKeys, openPinnedKeys, type TrustStore } from "../trust.ts";
import { TrustHistory } from "../tuf/history.ts";
import type { AgentEntry } from "../documents/agents.ts";
import { ENTRY_START, ExportLine, LINE_BYTES_MAX } from "./export.ts";
import { LogCheck, type LogFault, type Vouched } from "./log-check.ts";
import { openCheckpoint } from "./proofs.ts";
import { chainFaults, linkOf, openReceipt, type ChainLink } from "./receipts.ts";

export interface Line {
  readonly bytes: Uint8Array;
  readonly number: number;
}

export interface VerifyOptions {
  /** What this person trusts; without it the export's own first root and keys.json are taken, and that proves nothing of who made it. */
  readonly anchor: { readonly keys: TrustStore; readonly root: Bytes } | undefined;
  /** What an agent told about its last checkpoint. */
  readonly witnessed: readonly Vouched[];
}

export interface Verdict {
  readonly entries: number;
  readonly root: Digest;
  readonly checkpoints: number;
  readonly receipts: number;
  readonly anchored: boolean;
  /** How far each agent's receipts vouch for the log. */
  readonly witnesses: readonly { readonly agent: string; readonly size: number }[];
  /** The first bad entry, and why. */
  readonly fault: LogFault | null;
  /** What else does not hold: signatures and receipts. */
  readonly others: readonly string[];
}

/** Checks an export from its own lines and one trusted keys.json. Reads them twice and holds only what others vouch for. */
export async function verifyExport(lines: () => AsyncIterable<Line>, options: VerifyOptions): Promise<Verdict> {
  const others: string[] = [];
  const evidence = await evidenceOf(lines(), options, others);
  const { vouched, checkpoints, receipts, announced } = evidence;
  const check = new LogCheck([...options.witnessed, ...vouched]);
  for await (const { bytes, number } of lines()) if (isEntry(bytes)) check.add(bytes, number);
  let fault = check.end() ?? null;
  if (!fault && announced !== undefined && announced !== check.size) {
    const detail = `the export says ${announced} entries and holds ${check.size}`;
    fault = { kind: "truncated", entry: Math.min(check.size, announced), line: null, detail };
  }
  const seen = new Map<string, number>();
  for (const { agent, size } of evidence.quotes) seen.set(agent, Math.max(size, seen.get(agent) ?? 0));
  return {
    entries: check.size,
    root: check.root,
    checkpoints,
    receipts,
    anchored: options.anchor !== undefined,
    witnesses: [...seen].map(([agent, size]) => ({ agent, size })),
    fault,
    others,
  };
}

const isEntry = (bytes: Uint8Array): boolean =>
  new TextDecoder().decode(bytes.subarray(0, ENTRY_START.length)) === ENTRY_START;

interface Evidence {
  readonly vouched: Vouched[];
  readonly quotes: { readonly agent: string; readonly size: number }[];
  checkpoints: number;
  receipts: number;
  announced: number | undefined;
}

async function evidenceOf(lines: AsyncIterable<Line>, options: VerifyOptions, others: string[]): Promise<Evidence> {
  const evidence: Evidence = { vouched: [], quotes: [], checkpoints: 0, receipts: 0, announced: undefined };
  const trust = new ExportTrust(options.anchor);
  const links: ChainLink[] = [];
  for await (const { bytes, number } of lines) {
    if (isEntry(bytes)) continue;
    const line = parse(bytes);
    if (evidence.announced === undefined) {
      if (line?.type !== "audit-export")
        throw new FarhandError("AUDIT_CHAIN", "this file is no export of an audit log");
      evidence.announced = line.size;
      continue;
    }
    try {
      if (!line) throw new FarhandError("SCHEMA", "not a line of an export");
      await take(line, { trust, evidence, links });
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      others.push(
        `line ${number}: ${line?.type ?? "line"}: ${errorCode(error)}${error.detail ? ` (${error.detail})` : ""}`,
      );
    }
  }
  if (evidence.announced === undefined) throw new FarhandError("AUDIT_CHAIN", "this file is empty");
  others.push(...chainFaults(links, { whole: true }));
  if (options.anchor && !trust.holdsAnchor)
    others.push("the export's keys.json do not lead from the one that you trust");
  return evidence;
}

async function take(
  line: ExportLine,
  { trust, evidence, links }: { trust: ExportTrust; evidence: Evidence; links: ChainLink[] },
): Promise<void> {
  switch (line.type) {
    case "audit-export":
      throw new FarhandError("SCHEMA", "a second header");
    case "audit-metadata":
      trust.takeMetadata(line.role, utf8(line.text));
      break;
    case "audit-trust":
      await trust.take(line.document, line.envelope);
      break;
    case "audit-checkpoint": {
      const { size, root } = await trust.checkpoint(line.envelope);
      evidence.checkpoints++;
      evidence.vouched.push({ size, root, by: "a checkpoint that the hub signed" });
      break;
    }
    case "audit-receipt": {
      const opened = await openReceipt(line.kind, line.envelope, trust.agents);
      evidence.receipts++;
      links.push(linkOf(opened));
      const { agent, checkpoint, index } = opened.document;
      if (checkpoint === null) break;
      const quote = readQuote(checkpoint);
      if (!quote) throw new FarhandError("SCHEMA", "it quotes no checkpoint");
      evidence.quotes.push({ agent, size: quote.size });
      evidence.vouched.push({ ...quote, by: `agent ${agent} in its receipt ${index}` });
      break;
    }
    default:
      line satisfies never;
  }
}

function parse(bytes: Uint8Array): ExportLine | undefined {
  if (bytes.length > LINE_BYTES_MAX) return undefined;
  try {
    return ExportLine.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))).data;
  } catch {
    return undefined;
  }
}

/** The keys that an export is checked with: every version from the anchor on, each signed under the one before. */
class ExportTrust {
  readonly #anchor: TrustStore | undefined;
  #history: TrustHistory | undefined;
  readonly #stores: TrustStore[] = [];
  readonly agents = new Map<KeyId, Pick<AgentEntry, "id" | "site" | "signKey">>();

  constructor(anchor: VerifyOptions["anchor"]) {
    this.#anchor = anchor?.keys;
    if (!anchor) return;
    this.#history = new TrustHistory(anchor.root);
    this.#stores.push(anchor.keys);
  }

  takeMetadata(role: "root" | "targets", bytes: Bytes): void {
    if (role === "targets") this.#history?.addTargets(bytes);
    else if (this.#history) this.#history.addRoot(bytes);
    else this.#history = new TrustHistory(bytes);
  }

  /** Whether the export holds the very document that is trusted; else the two need not be of one organisation. */
  holdsAnchor = false;

  async take(document: "keys" | "agents", envelope: Envelope): Promise<void> {
    if (document === "keys") return this.#takeKeys(envelope);
    const agents = await this.#firstOf((store) => openAgents(envelope, store));
    for (const { id, site, kid, signKey } of agents.document.agents) this.agents.set(kid, { id, site, signKey });
  }

  async #takeKeys(envelope: Envelope): Promise<void> {
    const digest = sha256(fromBase64url(envelope.payload));
    const last = this.#stores.at(-1);
    if (!last) {
      this.#stores.push(await openPinnedKeys(envelope, digest));
      return;
    }
    if (this.#anchor && !this.holdsAnchor) {
      // Older ones are not proved by the trusted one, so they vouch for nothing.
      this.holdsAnchor = digest === this.#anchor.keys.digest;
      return;
    }
    this.#stores.push(await this.#after(last, envelope, digest));
  }

  /** Signed by a keyadmin of the one before; or, where root has named other keyadmins, by these in a set that they signed. */
  async #after(last: TrustStore, envelope: Envelope, digest: Digest): Promise<TrustStore> {
    try {
      return await openNewerKeys(envelope, last);
    } catch (error) {
      if (!this.#history?.hasNamed(envelopeBytes(envelope))) throw error;
      return openPinnedKeys(envelope, digest);
    }
  }

  checkpoint(envelope: Envelope): Promise<{ size: number; root: Digest }> {
    return this.#firstOf((store) => openCheckpoint(envelope, store));
  }

  /** Newest first: what any version's signers signed was signed. */
  async #firstOf<T>(open: (store: TrustStore) => Promise<T>): Promise<T> {
    let last: unknown = new FarhandError("SIGNATURE_MISSING", "no keys.json stands before it");
    for (const store of this.#stores.toReversed()) {
      try {
        return await open(store);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }
}
