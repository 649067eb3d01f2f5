import { buildCommand } from "@stricli/core";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { entryBytes } from "../../../shared/audit/entry.ts";
import type { ExportLine } from "../../../shared/audit/export.ts";
import { Checkpoint } from "../../../shared/documents/checkpoint.ts";
import { peekPayload, readAs, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { HubClient } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";

const ENTRIES_AT_ONCE = 1000;
const CHECKPOINTS_AT_ONCE = 500;

export const auditExport = buildCommand<HubFlags, [string], CliContext>({
  docs: docs(
    "Write the whole audit log into one file that verifies without the hub",
    ["farhand audit export audit.ndjson", "farhand audit export /mnt/archive/2026-11.ndjson --json"],
    "The file holds every entry, the hub's signed checkpoints, every receipt of every agent (they quote the checkpoints that the agents\n" +
      "witnessed), and the signed documents that say whose keys are whose. Configurations and secrets are not in it.",
  ),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "File to write", placeholder: "FILE" }] },
  },
  func: command(exportLog),
});

async function exportLog(cli: Cli, flags: HubFlags, file: string) {
  const client = clientOf(cli, flags);
  const path = resolve(cli.cwd, file);
  const part = `${path}.part`;
  let out: number;
  try {
    out = openSync(part, "w", 0o600);
  } catch (error) {
    throw new FarhandError("IO", `${path}: cannot be written`, { cause: error });
  }
  let counts: Counts;
  try {
    counts = await writeLog(client, cli.clock.nowMs(), (line) => {
      const bytes = Buffer.concat([typeof line === "string" ? Buffer.from(line) : line, Buffer.from("\n")]);
      for (let at = 0; at < bytes.length;) at += writeSync(out, bytes, at);
    });
    fsyncSync(out);
  } catch (error) {
    closeSync(out);
    rmSync(part, { force: true });
    throw error;
  }
  closeSync(out);
  renameSync(part, path);
  cli.out.data("audit-export", { file: path, ...counts }, () => {
    const { entries, checkpoints, receipts } = counts;
    return `${path}: ${entries} entries, ${checkpoints} checkpoints, ${receipts} receipts`;
  });
  cli.out.next(`farhand audit verify ${file} --trust trust.json`);
  return undefined;
}

interface Counts {
  readonly entries: number;
  readonly checkpoints: number;
  readonly receipts: number;
}

/** Trust first, because everything after is checked with it; then the log, each checkpoint behind the entries that it covers. */
async function writeLog(client: HubClient, atMs: number, put: (line: Uint8Array | string) => void): Promise<Counts> {
  const write = (line: ExportLine): void => put(JSON.stringify(line));
  const { org, hub } = await client.call("status", {});
  const { size } = await client.call("listAudit", { query: { limit: 1 } });
  write({ type: "audit-export", v: 1, org: org as never, hub, size, atMs });
  const trust = await client.call("auditTrust", {});
  for (const text of trust.roots) write({ type: "audit-metadata", role: "root", text });
  for (const text of trust.targets) write({ type: "audit-metadata", role: "targets", text });
  for (const envelope of trust.keys) write({ type: "audit-trust", document: "keys", envelope });
  for (const envelope of trust.agents) write({ type: "audit-trust", document: "agents", envelope });
  const checkpoints = new Checkpoints(client, size);
  let written = await checkpoints.upTo(0, write);
  for (let at = 0; at < size;) {
    const limit = Math.min(ENTRIES_AT_ONCE, size - at);
    const { entries } = await client.call("auditEntries", { query: { from: at, limit } });
    for (const entry of entries) {
      put(entryBytes(entry));
      written += await checkpoints.upTo(++at, write);
    }
    if (entries.length < limit) throw new FarhandError("AUDIT_CHAIN", `the hub has no entry ${at}`);
  }
  let receipts = 0;
  for (let from: number | null = 0; from !== null;) {
    const page: { receipts: { kind: "receipt" | "plan"; envelope: Envelope }[]; next: number | null } =
      await client.call("auditReceipts", { query: { from } });
    for (const { kind, envelope } of page.receipts) write({ type: "audit-receipt", kind, envelope });
    receipts += page.receipts.length;
    from = page.next;
  }
  return { entries: size, checkpoints: written, receipts };
}

/** The hub's checkpoints in order, fetched as they are needed. */
class Checkpoints {
  readonly #client: HubClient;
  readonly #size: number;
  #waiting: { readonly size: number; readonly envelope: Envelope }[] = [];
  #from = 0;
  #isEnd = false;

  constructor(client: HubClient, size: number) {
    this.#client = client;
    this.#size = size;
  }

  async upTo(size: number, write: (line: ExportLine) => void): Promise<number> {
    let written = 0;
    for (;;) {
      if (this.#waiting.length === 0 && !this.#isEnd) await this.#fetch();
      const next = this.#waiting[0];
      if (!next || next.size > size) return written;
      write({ type: "audit-checkpoint", envelope: next.envelope });
      this.#waiting.shift();
      written++;
    }
  }

  async #fetch(): Promise<void> {
    const query = { from: this.#from, limit: CHECKPOINTS_AT_ONCE };
    const { checkpoints } = await this.#client.call("auditCheckpoints", { query });
    const read = checkpoints.map((envelope) => ({ size: readAs(Checkpoint, peekPayload(envelope)).size, envelope }));
    this.#isEnd = read.length < CHECKPOINTS_AT_ONCE;
    this.#from = read.at(-1)?.size ?? this.#from;
    // One that was signed while this export was being made is of a longer log than it holds.
    this.#waiting = read.filter((checkpoint) => checkpoint.size <= this.#size);
  }
}
