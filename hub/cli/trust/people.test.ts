// What two people and five do with their keys over the years, by the commands that they type.
import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { envelopeBytes, parseEnvelope, signEnvelope } from "../../../shared/envelope.ts";
import { generateBoxJwk, generateSigningJwk, signerFrom, type Signer } from "../../../shared/keys.ts";
import { decodeTrustFile, fileOfUpdate, TrustFile, updateOfFile } from "../../../shared/tuf/file.ts";
import { makeTimestamp, signMetadata } from "../../../shared/tuf/make.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { openFirstTrust, openTrustUpdate, type TrustView } from "../../../shared/tuf/open.ts";
import type { TrustUpdate } from "../../../shared/tuf/set.ts";
import { TEST_NOW_SECONDS } from "../../../shared/testing/org.ts";
import { World, type Answers, type Ran } from "../testing/world.ts";

const DAY_MS = 86_400_000;
const PASSPHRASE = "correct horse battery";
let world: World;
let hub: Signer;
let view: TrustView | undefined;
let roots: TrustUpdate["roots"];

/** A hub as far as its trust repository goes: takes what holds, stamps it, shows it. */
const answers: Answers = {
  "GET /api/v1/trust": () => fileOfUpdate({ ...view?.set, roots }),
  "PUT /api/v1/trust": async ({ body }) => {
    const update = updateOfFile(TrustFile.parse(body));
    const nowMs = world.clock.nowMs();
    const snapshot = update.snapshot ?? view?.set.snapshot;
    if (!snapshot) throw new Error("no snapshot");
    const version = (view?.facts.versions.timestamp ?? 0) + 1;
    const spec = { version, expiresMs: nowMs + 7 * DAY_MS, snapshot };
    const timestamp = await signMetadata("timestamp", makeTimestamp(spec), [hub]);
    const [first] = update.roots ?? [];
    if (!view && !first) throw new Error("no root");
    view = view
      ? await openTrustUpdate(view, { ...update, timestamp }, { nowMs })
      : await openFirstTrust(first ?? new Uint8Array(), { ...update, timestamp }, { nowMs });
    roots = update.roots;
    return view.facts.versions;
  },
};

beforeEach(async () => {
  world = new World();
  hub = await signerFrom(await generateSigningJwk());
  view = undefined;
  roots = [];
  world.hub(answers);
  world.write("pass", PASSPHRASE);
  world.write("token", "secret-token\n");
  const evidence = (await generateBoxJwk()).x;
  world.write("hub-key.json", JSON.stringify({ id: "hub-1", publicKey: hub.publicKey, evidence }));
});
afterEach(() => world[Symbol.dispose]());

const run = (line: string): Promise<Ran> => world.run(...line.split(" "), "--passphrase-file", "pass");
const plain = (line: string): Promise<Ran> => world.run(...line.split(" "));
async function ok(line: string): Promise<Ran> {
  const ran = await run(line);
  expect(ran.exit, `${line}: ${ran.err}`).toBe(0);
  return ran;
}
/** The team's own way from nothing to a hub that serves what it trusts; from then on the trust file is what they signed. */
async function found(team: string, ...people: string[]): Promise<void> {
  await ok(`trust init --org acme --hub-key-file hub-key.json --team ${team} --person ${people.join(",")} --out trust`);
  world.write("trust.json", readFileSync(world.path("trust/trust.json")));
  const published = await plain("trust publish trust/trust.json");
  expect(published.exit, published.err).toBe(0);
}
async function newKeyOf(person: string, file = `${person}-2.key.json`): Promise<{ publicKey: string; kid: string }> {
  const { out } = await ok(`key new ${person} --out ${file} --json`);
  return JSON.parse(out) as { publicKey: string; kid: string };
}
const held = () => {
  if (!view) throw new Error("nothing is published");
  return {
    ...view,
    keys: view.keys,
    document: view.keys.keys.document,
    root: readMetadata("root", view.set.root).signed,
  };
};
const rolesOf = (person: string) => held().document.people.find(({ id }) => id === person)?.roles;

describe("a team of one", () => {
  it("does everything alone, and what it signs says so", async () => {
    await found("one", "ann");
    expect(held().document.policies[0]?.rules.change).toEqual({ approvers: 0, onePerson: true });
    expect(held().root.roles).toMatchObject({ root: { threshold: 1 }, targets: { threshold: 1 } });
    expect((await plain("trust doctor")).out).toContain("nothing to do");
  });

  it("replaces its lost laptop by the key in the safe", async () => {
    await found("one", "ann");
    const { publicKey, kid } = await newKeyOf("ann");
    await ok(
      `trust rotate keyadmin ann --public-key ${publicKey} --fingerprint ${kid} --reason compromised --root-key trust/safe.root.key.json --key ann-2.key.json`,
    );
    expect(held().root).toMatchObject({ version: 2, roles: { targets: { keyids: [kid] } } });
    expect(held().document.revoked).toMatchObject([{ reason: "compromised" }]);
    expect((await run("trust renew --key trust/ann.key.json")).exit).toBe(1);
    await ok("trust renew --key ann-2.key.json");
  });
});

describe("a team of two", () => {
  beforeEach(() => found("two", "ann", "bob"));

  it("two sign what changes the trust documents: one begins, the other sees what it is and finishes", async () => {
    expect(held().root.roles).toMatchObject({ root: { threshold: 2 }, targets: { threshold: 2 } });
    const { publicKey, kid } = await newKeyOf("dan", "dan.key.json");
    const add = `trust person add dan --public-key ${publicKey} --fingerprint ${kid} --role author --role approver@ams`;
    expect((await run(`${add} --fingerprint ${kid.slice(1)}A --key trust/ann.key.json`)).exit).not.toBe(0);
    const begun = await ok(`${add} --key trust/ann.key.json`);
    expect(begun.err).toContain("1 more of the keyadmins must sign it");
    expect(rolesOf("dan")).toBeUndefined();
    const alone = await run("trust publish trust-draft.json".concat(" --json").replace(" --json", ""));
    expect(alone.exit).not.toBe(0);
    // The one who began it counts once.
    expect((await run("trust sign trust-draft.json --key trust/ann.key.json --yes")).err).toContain(
      "1 more of the keyadmins",
    );
    const signed = await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect(signed.err).toContain("+ person dan (dan): author at *; approver at ams");
    expect(signed.out).toContain("in force");
    expect(rolesOf("dan")).toEqual([
      { role: "author", sites: ["*"] },
      { role: "approver", sites: ["ams"] },
    ]);
    expect(existsSync(world.path("trust-draft.json"))).toBe(false);
  });

  it("T23: a draft that somebody changed on the way is refused, whoever finishes it", async () => {
    const { publicKey, kid } = await newKeyOf("eve", "eve.key.json");
    await ok("trust renew --key trust/ann.key.json");
    const draft = decodeTrustFile(readFileSync(world.path("trust-draft.json")));
    const keys = held().document;
    const people = [...keys.people, { ...keys.people[0], id: "eve", name: "Eve", keys: [{ kid, publicKey }] }];
    const eve = await signerFrom(await generateSigningJwk());
    const forged = await signEnvelope("farhand-keys+jws", { ...keys, version: 2, people }, [eve]);
    const swapped = { ...draft, documents: { ...draft.documents, keys: envelopeBytes(forged) } };
    world.write("trust-draft.json", JSON.stringify(fileOfUpdate(swapped)));
    const ran = await run("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect(ran.exit).toBe(1);
    expect(ran.err).toMatch(/TRUST_MISMATCH|PAYLOAD_NOT_CANONICAL/);
    expect(held().facts.versions.targets).toBe(1);
  });

  it("a lost laptop: the other, the safe and a new key replace it; what the old key signed is void", async () => {
    const old = held().document.people.find(({ id }) => id === "bob")?.keys[0]?.kid;
    const { publicKey, kid } = await newKeyOf("bob");
    await ok(
      `trust rotate keyadmin bob --public-key ${publicKey} --fingerprint ${kid} --reason compromised --root-key trust/ann.root.key.json,trust/safe.root.key.json --key trust/ann.key.json`,
    );
    const signed = await ok("trust sign trust-draft.json --key bob-2.key.json --yes");
    expect(signed.err).toContain(`! + keyadmin ${kid}`);
    expect(signed.err).toContain(`! key of bob revoked (compromised): ${old ?? ""}`);
    expect(held().root).toMatchObject({ version: 2 });
    expect(held().keys.personOf(kid as never)?.id).toBe("bob");
    expect(held().keys.personOf(old ?? ("" as never))).toBeUndefined();
  });

  it("one root key alone replaces nobody", async () => {
    const { publicKey, kid } = await newKeyOf("bob");
    const ran = await ok(
      `trust rotate keyadmin bob --public-key ${publicKey} --fingerprint ${kid} --reason compromised --root-key trust/safe.root.key.json --key trust/ann.key.json`,
    );
    expect(ran.err).toContain("1 more root key and 1 more of the keyadmins must sign it");
    expect((await ok("trust sign trust-draft.json --key bob-2.key.json --yes")).err).toContain(
      "1 more root key must sign it",
    );
    expect(held().facts.versions.root).toBe(1);
    await ok("trust sign trust-draft.json --key trust/ann.root.key.json --yes");
    expect(held().facts.versions.root).toBe(2);
  });

  it("warns before anything ends, and a renewal puts it off", async () => {
    world.clock.advance(61 * DAY_MS);
    if (!view) throw new Error("nothing");
    // The hub has said every hour that this is the newest.
    const spec = { version: 9, expiresMs: world.clock.nowMs() + 7 * DAY_MS, snapshot: view.set.snapshot };
    const timestamp = await signMetadata("timestamp", makeTimestamp(spec), [hub]);
    view = await openTrustUpdate(view, { timestamp }, { nowMs: world.clock.nowMs() });
    const doctor = await plain("trust doctor");
    expect(doctor.exit).toBe(1);
    expect(doctor.out).toContain("targets.json ends in 29 days: farhand trust renew");
    await ok("trust renew --key trust/ann.key.json");
    await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect((await plain("trust doctor")).out).toContain("nothing to do");
    expect(Date.parse(held().root.expires)).toBeGreaterThan(TEST_NOW_SECONDS * 1000 + 700 * DAY_MS);
  });

  it("root.json is renewed by its own keys", async () => {
    await ok("trust rotate root --root-key trust/ann.root.key.json,trust/bob.root.key.json --key trust/ann.key.json");
    await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect(held().root).toMatchObject({ version: 2, roles: { root: { threshold: 2 } } });
  });

  it("another hub key is believed once root says so, however far the old one ran ahead", async () => {
    if (!view) throw new Error("nothing");
    const spec = { version: 2 ** 31, expiresMs: world.clock.nowMs() + 7 * DAY_MS, snapshot: view.set.snapshot };
    const timestamp = await signMetadata("timestamp", makeTimestamp(spec), [hub]);
    view = await openTrustUpdate(view, { timestamp }, { nowMs: world.clock.nowMs() });
    const next = await signerFrom(await generateSigningJwk());
    world.write("hub-2.json", JSON.stringify({ id: "hub-1", publicKey: next.publicKey }));
    await ok(
      "trust rotate hub --hub-key-file hub-2.json --root-key trust/ann.root.key.json,trust/bob.root.key.json --key trust/ann.key.json",
    );
    hub = next;
    await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect(held().root.roles.timestamp.keyids).toEqual([next.kid]);
    expect(held().keys.hubKey(next.kid)).toBe(next.publicKey);
  });
});

describe("a team of five", () => {
  it("one of them leaves: roles go, the doctor says what root still names", async () => {
    await found("five", "ann", "bob", "cyd", "dan", "eli");
    expect(held().root.roles).toMatchObject({ root: { threshold: 2 }, targets: { threshold: 2 } });
    expect(held().root.roles.targets.keyids).toHaveLength(3);
    const left = await ok("trust person revoke cyd --reason left --key trust/ann.key.json");
    expect(left.err).toContain("root.json still names cyd's key: farhand trust rotate keyadmin cyd");
    await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect((await plain("trust doctor")).out).toContain("root.json names a revoked key of cyd");
    expect((await run("trust renew --key trust/cyd.key.json")).err).toMatch(/NO_AUTHOR|SIGNATURE/);
    await ok("trust person roles dan --role approver@ams --key trust/ann.key.json");
    await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
    expect(rolesOf("dan")).toEqual([{ role: "approver", sites: ["ams"] }]);
  });

  it("is made of five people, and says so where it is not", async () => {
    const init = "trust init --org acme --hub-key-file hub-key.json --out trust";
    expect((await run(`${init} --team five --person ann,bob`)).err).toContain("takes 5 times --person");
    expect((await run(`${init} --team two --person ann,bob --author ann`)).err).toContain("--team settles the roles");
    expect((await run(`${init} --team two --person ann,safe`)).err).toContain("no person is called safe");
    expect((await run(init)).err).toContain("nobody keeps the keys");
  });
});

it("an anchor from years ago still leads to the newest set, and a fetched one is as good", async () => {
  await found("two", "ann", "bob");
  await ok("trust rotate root --root-key trust/ann.root.key.json,trust/safe.root.key.json --key trust/ann.key.json");
  await ok("trust sign trust-draft.json --key trust/bob.key.json --yes");
  const fetched = await plain("trust fetch --out newest.json");
  expect(fetched.exit, fetched.err).toBe(0);
  const shown = await plain("trust show newest.json --json");
  expect(JSON.parse(shown.out)).toMatchObject({ root: { version: 2 } });
  const { documents } = decodeTrustFile(readFileSync(world.path("newest.json")));
  expect(documents?.keys && parseEnvelope(documents.keys)).toBeDefined();
});
