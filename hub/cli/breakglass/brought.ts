import { resolve } from "node:path";
import { bundleChunks, writeFresh } from "../../../shared/bundle/write.ts";
import { jcs, sha256, type Bytes } from "../../../shared/bytes.ts";
import { BreakglassIndex, type BundleEntry } from "../../../shared/documents/bundle.ts";
import type { Authority } from "../../../shared/documents/offer.ts";
import type { Person } from "../../../shared/documents/keys.ts";
import { envelopeBytes, readAs, signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { AgentId, Digest } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import { verifyBreakglass, type VerifiedBreakglass } from "../../../shared/verify/breakglass.ts";
import type { Cli } from "../command.ts";
import type { HubFlags, KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { openUnstamped, type Trusted } from "../trust/load.ts";
import { readKit, type BreakglassKit } from "./kit.ts";

export interface Standing {
  readonly kit: BreakglassKit;
  readonly trusted: Trusted;
  readonly held: VerifiedBreakglass;
  readonly signer: Signer;
  readonly person: Person;
  readonly agent: AgentId;
}

/** Who is here, with which leave, at which agent: from files alone, and from the trust file of this person. */
export async function standing(
  cli: Cli,
  flags: HubFlags & KeyFlags & { readonly kit: string; readonly agent?: AgentId },
): Promise<Standing> {
  const kit = readKit(resolve(cli.cwd, flags.kit));
  const nowMs = cli.clock.nowMs();
  const trusted = await openUnstamped(await loadAnchor(cli, flags), kit.trust, nowMs);
  const time = { nowMs, errorMs: 0, floorMs: 0 };
  const held = await verifyBreakglass(kit.breakglass, { trust: trusted.store, time });
  const signer = await signerFromFile(cli, flags, flags.key);
  const person = trusted.store.personOf(signer.kid);
  if (!person) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key, or it is revoked");
  const { id, site, agents, oncall } = held.breakglass;
  if (!oncall.includes(person.id)) throw new FarhandError("BREAKGLASS", `${id} does not name ${person.id}`);
  const agent = flags.agent ?? agents[0];
  const entry = trusted.agents?.document.agents.find((candidate) => candidate.id === agent);
  if (agent === undefined || entry?.status !== "active" || entry.site !== site || !agents.includes(agent))
    throw new FarhandError("WRONG_AGENT", `${agent ?? "none"} is no approved agent of ${site} in ${id}`);
  return { kit, trusted, held, signer, person, agent };
}

/** One bundle of one piece of work. The person's key on its index is what lets it in. */
export async function writeBrought(
  path: string,
  at: Standing,
  work: {
    readonly authority: Authority["kind"];
    readonly payload: Digest;
    readonly envelope: Envelope;
    readonly manifest: Bytes;
    readonly texts: readonly Bytes[];
    readonly iat: number;
    readonly exp: number;
  },
): Promise<Digest> {
  const { kit, held, trusted, signer, person, agent } = at;
  const bodies = new Map<Digest, { readonly entry: BundleEntry; readonly bytes: Uint8Array }>();
  const add = (kind: "authority" | "manifest" | "breakglass" | "text", bytes: Uint8Array): Digest => {
    const digest = sha256(bytes);
    if (!bodies.has(digest)) bodies.set(digest, { entry: { kind, sha256: digest, bytes: bytes.length }, bytes });
    return digest;
  };
  const breakglass = add("breakglass", envelopeBytes(kit.breakglass));
  const envelope = add("authority", envelopeBytes(work.envelope));
  const manifest = add("manifest", work.manifest);
  for (const text of work.texts) add("text", text);
  const ordered = [...bodies.values()];
  const entries = ordered.map((body) => body.entry);
  const index = readAs(BreakglassIndex, {
    type: "bundle",
    v: 1,
    org: trusted.store.org,
    site: held.breakglass.site,
    agent,
    iat: work.iat,
    exp: work.exp,
    entries,
    direction: "breakglass",
    oncall: person.id,
    breakglass,
    work: { authority: { kind: work.authority, sha256: work.payload }, envelope, manifest },
  });
  const signed = await signEnvelope("farhand-bundle+jws", index, [signer]);
  await writeFresh(
    path,
    bundleChunks(signed, entries, (position) => ordered[position]?.bytes ?? new Uint8Array(0)),
    0o644,
  );
  return sha256(jcs(index));
}
