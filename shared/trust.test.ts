import { beforeAll, describe, expect, it } from "vitest";
import { jcs, sha256 } from "./bytes.ts";
import type { Agents } from "./documents/agents.ts";
import type { Inventory } from "./documents/inventory.ts";
import type { Keys } from "./documents/keys.ts";
import { signEnvelope } from "./envelope.ts";
import { errorCode } from "./errors.ts";
import type { KeyId, OrgId, PersonId, SiteId } from "./ids.ts";
import { generateSigningJwk, signerFrom, type Signer } from "./keys.ts";
import { id, makeOrg, NO_DIGEST, type TestOrg } from "./testing/org.ts";
import { authorise, holdsRole, openAgents, openInventory, openNewerKeys, openPinnedKeys, TrustStore } from "./trust.ts";

let org: TestOrg;
let keys: Keys;
let other: Signer;
beforeAll(async () => {
  org = await makeOrg();
  keys = org.trust.keys.document;
  other = await signerFrom(await generateSigningJwk());
});

const evil = "evil" as OrgId;
const entry = ({ kid, publicKey }: Signer) => ({ kid, publicKey });
const revoked = ({ kid }: Signer): Keys["revoked"][number] => ({ kid, reason: "left", at: org.nowSeconds });
/** That person's keys are these. */
const holding = (person: string, held: readonly ReturnType<typeof entry>[]): Keys => ({
  ...keys,
  people: keys.people.map((one) => (one.id === person ? { ...one, keys: [...held] } : one)),
});
const storeOf = (document: Keys): TrustStore => new TrustStore({ document, digest: NO_DIGEST, bytes: jcs(document) });

const pinned = async (document: Keys, signer = org.people.kim, pin = sha256(jcs(document))): Promise<string> =>
  openPinnedKeys(await signEnvelope("farhand-keys+jws", document, [signer]), pin).then(() => "taken", errorCode);
const newer = async (over: Partial<Keys>, signer = org.people.kim, held = org.trust): Promise<string> =>
  openNewerKeys(await signEnvelope("farhand-keys+jws", { ...keys, version: 2, ...over }, [signer]), held).then(
    () => "taken",
    errorCode,
  );

describe("the first keys.json", () => {
  it("is the pinned one, signed by a keyadmin of its own", async () => {
    expect(await pinned(keys)).toBe("taken");
    expect(await pinned(keys, org.people.kim, NO_DIGEST)).toBe("SIGNATURE_BAD");
    for (const signer of [org.people.ann, org.hub, other]) expect(await pinned(keys, signer)).toBe("SIGNATURE_MISSING");
    expect(await pinned({ ...keys, revoked: [revoked(org.people.kim)] })).toBe("SIGNATURE_MISSING");
  });

  it("names each key by its thumbprint, and once", async () => {
    const { ann, bob } = org.people;
    expect(await pinned(holding("ann", [entry(ann), entry(other)]))).toBe("taken");
    expect(await pinned(holding("ann", [{ ...entry(ann), kid: other.kid }]))).toBe("SCHEMA");
    expect(await pinned(holding("ann", [entry(ann), entry(ann)]))).toBe("SCHEMA");
    expect(await pinned(holding("ann", [entry(bob)]))).toBe("SCHEMA");
    expect(await pinned(holding("ann", [entry(org.hub)]))).toBe("SCHEMA");
  });
});

describe("a newer keys.json", () => {
  it("is signed by a keyadmin of the one that is held", async () => {
    expect(await newer({})).toBe("taken");
    for (const signer of [org.people.ann, org.hub, other]) expect(await newer({}, signer)).toBe("SIGNATURE_MISSING");
    const held = storeOf({ ...keys, revoked: [revoked(org.people.kim)] });
    expect(await newer({}, org.people.kim, held)).toBe("SIGNATURE_MISSING");
    // Who is keyadmin only in the new one.
    const people = keys.people.map((person) =>
      person.id === id.ann ? { ...person, roles: [{ role: "keyadmin" as const, sites: ["*" as const] }] } : person,
    );
    expect(await newer({ people }, org.people.ann)).toBe("SIGNATURE_MISSING");
  });

  it("is of the same organisation, not older, and names each key by its thumbprint", async () => {
    expect(await newer({ org: evil })).toBe("WRONG_ORG");
    expect(await newer({ version: 1 }, org.people.kim, storeOf({ ...keys, version: 2 }))).toBe("KEYS_VERSION");
    const { people } = holding("ann", [{ ...entry(org.people.ann), kid: other.kid }]);
    expect(await newer({ people })).toBe("SCHEMA");
  });
});

describe("agents.json and inventory.json", () => {
  const agents = async (over: Partial<Agents>, signer = org.people.kim): Promise<string> =>
    openAgents(
      await signEnvelope("farhand-agents+jws", { ...org.agentsDocument.document, ...over }, [signer]),
      org.trust,
    ).then(() => "taken", errorCode);
  const inventory = async (over: Partial<Inventory>, signer = org.people.kim): Promise<string> =>
    openInventory(
      await signEnvelope("farhand-inventory+jws", { ...org.inventory.inventory.document, ...over }, [signer]),
      org.trust,
    ).then(() => "taken", errorCode);

  it.each([
    ["agents.json", agents],
    ["inventory.json", inventory],
  ])("%s is of this organisation, by a keyadmin", async (_, open) => {
    expect(await open({})).toBe("taken");
    expect(await open({ org: evil })).toBe("WRONG_ORG");
    for (const signer of [org.people.ann, org.hub, other]) expect(await open({}, signer)).toBe("SIGNATURE_MISSING");
  });
});

describe("who holds what", () => {
  it("a revoked key is no person's and no hub's key", () => {
    const { ann } = org.people;
    const store = storeOf({ ...keys, revoked: [revoked(ann), revoked(org.hub)] });
    expect(org.trust.personKey(ann.kid)).toBe(ann.publicKey);
    expect(org.trust.hubKey(org.hub.kid)).toBe(org.hub.publicKey);
    expect(store.personKey(ann.kid)).toBeUndefined();
    expect(store.personOf(ann.kid)).toBeUndefined();
    expect(store.ownerOf(ann.kid)?.id).toBe(id.ann);
    expect(store.hubKey(org.hub.kid)).toBeUndefined();
    expect(store.personKey(org.hub.kid)).toBeUndefined();
  });

  it("a site that no entry names has no policy", () => {
    const store = storeOf({ ...keys, sitePolicies: [{ site: id.ams, policy: id.policy }] });
    expect(store.policyOf(id.ams)?.id).toBe(id.policy);
    expect(store.policyOf(id.lon)).toBeUndefined();
  });

  it("a role holds at its own sites, read entry by entry", () => {
    const person = (roles: Keys["people"][number]["roles"]) => ({ id: id.ann, name: "Ann", keys: [], roles });
    const ams = person([
      { role: "author", sites: [id.ams] },
      { role: "approver", sites: ["*"] },
    ]);
    expect(holdsRole(ams, "author", [id.ams])).toBe(true);
    expect(holdsRole(ams, "author", [id.lon])).toBe(false);
    expect(holdsRole(ams, "author", [id.ams, id.lon])).toBe(false);
    expect(holdsRole(ams, "approver", [id.ams, "anywhere" as SiteId])).toBe(true);
    expect(holdsRole(ams, "keyadmin", [id.ams])).toBe(false);
  });
});

describe("the threshold", () => {
  const verdict = (
    kids: readonly KeyId[],
    author: PersonId,
    rule: { approvers: number; onePerson: boolean },
  ): string => {
    const [policy] = keys.policies;
    if (!policy) throw new Error("no policy");
    const claim = {
      author,
      sites: [id.ams],
      policy: { ...policy, rules: { ...policy.rules, change: rule } },
      risk: "change",
    };
    try {
      return authorise(org.trust, kids, claim as Parameters<typeof authorise>[2]).signers.join(" ");
    } catch (error) {
      return errorCode(error);
    }
  };

  it("counts persons who may approve at the site, the author not among them", () => {
    const { ann, bob, cyd } = org.people;
    const one = { approvers: 1, onePerson: false };
    expect(verdict([ann.kid, bob.kid], id.ann, one)).toBe("ann bob");
    expect(verdict([ann.kid], id.ann, one)).toBe("THRESHOLD");
    expect(verdict([ann.kid, ann.kid], id.ann, one)).toBe("THRESHOLD");
    expect(verdict([ann.kid, cyd.kid], id.ann, one)).toBe("THRESHOLD");
    expect(verdict([ann.kid, org.hub.kid], id.ann, one)).toBe("THRESHOLD");
    expect(verdict([ann.kid, bob.kid], id.ann, { approvers: 2, onePerson: false })).toBe("THRESHOLD");
  });

  it("needs its author, who may be one", () => {
    const { ann, bob } = org.people;
    const none = { approvers: 0, onePerson: false };
    expect(verdict([ann.kid], id.ann, none)).toBe("ann");
    expect(verdict([bob.kid], id.ann, none)).toBe("NO_AUTHOR");
    expect(verdict([bob.kid], id.bob, none)).toBe("NO_AUTHOR");
    expect(verdict([], id.ann, none)).toBe("NO_AUTHOR");
  });

  it("is none where the policy says that one person may", () => {
    expect(verdict([org.people.ann.kid], id.ann, { approvers: 2, onePerson: true })).toBe("ann");
  });
});
