// What people did not sign for this agent, offered to a real one: refused by its code, in its log, and unknown to every device.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fromBase64url, jcs, sha256, toBase64url } from "../../shared/bytes.ts";
import type { Manifest } from "../../shared/documents/manifest.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import type { Envelope } from "../../shared/envelope.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId, Digest, PersonId } from "../../shared/ids.ts";
import { generateSigningJwk, signerFrom, type Signer } from "../../shared/keys.ts";
import { id } from "../../shared/testing/org.ts";
import type { Work } from "../agent/script-hub.ts";
import { Defended, signRaw, refusedAs, unheardAs } from "./defended.ts";

let at: Defended;
let people: Record<"ann" | "bob" | "cyd" | "kim", Signer>;
/** A second key of Ann's; a person whose key is revoked; one whom nobody knows; the hub's key of last year. */
let annsOther: Signer;
let rex: Signer;
let stranger: Signer;
let oldHub: Signer;

const newSigner = async (): Promise<Signer> => signerFrom(await generateSigningJwk());
const entry = ({ kid, publicKey }: Signer) => ({ kid, publicKey });

beforeAll(async () => {
  [annsOther, rex, stranger, oldHub] = [await newSigner(), await newSigner(), await newSigner(), await newSigner()];
  at = await Defended.start({
    keys: (keys) => ({
      ...keys,
      people: [
        ...keys.people.map((person) =>
          person.id === id.ann ? { ...person, keys: [...person.keys, entry(annsOther)] } : person,
        ),
        {
          id: "rex" as PersonId,
          name: "Rex Revoked",
          keys: [entry(rex)],
          roles: [
            { role: "author", sites: ["*"] },
            { role: "approver", sites: ["*"] },
          ],
        },
      ],
      hub: { ...keys.hub, keys: [...keys.hub.keys, entry(oldHub)] },
      revoked: [
        { kid: rex.kid, reason: "compromised", at: Math.floor(Date.now() / 1000) },
        { kid: oldHub.kid, reason: "rotated", at: Math.floor(Date.now() / 1000) },
      ],
    }),
  });
  ({ people } = at.site.org);
});
afterAll(() => at.stop());
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-20).join("\n"), at.site.hub.faults);
  // Connected throughout, and still of use.
  expect(at.site.hub.connections).toBe(1);
  await at.works();
});

interface Forgery {
  signers?: Signer[];
  warrant?: Partial<Warrant>;
  manifest?: Partial<Manifest>;
  work?: (work: Work) => Work | Promise<Work>;
}

type Rows = [what: string, make: () => Forgery, code: ErrorCode, unheard?: "unheard"][];

const forge = async ({ work, ...options }: Forgery): Promise<Work> => {
  const made = await at.site.work([at.change()], options);
  return work ? work(made) : made;
};

function refusesAll(number: string, rows: Rows): void {
  it.each(rows)(`${number}: %s`, async (_, make, code, unheard) => {
    const attack = { work: () => forge(make()), code, unheard: unheard !== undefined };
    expect(await at.refuses(attack)).toEqual(unheard ? unheardAs(code) : refusedAs(code));
  });
}

const reauthorised = (alter: (envelope: Envelope) => Envelope) => (work: Work) => ({
  ...work,
  authority: alter(work.authority),
});
const repacked = (alter: (warrant: Warrant) => object) =>
  reauthorised((envelope) => {
    const warrant = JSON.parse(new TextDecoder().decode(fromBase64url(envelope.payload))) as Warrant;
    return { ...envelope, payload: toBase64url(jcs(alter(warrant))) };
  });
const now = () => Math.floor(Date.now() / 1000);

describe("T1: the author alone", () => {
  refusesAll("T1", [
    ["signs once", () => ({ signers: [people.ann] }), "THRESHOLD"],
    [
      "signs something destructive with one approver, where two are asked for",
      () => ({ signers: [people.ann, people.bob], warrant: { risk: "destructive" } }),
      "THRESHOLD",
    ],
  ]);
});

describe("T2: the author as their own approver", () => {
  refusesAll("T2", [
    ["with the same key", () => ({ signers: [people.ann, people.ann] }), "THRESHOLD"],
    ["with a second key of their own", () => ({ signers: [people.ann, annsOther] }), "THRESHOLD"],
  ]);
});

describe("T3: one approver's signature twice", () => {
  const destructive = { risk: "destructive" } as const;
  refusesAll("T3", [
    ["counts once", () => ({ signers: [people.ann, people.bob, people.bob], warrant: destructive }), "THRESHOLD"],
  ]);
});

describe("T4: an approver of another site", () => {
  refusesAll("T4", [
    ["counts for nothing here", () => ({ signers: [people.ann, people.cyd] }), "THRESHOLD"],
    [
      "nor as an author",
      () => ({ signers: [people.cyd, people.bob], warrant: { author: "cyd" as PersonId } }),
      "NO_AUTHOR",
    ],
  ]);
});

describe("T5: keys that are nobody's", () => {
  refusesAll("T5", [
    ["the hub's as author and approver", () => ({ signers: [at.site.org.hub, at.site.org.hub] }), "SIGNATURE_MISSING"],
    ["a stranger's", () => ({ signers: [stranger, stranger] }), "SIGNATURE_MISSING"],
    ["the hub's as author, beside a true approver", () => ({ signers: [at.site.org.hub, people.bob] }), "NO_AUTHOR"],
    ["the hub's as approver, beside the true author", () => ({ signers: [people.ann, at.site.org.hub] }), "THRESHOLD"],
  ]);
});

describe("T6: a revoked key", () => {
  const before = { iat: 1_700_000_000 };
  refusesAll("T6", [
    ["as approver", () => ({ signers: [people.ann, rex] }), "THRESHOLD"],
    [
      "as approver, in a document dated before the revocation",
      () => ({
        signers: [people.ann, rex],
        warrant: { ...before, exp: 1_700_000_000 + 40 * 86_400, nbf: 1_700_000_000 },
      }),
      "EXPIRED",
    ],
    [
      "as approver, dated an hour before the revocation",
      () => ({ signers: [people.ann, rex], warrant: { iat: now() - 3600, nbf: now() - 3600 } }),
      "THRESHOLD",
    ],
    ["as author", () => ({ signers: [rex, people.bob], warrant: { author: "rex" as PersonId } }), "NO_AUTHOR"],
  ]);
});

describe("T7: altered after signing", () => {
  refusesAll("T7", [
    ["the title", () => ({ work: repacked((warrant) => ({ ...warrant, title: "another" })) }), "SIGNATURE_BAD"],
    ["the risk", () => ({ work: repacked((warrant) => ({ ...warrant, risk: "read" })) }), "SIGNATURE_BAD"],
    ["the end", () => ({ work: repacked((warrant) => ({ ...warrant, exp: warrant.exp + 1 })) }), "SIGNATURE_BAD"],
    [
      "a signature from another warrant",
      () => ({
        work: async (work) => {
          const other = await forge({});
          const signatures = work.authority.signatures.map((own, index) =>
            index === 1 ? (other.authority.signatures[1] ?? own) : own,
          );
          return { ...work, authority: { ...work.authority, signatures } };
        },
      }),
      "SIGNATURE_BAD",
    ],
    [
      "one byte of the manifest",
      () => ({
        work: (work) => {
          const manifest = work.manifest.slice();
          const place = manifest.length - 40;
          manifest[place] = (manifest[place] ?? 0) ^ 1;
          return { ...work, manifest };
        },
      }),
      "MANIFEST_UNKNOWN",
    ],
    [
      "the manifest of another warrant",
      () => ({ work: async (work) => ({ ...work, manifest: (await forge({})).manifest }) }),
      "MANIFEST_UNKNOWN",
    ],
  ]);
});

describe("T17: when", () => {
  const without = async (work: Work, member: string): Promise<Work> => {
    const payload = JSON.parse(new TextDecoder().decode(fromBase64url(work.authority.payload))) as object;
    const bytes = jcs(Object.fromEntries(Object.entries(payload).filter(([key]) => key !== member)));
    const authority = await signRaw("farhand-warrant+jws", bytes, [people.ann, people.bob]);
    return { ...work, authority, authorityDigest: sha256(bytes) };
  };
  refusesAll("T17", [
    ["no end", () => ({ work: (work) => without(work, "exp") }), "SCHEMA"],
    ["no beginning", () => ({ work: (work) => without(work, "nbf") }), "SCHEMA"],
    ["a life longer than the policy's", () => ({ warrant: { exp: now() + 46 * 86_400 } }), "LIFETIME"],
    ["an end before its beginning", () => ({ warrant: { nbf: now(), exp: now() } }), "LIFETIME"],
    ["a beginning in the future", () => ({ warrant: { nbf: now() + 1800 } }), "NOT_YET_VALID"],
    [
      "an end that has passed",
      () => ({ warrant: { iat: now() - 7200, nbf: now() - 7200, exp: now() - 3600 } }),
      "EXPIRED",
    ],
  ]);
});

describe("T18: for somebody else", () => {
  refusesAll("T18", [
    ["another organisation's warrant", () => ({ warrant: { org: "evil" as Warrant["org"] } }), "WRONG_ORG"],
    ["another organisation's manifest", () => ({ manifest: { org: "evil" as Manifest["org"] } }), "WRONG_ORG"],
    ["another site", () => ({ manifest: { site: id.lon }, warrant: { sites: [id.lon] } }), "WRONG_SITE"],
    ["a site that the warrant leaves out", () => ({ warrant: { sites: [id.lon] } }), "WRONG_SITE"],
    ["another agent", () => ({ manifest: { agents: [id.agentLon] } }), "WRONG_AGENT"],
    ["the name that this agent had", () => ({ manifest: { agents: ["agent-ams-old" as AgentId] } }), "WRONG_AGENT"],
  ]);
  it("T18: an offer made out to another agent is not even answered", async () => {
    const attack = { work: () => forge({ work: (work) => ({ ...work, over: { agent: id.agentLon } }) }) };
    expect(await at.refuses({ ...attack, code: "WRONG_AGENT", unheard: true })).toEqual(unheardAs("WRONG_AGENT"));
  });
});

describe("T19: the offer", () => {
  const offered =
    (over: Work["over"], more: Partial<Work> = {}) =>
    (): Forgery => ({
      work: (work) => ({ ...work, ...(over ? { over } : {}), ...more }),
    });
  refusesAll("T19", [
    ["answers another pull", offered({ nonce: "A".repeat(43) }), "NONCE", "unheard"],
    ["lives for longer than fifteen minutes", () => offered({ iat: now(), exp: now() + 901 })(), "LIFETIME", "unheard"],
    ["ends before it begins", () => offered({ iat: now(), exp: now() })(), "LIFETIME", "unheard"],
    ["is another hub's", offered({ hub: "hub-2" }), "OFFER_MISMATCH", "unheard"],
    ["is for another organisation", offered({ org: "evil" as Warrant["org"] }), "WRONG_ORG", "unheard"],
    ["is signed by the hub's old key", () => offered(undefined, { vouches: oldHub })(), "SIGNATURE_MISSING", "unheard"],
    ["is signed by a person", () => offered(undefined, { vouches: people.ann })(), "SIGNATURE_MISSING", "unheard"],
    ["names other bytes than come", offered({ manifest: "1".repeat(64) as Digest }), "MANIFEST_UNKNOWN"],
    [
      "names another warrant",
      offered({ authority: { kind: "warrant", sha256: "2".repeat(64) as Digest } }),
      "OFFER_MISMATCH",
    ],
    ["counts more attempts than were signed", offered({ attempt: 2 }), "ATTEMPTS"],
    ["calls the warrant a grant", () => offered(undefined, { kind: "grant" })(), "ENVELOPE_TYPE"],
    [
      "calls the warrant a stage",
      () => offered({ authority: { kind: "stage", sha256: "2".repeat(64) as Digest } })(),
      "ENVELOPE_TYPE",
    ],
  ]);
  it("T19: none: a manifest that nobody offered is written down and not read", async () => {
    const work = await forge({});
    const [mark, before] = [at.site.log.length, at.connections];
    at.site.hub.send("manifest", { sha256: sha256(work.manifest) }, work.manifest);
    await expect.poll(() => at.refusalIn(mark)).toBe("OFFER_MISMATCH");
    expect(at.connections).toBe(before);
  });
});

describe("T34: what logs in, and where", () => {
  const naming = (member: object) => (): Forgery => ({ manifest: { tasks: [{ ...at.change(), ...member } as never] } });
  refusesAll("T34", [
    ["another credential than the signed inventory binds", naming({ credential: "root" }), "CREDENTIAL_BINDING"],
    ["a password", naming({ password: "s3cret" }), "CREDENTIAL_BINDING"],
    ["an address", naming({ address: "203.0.113.66" }), "CREDENTIAL_BINDING"],
    ["a name that an attacker's DNS answers", naming({ host: "ams-r1.evil.example" }), "CREDENTIAL_BINDING"],
    ["another port", naming({ port: 2222 }), "CREDENTIAL_BINDING"],
    ["another host key", naming({ hostKeys: [] }), "CREDENTIAL_BINDING"],
    ["a device that the signed inventory does not have", naming({ device: "203.0.113.66" }), "INVENTORY_MISMATCH"],
    ["a device of another site", naming({ device: "lon-r1" }), "WRONG_SITE"],
  ]);
});
