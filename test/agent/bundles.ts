import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openEvidence, unpackFrames } from "../../shared/bundle/evidence.ts";
import { openOutbound } from "../../shared/bundle/index.ts";
import { BundleFile } from "../../shared/bundle/read.ts";
import { bundleChunks } from "../../shared/bundle/write.ts";
import { jcs, sha256, type Bytes } from "../../shared/bytes.ts";
import type { Admission } from "../../shared/documents/admission.ts";
import type { BundleEntry, InboundIndex, OutboundIndex } from "../../shared/documents/bundle.ts";
import type { Keys } from "../../shared/documents/keys.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { Digest } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { id } from "../../shared/testing/org.ts";
import { firstUpdate } from "../../shared/testing/trust-set.ts";
import { encodeTrustFile } from "../../shared/tuf/file.ts";
import type { TrustUpdate } from "../../shared/tuf/set.ts";
import { decodeRecords } from "../../shared/wire/frame.ts";
import { decodeUp, UpRecord } from "../../shared/wire/messages.ts";
import type { Site } from "./site.ts";
import type { Work } from "./script-hub.ts";

/** Bob lets bundles in at Amsterdam, Cyd in London. */
export const withOperators = (keys: Keys): Keys => ({
  ...keys,
  people: keys.people.map((person) => {
    const scope = person.id === id.bob ? id.ams : person.id === "cyd" ? id.lon : undefined;
    return scope === undefined
      ? person
      : { ...person, roles: [...person.roles, { role: "siteoperator" as const, sites: [scope] }] };
  }),
});

export interface Inbound {
  readonly path: string;
  readonly bytes: Bytes;
  readonly index: InboundIndex;
  readonly digest: Digest;
}

interface InboundOptions {
  readonly work?: readonly Work[];
  readonly after?: Inbound;
  readonly over?: Partial<InboundIndex>;
  readonly signer?: Signer;
  readonly extra?: readonly { readonly kind: BundleEntry["kind"]; readonly bytes: Bytes; readonly role?: string }[];
  readonly sequence?: number;
  readonly trust?: TrustUpdate;
}

let made = 0;
const paths: string[] = [];

/** A stick stands outside the agent's folder, and is put away after the test. */
export function putSticksAway(): void {
  for (const path of paths.splice(0)) rmSync(path, { force: true });
}

/** What a hub would export, as little as an agent can be tested against. */
export async function makeInbound(site: Site, options: InboundOptions = {}): Promise<Inbound> {
  const bodies = new Map<Digest, Bytes>();
  const entries: BundleEntry[] = [];
  const add = (entry: { kind: BundleEntry["kind"]; role?: string }, bytes: Bytes): Digest => {
    const digest = sha256(bytes);
    if (!bodies.has(digest)) entries.push({ ...entry, sha256: digest, bytes: bytes.length } as BundleEntry);
    bodies.set(digest, bytes);
    return digest;
  };
  const { org } = site;
  add({ kind: "trust", role: "set" }, encodeTrustFile(options.trust ?? firstUpdate(org.view.set)));
  for (const text of site.hub.texts.values()) add({ kind: "text" }, text);
  for (const { kind, bytes, role } of options.extra ?? [])
    add({ kind, ...(role === undefined ? {} : { role }) }, bytes);
  const first = options.sequence ?? 1;
  const work = (options.work ?? []).map((one, n) => ({
    authority: { kind: one.kind, sha256: one.authorityDigest },
    envelope: add({ kind: "authority" }, envelopeBytes(one.authority)),
    manifest: add({ kind: "manifest" }, one.manifest),
    attempt: 1,
    sequence: first + n,
    fence: first + n,
  }));
  const { after } = options;
  const index: InboundIndex = {
    type: "bundle",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    number: (after?.index.number ?? 0) + 1,
    prev: after?.digest ?? null,
    seen: null,
    iat: org.nowSeconds,
    exp: org.nowSeconds + 30 * 86_400,
    entries,
    direction: "in",
    work,
    acks: null,
    ...options.over,
  };
  const envelope = await signEnvelope("farhand-bundle+jws", index, [options.signer ?? org.hub]);
  const parts: Uint8Array[] = [];
  const body = (position: number): Bytes => bodies.get(index.entries[position]?.sha256 as Digest) ?? new Uint8Array();
  for await (const chunk of bundleChunks(envelope, index.entries, body)) parts.push(chunk);
  const bytes = new Uint8Array(Buffer.concat(parts));
  const path = `${site.stateDir}-${++made}.bundle`;
  paths.push(path);
  writeFileSync(path, bytes);
  return { path, bytes, index, digest: sha256(jcs(index)) };
}

export async function admit(
  site: Site,
  bundle: Inbound,
  over: Partial<Admission> = {},
  signer: Signer = site.org.people.bob,
): Promise<Envelope> {
  const admission: Admission = {
    type: "admission",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    operator: id.bob,
    bundle: bundle.digest,
    iat: site.org.nowSeconds + 30,
    attestsTime: false,
    ...over,
  };
  return signEnvelope("farhand-admission+jws", admission, [signer]);
}

export interface Evidence {
  readonly index: OutboundIndex;
  readonly digest: Digest;
  readonly records: readonly UpRecord[];
}

/** Opens what the agent exported, as the organisation would. */
export async function openExport(site: Site, path: string): Promise<Evidence> {
  const file = await BundleFile.open(path, join(site.stateDir, "bundles"));
  try {
    const { index, digest } = await openOutbound(file.envelope, () => site.hub.agentKey);
    const records: UpRecord[] = [];
    for (let part = 0; part < index.entries.length; part++) {
      const { org, agent, number } = index;
      const place = { org, site: index.site, agent, number, part };
      const packed = await openEvidence(await file.body(part), place, site.org.evidence);
      for (const frame of unpackFrames(packed)) {
        const message = decodeUp(frame);
        if (message.kind !== "events") continue;
        for (const record of decodeRecords(message.body, 10_000)) records.push(UpRecord.parse(record.header));
      }
    }
    return { index, digest, records };
  } finally {
    await file.close();
  }
}
