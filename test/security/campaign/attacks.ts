/**
 * What a hub that belongs to somebody else may send, each with the code that the agent must answer or log. One row is one way to
 * lie; the words in its tasks are never signed for by anybody who may, so that no device may ever hear them.
 */
import { sha256, toBase64url, utf8, type Bytes } from "../../../shared/bytes.ts";
import type { Warrant } from "../../../shared/documents/warrant.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, GrantId, OrgId, PersonId, PlatformId, PolicyId } from "../../../shared/ids.ts";
import { agentOf, id } from "../../../shared/testing/org.ts";
import { nextUpdate } from "../../../shared/testing/trust-set.ts";
import { signMetadata } from "../../../shared/tuf/make.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { encodeDown } from "../../../shared/wire/messages.ts";
import { signRaw } from "../defended.ts";
import type { Forged, HostileHub, Piece, Shot } from "./hostile-hub.ts";

interface Attack {
  readonly name: string;
  readonly code: ErrorCode;
  /** What is sent; work that the agent answers for is named, so that the answer can be held against it. */
  readonly make: (hub: HostileHub) => Promise<{ frames: readonly Bytes[]; digest?: Digest }>;
}

const r1 = "ams-r1" as DeviceId;
const r2 = "ams-r2" as DeviceId;
const CHANGED = "ams-changed" as DeviceId;
const TEXT_MAX = 16 * 1024 * 1024;

const evil = (hub: HostileHub) => hub.run(hub.random.pick([r1, r2]), `show evil-${hub.next()}`);
const evilLine = (hub: HostileHub, over: Parameters<HostileHub["change"]>[2] = {}) =>
  hub.change(r1, `evil line ${hub.next()}`, over);

const heard = async (hub: HostileHub, piece: Piece, over: Parameters<HostileHub["offer"]>[1] = {}) => ({
  frames: await hub.offer(piece, over),
  digest: sha256(piece.manifest),
});

const warrant = (name: string, code: ErrorCode, forged: (hub: HostileHub) => Forged): Attack => ({
  name,
  code,
  make: async (hub) => heard(hub, await hub.warranted([evil(hub)], forged(hub))),
});
/** A change that people did not sign as it stands. */
const change = (
  name: string,
  code: ErrorCode,
  over: Parameters<HostileHub["change"]>[2],
  forged: Forged = {},
): Attack => ({
  name,
  code,
  make: async (hub) => heard(hub, await hub.warranted([evilLine(hub, over)], forged)),
});
const grant = (name: string, code: ErrorCode, forged: (hub: HostileHub) => Forged): Attack => ({
  name,
  code,
  make: async (hub) => heard(hub, await hub.granted([evil(hub)], forged(hub))),
});
/** Nobody vouches for the offer: the log has the code, and a second one for the manifest that no offer named. */
const offer = (
  name: string,
  code: ErrorCode,
  over: (hub: HostileHub) => Parameters<HostileHub["offer"]>[1],
  vouches?: (hub: HostileHub) => Parameters<HostileHub["offer"]>[2],
): Attack => ({
  name,
  code,
  make: async (hub) => ({
    frames: await hub.offer(await hub.warranted([evil(hub)]), over(hub), vouches?.(hub)),
  }),
});
const edited = (name: string, code: ErrorCode, alter: (envelope: Envelope, hub: HostileHub) => Envelope): Attack => ({
  name,
  code,
  make: async (hub) => {
    const piece = await hub.warranted([evil(hub)]);
    return heard(hub, { ...piece, authority: alter(piece.authority, hub) });
  },
});

function flipped(bytes: Bytes, hub: HostileHub): Bytes {
  const out = bytes.slice();
  const at = hub.random.integer(0, out.length - 1);
  out[at] = (out[at] ?? 0) ^ (1 << hub.random.integer(0, 7));
  return out;
}
const payloadOf = (envelope: Envelope): Bytes => new Uint8Array(Buffer.from(envelope.payload, "base64url"));

const FORGED_WARRANTS: readonly Attack[] = [
  warrant("the author alone, for what needs two", "THRESHOLD", ({ people }) => ({
    signers: [people.ann],
    warrant: { risk: "change" },
  })),
  warrant("an approver of another site", "THRESHOLD", ({ people }) => ({
    signers: [people.ann, people.cyd],
    warrant: { risk: "change" },
  })),
  warrant("no author", "NO_AUTHOR", ({ people }) => ({ signers: [people.bob] })),
  warrant("the hub as author and approver", "SIGNATURE_MISSING", (hub) => ({ signers: [hub.site.org.hub] })),
  warrant("an agent's key as a person's", "SIGNATURE_MISSING", (hub) => ({ signers: [agentOf(hub.site.org).signer] })),
  warrant("another organisation", "WRONG_ORG", () => ({ warrant: { org: "evil" as OrgId } })),
  warrant("another site", "WRONG_SITE", () => ({ warrant: { sites: [id.lon] } })),
  warrant("another agent", "WRONG_AGENT", () => ({ manifest: { agents: [id.agentLon] } })),
  warrant("a policy that nobody published", "POLICY_UNKNOWN", () => ({
    warrant: { policy: { id: "milder" as PolicyId, version: 1 } },
  })),
  warrant("newer keys", "KEYS_VERSION", () => ({ warrant: { keysVersion: 99 } })),
  warrant("another inventory", "INVENTORY_MISMATCH", () => ({ warrant: { inventory: "9".repeat(64) as Digest } })),
  warrant("yesterday's", "EXPIRED", (hub) => ({
    warrant: { iat: hub.now() - 9000, nbf: hub.now() - 9000, exp: hub.now() - 3600 },
  })),
  warrant("tomorrow's", "NOT_YET_VALID", (hub) => ({ warrant: { nbf: hub.now() + 3000 } })),
  warrant("for too long", "LIFETIME", (hub) => ({ warrant: { exp: hub.now() + 46 * 86_400 } })),
  warrant("a member that nobody knows", "SCHEMA", () => ({ warrant: { urgent: 1 } as Partial<Warrant> })),
  warrant("another manifest than the one named", "MANIFEST_UNKNOWN", () => ({
    warrant: { manifests: ["8".repeat(64) as Digest] },
  })),
  warrant("another job than the manifest's", "OFFER_MISMATCH", () => ({ warrant: { job: "job-2" as Warrant["job"] } })),
  {
    name: "a device of a platform that this agent cannot drive",
    code: "PLATFORM_UNKNOWN",
    make: async (hub) =>
      heard(hub, await hub.warranted([hub.run("ams-strange" as DeviceId, `show evil-${hub.next()}`)])),
  },
];

const FORGED_CHANGES: readonly Attack[] = [
  change("more risk than it says", "RISK_UNDERSTATED", {}, { warrant: { risk: "read" } }),
  change("level E, accepted by nobody", "LEVEL_TOO_LOW", { level: "E" }),
  change("better proved than its driver", "EVIDENCE_TOO_LOW", { evidence: "real" }),
  change("proved on simulators only", "EVIDENCE_TOO_LOW", { evidence: "simulated" }),
  change(
    "another driver's plan",
    "DRIVER_CHANGED",
    {},
    { manifest: { platforms: { [id.iosxe]: "7".repeat(64) as Digest } } },
  ),
  {
    name: "texts that fill the disk",
    code: "ENVELOPE_TOO_LARGE",
    make: async (hub) => {
      const huge = (name: string) => ({ sha256: sha256(`${name} ${hub.next()}`), bytes: TEXT_MAX });
      const big = () => ({ text: huge("text"), diff: huge("diff"), commands: huge("commands") });
      const tasks = [r1, r2].map((device) => hub.change(device, "evil", big()));
      return heard(hub, await hub.warranted(tasks));
    },
  },
  {
    name: "a text that stands under another's name",
    code: "BUNDLE_INCOMPLETE",
    make: async (hub) => ({
      frames: await hub.offer(await hub.warranted([evilLine(hub, { text: hub.swappedText() })])),
    }),
  },
  {
    name: "a stale change for a device that a newer one has reached",
    code: "FENCE",
    make: async (hub) =>
      heard(hub, await hub.warranted([hub.change(CHANGED, `evil line ${hub.next()}`)]), { fence: 5 }),
  },
];

const FORGED_GRANTS: readonly Attack[] = [
  grant("a command that the grant leaves out", "GRANT_SCOPE", () => ({})),
  grant("devices that the grant leaves out", "GRANT_SCOPE", () => ({
    grant: { selectors: [{ tags: { role: "none" } }] },
  })),
  grant("a grant that the hub signed itself", "SIGNATURE_MISSING", (hub) => ({ signers: [hub.site.org.hub] })),
  {
    name: "faster than the grant allows",
    code: "GRANT_RATE",
    make: async (hub) => {
      const tasks = [r1, r2].map((device) => hub.run(device, "show version"));
      const own = `slow-${hub.next()}` as GrantId;
      return heard(hub, await hub.granted(tasks, { grant: { id: own, rate: { devicesPerMinute: 1 } } }));
    },
  },
];

const EDITED: readonly Attack[] = [
  edited("one bit of the warrant", "SIGNATURE_BAD", (envelope, hub) => ({
    ...envelope,
    payload: toBase64url(flipped(payloadOf(envelope), hub)),
  })),
  edited("bits that base64url drops", "ENVELOPE_SHAPE", (envelope) => ({
    ...envelope,
    payload: `${envelope.payload}=`,
  })),
  {
    name: "one bit of the manifest",
    code: "MANIFEST_UNKNOWN",
    make: async (hub) => {
      const piece = await hub.warranted([evil(hub)]);
      const [first] = await hub.offer(piece);
      if (!first) throw new Error("no offer");
      const named = sha256(piece.manifest);
      return {
        frames: [first, encodeDown("manifest", { sha256: named }, flipped(piece.manifest, hub))],
        digest: named,
      };
    },
  },
  {
    name: "the manifest of another job",
    code: "MANIFEST_UNKNOWN",
    make: async (hub) => {
      const piece = await hub.warranted([evil(hub)]);
      const other = await hub.warranted([evil(hub)]);
      return heard(hub, { ...piece, manifest: other.manifest });
    },
  },
  {
    name: "a payload that reads in two ways",
    code: "PAYLOAD_NOT_CANONICAL",
    make: async (hub) => {
      const piece = await hub.warranted([evil(hub)]);
      const text = new TextDecoder().decode(payloadOf(piece.authority));
      const bytes = utf8(hub.random.pick([` ${text}`, text.replace("{", '{"v":1,'), text.replace('"v":1', '"v":1.0')]));
      const authority = await signRaw("farhand-warrant+jws", bytes, [hub.people.ann, hub.people.bob]);
      return heard(hub, { ...piece, authority, authorityDigest: sha256(bytes) });
    },
  },
  {
    name: "one document for another",
    code: "ENVELOPE_TYPE",
    make: async (hub) => {
      const piece = await hub.warranted([evil(hub)]);
      const type = hub.random.pick(["farhand-grant+jws", "farhand-plan+jws", "farhand-receipt+jws"] as const);
      const payload: unknown = JSON.parse(new TextDecoder().decode(payloadOf(piece.authority)));
      const authority = await signEnvelope(type, payload, [hub.people.ann, hub.people.bob]);
      return heard(hub, { ...piece, authority });
    },
  },
];

const OFFERS: readonly Attack[] = [
  offer("answers no pull", "NONCE", () => ({ nonce: "A".repeat(43) })),
  offer("lives too long", "LIFETIME", (hub) => ({ iat: hub.now(), exp: hub.now() + 901 })),
  offer("for another agent", "WRONG_AGENT", () => ({ agent: "agent-other" as AgentId })),
  offer("from another organisation's hub", "WRONG_ORG", () => ({ org: "evil" as OrgId })),
  offer("from another hub", "OFFER_MISMATCH", () => ({ hub: "hub-2" })),
  offer(
    "signed by a person",
    "SIGNATURE_MISSING",
    () => ({}),
    (hub) => hub.people.ann,
  ),
  {
    name: "more attempts than people signed",
    code: "ATTEMPTS",
    make: async (hub) => heard(hub, await hub.warranted([evil(hub)]), { attempt: hub.random.integer(2, 9) }),
  },
  {
    name: "another warrant than the one that comes",
    code: "OFFER_MISMATCH",
    make: async (hub) =>
      heard(hub, await hub.warranted([evil(hub)]), {
        authority: { kind: "warrant", sha256: "6".repeat(64) as Digest },
      }),
  },
];

const WORDS: readonly Attack[] = [
  {
    name: "a cancel that a person signed",
    code: "SIGNATURE_MISSING",
    make: async (hub) => ({ frames: [await hub.cancel({}, hub.people.bob)] }),
  },
  {
    name: "a cancel for another agent",
    code: "WRONG_AGENT",
    make: async (hub) => ({ frames: [await hub.cancel({ agent: id.agentLon })] }),
  },
  {
    name: "a manifest that nobody offered",
    code: "OFFER_MISMATCH",
    make: async (hub) => {
      const { manifest } = await hub.warranted([evil(hub)]);
      return { frames: [encodeDown("manifest", { sha256: sha256(manifest) }, manifest)] };
    },
  },
  {
    name: "keys with one person more, in a set of the hub's own signature",
    code: "SIGNATURE_BAD",
    make: async (hub) => {
      const { org } = hub.site;
      const { document } = org.trust.keys;
      const eve = {
        id: "eve" as PersonId,
        name: "Eve",
        keys: [{ kid: org.hub.kid, publicKey: org.hub.publicKey }],
        roles: [{ role: "approver" as const, sites: ["*" as const] }],
      };
      const next = { ...document, version: document.version + 1, people: [...document.people, eve] };
      const keys = await signEnvelope("farhand-keys+jws", next, [org.hub]);
      return hub.trust(await nextUpdate(hub.held, [org.hub], { keys }, Date.now()));
    },
  },
  {
    name: "an inventory with another address, in a set that an author signed",
    code: "SIGNATURE_BAD",
    make: async (hub) => {
      const { org } = hub.site;
      const { document } = org.inventory.inventory;
      const devices = document.devices.map((device) => ({ ...device, address: "203.0.113.66" }));
      const inventory = await signEnvelope("farhand-inventory+jws", { ...document, version: 2, devices }, [
        hub.people.ann,
      ]);
      return hub.trust(await nextUpdate(hub.held, [hub.people.ann], { inventory }, Date.now()));
    },
  },
  {
    name: "an inventory with another address, without a set that names it",
    code: "TRUST_MISMATCH",
    make: async (hub) => {
      const { org } = hub.site;
      const { document } = org.inventory.inventory;
      const devices = document.devices.map((device) => ({ ...device, address: "203.0.113.66" }));
      const inventory = await signEnvelope("farhand-inventory+jws", { ...document, version: 2, devices }, [org.hub]);
      return hub.trust({ documents: { inventory: envelopeBytes(inventory) } });
    },
  },
  {
    name: "a set from before a newer one, stamped anew",
    code: "TRUST_ROLLBACK",
    make: async (hub) => hub.trust(hub.older),
  },
  {
    name: "a timestamp from before",
    code: "TRUST_ROLLBACK",
    make: async (hub) => hub.trust({}, { version: 1 }),
  },
  {
    name: "a timestamp that has ended",
    code: "TRUST_STALE",
    make: async (hub) => hub.trust({}, { expiresMs: Date.now() - 1_000 }),
  },
  {
    name: "a root of the hub's own",
    code: "TRUST_ROOT",
    make: async (hub) => {
      const { org } = hub.site;
      const held = readMetadata("root", hub.held.root).signed;
      const signed = { ...held, version: held.version + 1 };
      return hub.trust({ roots: [await signMetadata("root", signed, [org.hub])] });
    },
  },
];

export const ATTACKS: readonly Attack[] = [
  ...FORGED_WARRANTS,
  ...FORGED_CHANGES,
  ...FORGED_GRANTS,
  ...EDITED,
  ...OFFERS,
  ...WORDS,
];

export const shotOf = async (attack: Attack, hub: HostileHub): Promise<Shot> => ({
  name: attack.name,
  code: attack.code,
  ...(await attack.make(hub)),
});

/** The platform of `ams-strange`. */
export const STRANGE = "strange_os" as PlatformId;
export { CHANGED };
