/** What an auditor is handed years later: an export of the log, receipts, proofs that an entry stands in it. */
import { entryHash, readEntry, type AuditEntry } from "../../../../shared/audit/entry.ts";
import { consistencyRanges, Frontier, inclusionRanges, type LeafRange } from "../../../../shared/audit/merkle.ts";
import {
  continues,
  InclusionProof,
  openCheckpoint,
  ProofHashes,
  requireIncluded,
} from "../../../../shared/audit/proofs.ts";
import { openReceipt } from "../../../../shared/audit/receipts.ts";
import { verifyExport } from "../../../../shared/audit/verify-export.ts";
import { jcs, utf8 } from "../../../../shared/bytes.ts";
import { envelopeBytes, parseEnvelope, readAs } from "../../../../shared/envelope.ts";
import { FarhandError } from "../../../../shared/errors.ts";
import {
  asLines,
  exportLines,
  makeCheckpoint,
  makeEntries,
  makeExport,
  makeReceipts,
  stateOf,
} from "../../../../shared/testing/audit.ts";
import { agentOf, id } from "../../../../shared/testing/org.ts";
import type { SeededRandom } from "../../../simulation/random.ts";
import { mutateBytes, spoilPart } from "../mutate-bytes.ts";
import { anyEnvelope } from "../mutate-envelope.ts";
import { anyJson, mutateJson } from "../mutate-json.ts";
import { meaning, part, text, type Target } from "../target.ts";
import { theOrg } from "./documents.ts";

/** One line spoilt, gone, doubled or moved; or any bytes. */
function anyLines(valid: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (random.chance(0.2)) return mutateBytes(valid, others, random);
  const lines = text(valid).split("\n");
  const at = random.integer(0, lines.length - 1);
  const line = lines[at] ?? "";
  switch (random.integer(0, 4)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, line);
      break;
    case 2:
      lines.splice(at, 1);
      lines.splice(random.integer(0, lines.length), 0, line);
      break;
    case 3:
      lines.length = at;
      break;
    default:
      lines[at] = text(mutateJson(utf8(line), [utf8(random.pick(lines))], random));
  }
  return utf8(lines.join("\n"));
}

const log: Target = {
  name: "audit-export",
  async prepare() {
    const org = await theOrg();
    const entries = makeEntries(30);
    const made = await makeExport(org, entries);
    const anchor = { keys: org.trust, root: org.view.set.root };
    const witnessed = [{ ...stateOf(entries, 30), by: "an agent" }];
    return {
      samples: [[utf8(exportLines(org, made).join("\n"))]],
      mutate: (samples, random) => spoilPart(samples, random, anyLines),
      async take(input) {
        const lines = text(part(input)).split("\n");
        const verdict = await verifyExport(() => asLines(lines), { anchor, witnessed });
        if (verdict.fault) throw new FarhandError("AUDIT_CHAIN", verdict.fault.detail);
        if (verdict.others.length > 0) throw new FarhandError("RECEIPT_CHAIN", verdict.others[0]);
        return meaning(verdict.root, String(verdict.entries));
      },
    };
  },
};

const receipts: Target = {
  name: "audit-receipt",
  async prepare() {
    const org = await theOrg();
    const entries = makeEntries(3);
    const made = await makeReceipts(org, [null, stateOf(entries, 2), stateOf(entries, 3)]);
    const agent = agentOf(org).signer;
    const keys = new Map([[agent.kid, { id: id.agentAms, site: id.ams, signKey: agent.publicKey }]]);
    return {
      samples: made.map((envelope) => [envelopeBytes(envelope)]),
      mutate: anyEnvelope,
      take: async (input) => (await openReceipt("receipt", parseEnvelope(part(input)), keys)).digest,
    };
  },
};

const entry: Target = {
  name: "audit-entry",
  share: 0.5,
  prepare: () => ({
    samples: makeEntries(3).map((made) => [jcs(made)]),
    mutate: anyJson,
    take: (input) => void readEntry(part(input)),
  }),
};

function rootOf(entries: readonly AuditEntry[], { start, end }: LeafRange): string {
  const frontier = new Frontier();
  for (const made of entries.slice(start, end)) frontier.push(entryHash(made));
  return frontier.root;
}

/** An entry and the way to a root that an agent has witnessed. */
const inclusion: Target = {
  name: "audit-inclusion",
  prepare() {
    const entries = makeEntries(13);
    const state = stateOf(entries, 13);
    const path = (index: number) => inclusionRanges(index, 13).map((range) => rootOf(entries, range));
    return {
      samples: [0, 5, 12].map((index) => [jcs({ entry: entries[index], size: 13, path: path(index) })]),
      mutate: anyJson,
      take(input) {
        const proof = readAs(InclusionProof, JSON.parse(safe(text(part(input)))));
        return entryHash(requireIncluded(proof, state));
      },
    };
  },
};

/** A checkpoint and the proof that it continues the one witnessed. */
const checkpoint: Target = {
  name: "audit-checkpoint",
  async prepare() {
    const org = await theOrg();
    const entries = makeEntries(13);
    const held = { ...stateOf(entries, 6), epoch: 1 };
    const samples = await Promise.all(
      [8, 13].map(async (size) => [
        envelopeBytes(await makeCheckpoint(org, stateOf(entries, size))),
        jcs(consistencyRanges(6, size).map((range) => rootOf(entries, range))),
      ]),
    );
    return {
      samples,
      mutate: anyEnvelope,
      async take(input) {
        const offered = await openCheckpoint(parseEnvelope(part(input)), org.trust);
        const proof = readAs(ProofHashes, JSON.parse(safe(text(part(input, 1)))));
        if (continues(held, offered, proof) !== "newer") throw new FarhandError("CHECKPOINT");
        return meaning(String(offered.size), offered.root);
      },
    };
  },
};

/** Whoever hands a proof over parsed it: what is not JSON has no place here. */
function safe(json: string): string {
  try {
    JSON.parse(json);
    return json;
  } catch (error) {
    throw new FarhandError("SCHEMA", "not JSON", { cause: error });
  }
}

export const auditTargets: readonly Target[] = [log, receipts, entry, inclusion, checkpoint];
