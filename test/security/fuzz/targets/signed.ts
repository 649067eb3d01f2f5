/** What people, hubs and agents sign: the envelope of each kind, the schema of each kind, and work as an agent verifies it. */
import { jcs, parseCanonical, toBase64url } from "../../../../shared/bytes.ts";
import { Manifest } from "../../../../shared/documents/manifest.ts";
import { envelopeBytes, openEnvelope, parseEnvelope, readAs, signEnvelope } from "../../../../shared/envelope.ts";
import {
  agentOf,
  id,
  makeGrant,
  makeManifest,
  makeOffer,
  makeWarrant,
  NO_DIGEST,
  type TestOrg,
} from "../../../../shared/testing/org.ts";
import { openAgents, openInventory, openNewerKeys } from "../../../../shared/trust.ts";
import { verifyBreakglass } from "../../../../shared/verify/breakglass.ts";
import { verifyCancel, verifyOffer, verifyWork, type VerifierContext } from "../../../../shared/verify/work.ts";
import { anyEnvelope, mutateEnvelope } from "../mutate-envelope.ts";
import { anyJson } from "../mutate-json.ts";
import { meaning, part, type Target } from "../target.ts";
import { documentsOf, signedBytes, theOrg, type Sample } from "./documents.ts";

const KINDS = [
  ..."warrant grant stage offer cancel plan receipt keys agents inventory".split(" "),
  ..."breakglass hold adoption readmission credential checkpoint bundle admission".split(" "),
];

function sampleOf(org: TestOrg, kind: string): Sample {
  const sample = documentsOf(org).find(({ type }) => type === `farhand-${kind}+jws`);
  if (!sample) throw new Error(`no sample of a ${kind}`);
  return sample;
}

/** Every key that anybody in the organisation has: the widest door that a reader could open. */
const keysOf = (org: TestOrg) => {
  const agent = agentOf(org).signer;
  return (kid: string) =>
    org.trust.everyPersonKey(kid as never) ??
    org.trust.hubKey(kid as never) ??
    (kid === agent.kid ? agent.publicKey : undefined);
};

const envelopes: readonly Target[] = KINDS.map((kind) => ({
  name: `envelope-${kind}`,
  async prepare() {
    const org = await theOrg();
    const sample = sampleOf(org, kind);
    const own = await signedBytes(sample);
    const lookup = keysOf(org);
    // Other kinds lend their payloads and signatures; they are no samples, for they are refused.
    const lent = await Promise.all(documentsOf(org).map(signedBytes));
    return {
      samples: [[own]],
      mutate: (_, random) => [mutateEnvelope(own, lent, random)],
      async take(input) {
        const opened = await openEnvelope(sample.type, parseEnvelope(part(input)), lookup);
        readAs(sample.schema, opened.value);
        return meaning(opened.bytes);
      },
    };
  },
}));

/** Behind a signature that holds: a person's key may sign nonsense. */
const schemas: readonly Target[] = KINDS.map((kind) => ({
  name: `document-${kind}`,
  share: 0.5,
  async prepare() {
    const { schema, document } = sampleOf(await theOrg(), kind);
    return {
      samples: [[jcs(document)]],
      mutate: anyJson,
      take: (input) => void readAs(schema, parseCanonical(part(input))),
    };
  },
}));

const manifest: Target = {
  name: "document-manifest",
  async prepare() {
    const org = await theOrg();
    return {
      samples: [[makeManifest(org).bytes]],
      mutate: anyJson,
      take: (input) => void readAs(Manifest, parseCanonical(part(input))),
    };
  },
};

const contextOf = (org: TestOrg): VerifierContext => ({
  trust: org.trust,
  inventory: org.inventory,
  agent: id.agentAms,
  site: id.ams,
  time: { nowMs: org.nowSeconds * 1000, errorMs: 0, floorMs: 0 },
  riskOf: (task) => (task.kind === "change" ? "change" : "read"),
  platformDigest: () => NO_DIGEST,
});

/** A warrant and its manifest, from several jobs, so that parts of one travel with parts of another. */
const warrants: Target = {
  name: "work-warrant",
  share: 2,
  async prepare() {
    const org = await theOrg();
    const { ann, bob } = org.people;
    const samples = await Promise.all(
      ["job-1", "job-2", "job-3"].map(async (job) => {
        const own = makeManifest(org, { job: job as never });
        const warrant = makeWarrant(org, [own.digest], { job: job as never });
        return [envelopeBytes(await signEnvelope("farhand-warrant+jws", warrant, [ann, bob])), own.bytes];
      }),
    );
    return {
      samples,
      mutate: anyEnvelope,
      async take(input) {
        const authority = parseEnvelope(part(input));
        const work = await verifyWork(
          { authorityKind: "warrant", authority, manifest: part(input, 1) },
          contextOf(org),
        );
        return meaning(work.authority.sha256, work.manifestDigest, work.signers.join(), String(work.exp));
      },
    };
  },
};

const grants: Target = {
  name: "work-grant",
  async prepare() {
    const org = await theOrg();
    const samples = await Promise.all(
      ["collect", "check"].map(async (kind) => {
        const grant = makeGrant(org, { id: `reads-${kind}` as never, kinds: [kind as never], sites: [id.ams] });
        return [
          envelopeBytes(await signEnvelope("farhand-grant+jws", grant, [org.people.ann])),
          makeManifest(org, { tasks: [{ kind: kind as "check", device: "ams-r1" as never }] }).bytes,
        ];
      }),
    );
    return {
      samples,
      mutate: anyEnvelope,
      async take(input) {
        const authority = parseEnvelope(part(input));
        // Nobody signs a manifest under a grant: what counts is that the grant is one that people signed, and that it covers it.
        const work = await verifyWork({ authorityKind: "grant", authority, manifest: part(input, 1) }, contextOf(org));
        return meaning(work.authority.sha256, work.manifest.tasks.map(({ kind }) => kind).join());
      },
    };
  },
};

const offers: Target = {
  name: "work-offer",
  async prepare() {
    const org = await theOrg();
    const nonces = [7, 8].map((value) => toBase64url(new Uint8Array(32).fill(value)));
    const authority = { kind: "warrant", sha256: NO_DIGEST } as const;
    const made = nonces.map((nonce) => makeOffer(org, { manifest: NO_DIGEST, authority, nonce: nonce as never }));
    const samples = await Promise.all(
      made.map(async (offer) => [envelopeBytes(await signEnvelope("farhand-offer+jws", offer, [org.hub]))]),
    );
    return {
      samples,
      mutate: anyEnvelope,
      async take(input) {
        const offer = await verifyOffer(parseEnvelope(part(input)), { ...contextOf(org), nonces: new Set(nonces) });
        return meaning(jcs(offer));
      },
    };
  },
};

const cancels: Target = {
  name: "work-cancel",
  async prepare() {
    const org = await theOrg();
    return {
      samples: [[await signedBytes(sampleOf(org, "cancel"))]],
      mutate: anyEnvelope,
      take: async (input) => meaning(jcs(await verifyCancel(parseEnvelope(part(input)), contextOf(org)))),
    };
  },
};

const breakglass: Target = {
  name: "work-breakglass",
  async prepare() {
    const org = await theOrg();
    return {
      samples: [[await signedBytes(sampleOf(org, "breakglass"))]],
      mutate: anyEnvelope,
      take: async (input) => (await verifyBreakglass(parseEnvelope(part(input)), contextOf(org))).digest,
    };
  },
};

/** Trust documents as whoever holds older ones takes them: a signer that a document itself names does not count. */
const trust: readonly Target[] = [
  {
    name: "trust-documents",
    async prepare() {
      const org = await theOrg();
      const { keysEnvelope, agentsEnvelope, inventoryEnvelope } = org;
      return {
        samples: [[keysEnvelope, agentsEnvelope, inventoryEnvelope].map(envelopeBytes)],
        mutate: anyEnvelope,
        async take(input) {
          const keys = await openNewerKeys(parseEnvelope(part(input)), org.trust);
          const agents = await openAgents(parseEnvelope(part(input, 1)), keys);
          const inventory = await openInventory(parseEnvelope(part(input, 2)), keys);
          return meaning(keys.keys.digest, agents.digest, inventory.digest);
        },
      };
    },
  },
];

export const signedTargets: readonly Target[] = [
  ...envelopes,
  ...schemas,
  manifest,
  warrants,
  grants,
  offers,
  cancels,
  breakglass,
  ...trust,
];
