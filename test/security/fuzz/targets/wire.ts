/** Frames and messages of the link in both directions, and the records that a hub takes in. */
import { jcs, sha256, toBase64url, utf8 } from "../../../../shared/bytes.ts";
import { envelopeBytes, signEnvelope } from "../../../../shared/envelope.ts";
import { receiptDocument } from "../../../../shared/testing/audit.ts";
import { agentOf, id, makeManifest, makeWarrant, NO_DIGEST } from "../../../../shared/testing/org.ts";
import { decodeFrame, decodeRecords, encodeFrame, encodeRecords } from "../../../../shared/wire/frame.ts";
import { decodeDown, decodeUp, encodeDown, encodeUp, laneOf, UpRecord } from "../../../../shared/wire/messages.ts";
import { prepareBatch } from "../../../../hub/ingest/prepare.ts";
import { BlobCipher } from "../../../../hub/store/cipher.ts";
import { mutateBytes, spoilPart } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import { part, text, type Input, type Mutator, type Target } from "../target.ts";
import { theOrg } from "./documents.ts";

const PREFIX_BYTES = 6;

/** The header of a frame spoilt as the JSON that it is, its length then told truly; or any bytes of it. */
const anyFrame: Mutator = (samples, random) =>
  spoilPart(samples, random, (valid, others, chance) => {
    if (chance.chance(0.4) || valid.length < PREFIX_BYTES) return mutateBytes(valid, others, chance);
    const headEnd = PREFIX_BYTES + new DataView(valid.buffer, valid.byteOffset).getUint32(2);
    const headers = others.map((other) =>
      other.subarray(PREFIX_BYTES, PREFIX_BYTES + new DataView(other.buffer, other.byteOffset).getUint32(2)),
    );
    const header = mutateJson(valid.subarray(PREFIX_BYTES, headEnd), headers, chance);
    const frame = new Uint8Array(Buffer.concat([valid.subarray(0, PREFIX_BYTES), header, valid.subarray(headEnd)]));
    new DataView(frame.buffer).setUint32(2, header.length);
    if (chance.chance(0.1)) frame[1] = chance.integer(0, 90);
    return frame;
  });

const NONCE = toBase64url(new Uint8Array(32).fill(7)) as never;
const EPOCH = "0".repeat(32) as never;
const SIGNATURE = "A".repeat(86);
const KEY = { manifest: NO_DIGEST, attempt: 1 };

async function downs(): Promise<Input[]> {
  const org = await theOrg();
  const authority = await signEnvelope("farhand-warrant+jws", makeWarrant(org, [makeManifest(org).digest]), [
    org.people.ann,
  ]);
  const lanes = [{ lane: "receipt" as const, acked: 3, released: 2 }];
  return [
    encodeDown("challenge", { hub: "hub-1", nonce: NONCE, session: NONCE, versions: [1] }),
    encodeDown("welcome", { signature: SIGNATURE, serverTimeMs: 1, lanes, creditBytes: 1000 }),
    encodeDown("offer", { offer: authority, authority, manifestBytes: 10 }),
    encodeDown("manifest", { sha256: NO_DIGEST }, utf8("{}")),
    encodeDown("blob", { sha256: NO_DIGEST, offset: 0, total: 4 }, utf8("text")),
    encodeDown("cancel", { cancel: authority }),
    encodeDown("trust", { offset: 0, total: 4 }, utf8("text")),
    encodeDown("ack", { epoch: EPOCH, lane: "receipt", acked: 3, released: 2 }),
    encodeDown("credit", { bytes: 10 }),
    encodeDown("checkpoint", { from: 3, proof: [NO_DIGEST] }, envelopeBytes(authority)),
    encodeDown("close", { code: "AGENT_KICKED", retryAfterMs: 10 }),
    encodeDown("credential", { document: NO_DIGEST }, envelopeBytes(authority)),
    encodeDown("grant", { grant: authority }),
  ].map((frame) => [frame]);
}

function ups(): Input[] {
  const hello = {
    agent: id.agentAms,
    nonce: NONCE,
    signature: SIGNATURE,
    version: 1,
    software: "1.0.0",
    epoch: EPOCH,
    sequence: 4,
    lanes: [{ lane: "receipt" as const, first: 1, next: 4 }],
    clock: { wallMs: 1, quality: "synced" as const },
    trust: { root: 1, timestamp: 3, snapshot: 2, targets: 2 },
    keysVersion: 1,
    platforms: { [id.iosxe]: NO_DIGEST } as never,
    assignments: [{ ...KEY, sequence: 4, state: "RUNNING" as const }],
  };
  return [
    encodeUp("hello", hello),
    encodeUp("pull", { nonce: NONCE, capacity: 3 }),
    encodeUp("accept", { ...KEY, sequence: 3 }),
    encodeUp("reject", { ...KEY, sequence: 3, code: "REPLAY", detail: "again" }),
    encodeUp("fetch", { sha256: NO_DIGEST, offset: 0 }),
    encodeUp("events", { epoch: EPOCH, lane: "state", first: 1, last: 2 }, utf8("records")),
    encodeUp("gap", { epoch: EPOCH, lane: "telemetry", first: 1, last: 2, reason: "quota" }),
    encodeUp("witnessed", { checkpoint: { epoch: 1, size: 3, root: NO_DIGEST } }),
    encodeUp("trusted", { held: hello.trust, code: "TRUST_STALE", detail: "the timestamp" }),
    encodeUp("canceled", { ...KEY, generation: 1, state: "RUNNING" }),
    encodeUp("credentials", {
      items: [{ kind: "secret", name: "radius" as never, version: 1, stopped: false, atMs: 1 }],
      more: false,
      answers: [],
    }),
  ].map((frame) => [frame]);
}

async function records(): Promise<Input[]> {
  const org = await theOrg();
  const envelope = await signEnvelope("farhand-receipt+jws", receiptDocument(), [agentOf(org).signer]);
  const body = utf8("what a device said\u001b[2J");
  const device = "ams-r1" as never;
  const all: readonly (readonly [UpRecord, Uint8Array])[] = [
    [{ type: "receipt", envelope }, utf8("")],
    [{ type: "assignment", ...KEY, state: "RUNNING", code: null, reason: null, atMs: 1 }, utf8("")],
    [{ type: "task", ...KEY, device, state: "DONE", step: "a", code: null, detail: "b", atMs: 1 }, utf8("")],
    [{ type: "blob", sha256: sha256(body), media: "output", offset: 0, total: body.length }, body],
    [{ type: "output", ...KEY, device, order: 0, last: true }, body],
    [{ type: "own", authority: { kind: "grant", sha256: NO_DIGEST }, manifest: text(jcs({})) }, utf8("")],
    [{ type: "metric", name: "m", value: 1.5, atMs: 1 }, utf8("")],
  ];
  return all.map(([header, of], at) => [
    encodeRecords([
      { header, body: of },
      ...(all[at + 1] ? [{ header: all[at + 1]?.[0], body: all[at + 1]?.[1] ?? utf8("") }] : []),
    ]),
  ]);
}

/** A record's own header spoilt, the lengths then told truly. */
const anyRecords: Mutator = (samples, random) =>
  spoilPart(samples, random, (valid, others, chance) => {
    if (chance.chance(0.4)) return mutateBytes(valid, others, chance);
    const read = decodeRecords(valid, 16).map(({ text: header, body }) => ({ header: utf8(header), body }));
    const spoilt = chance.pick(read);
    return new Uint8Array(
      Buffer.concat(
        read.flatMap((record) => {
          const header =
            record === spoilt
              ? mutateJson(
                  record.header,
                  others.flatMap((other) => decodeRecords(other, 16).map((lent) => utf8(lent.text))),
                  chance,
                )
              : record.header;
          return [lengthOf(header), header, lengthOf(record.body), record.body];
        }),
      ),
    );
  });
const lengthOf = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, bytes.length);
  return out;
};

const frames: Target = {
  name: "wire-frame",
  prepare: async () => ({
    samples: [...(await downs()), ...ups(), [encodeFrame(3, { a: 1 }, utf8("body"))]],
    mutate: anyFrame,
    take(input) {
      const frame = decodeFrame(part(input));
      if (frame.body.length > part(input).length) return "more body than bytes";
      return undefined;
    },
  }),
};

const down: Target = {
  name: "wire-down",
  prepare: async () => ({ samples: await downs(), mutate: anyFrame, take: (input) => void decodeDown(part(input)) }),
};
const up: Target = {
  name: "wire-up",
  prepare: () => ({ samples: ups(), mutate: anyFrame, take: (input) => void decodeUp(part(input)) }),
};

/** As the hub takes a batch in: what it cannot read it keeps without meaning; what it keeps can be shown. */
const batch: Target = {
  name: "wire-records",
  share: 2,
  async prepare() {
    const cipher = new BlobCipher(new Uint8Array(32));
    return {
      samples: await records(),
      mutate: anyRecords,
      take(input) {
        const count = decodeRecords(part(input), 5000).length;
        for (const record of prepareBatch(1, count, part(input), cipher)) {
          JSON.parse(record.header);
          if (record.type !== "unreadable") laneOf(UpRecord.parse(JSON.parse(record.header)));
          // oxlint-disable-next-line no-control-regex -- what must not be left
          if (/[\u0000-\u0008\u001b\u009b\u202e]/.test(record.output?.text ?? ""))
            return "a control byte that a terminal would obey";
        }
        return undefined;
      },
    };
  },
};

export const wireTargets: readonly Target[] = [frames, down, up, batch];
