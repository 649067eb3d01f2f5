import { describe, expect, it } from "vitest";
import { SealedCredential } from "../../../shared/documents/credential.ts";
import type { Bytes } from "../../../shared/bytes.ts";
import { checkEnvelope, peekPayload, signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, signerFrom } from "../../../shared/keys.ts";
import { openCredential } from "../../../shared/sealed-credential.ts";
import { Secret } from "../../../shared/secret.ts";
import { agentOf, id, makeOrg, type TestOrg } from "../../../shared/testing/org.ts";
import { firstUpdate, nextUpdate } from "../../../shared/testing/trust-set.ts";
import { fileOfUpdate } from "../../../shared/tuf/file.ts";
import { makeTimestamp, signMetadata } from "../../../shared/tuf/make.ts";
import type { TrustUpdate } from "../../../shared/tuf/set.ts";
import { sealKey, writeKeyFile } from "../keys/key-file.ts";
import { stamped, trustOf, World } from "../testing/world.ts";

const PASSPHRASE = "a passphrase of enough length";
const PASSWORD = "canary-password-of-the-lab";
const COST = { n: 2 ** 10, r: 8, p: 1 };
const org = await makeOrg();

/** The same organisation with another document in its set. */
async function orgAfter(changes: { keys: Envelope }): Promise<TestOrg> {
  const update = await nextUpdate(org.view.set, [org.people.kim], changes, org.nowSeconds * 1000);
  return { ...org, view: await stamped(org, org.view, update) };
}

async function timestampFor({ snapshot }: TrustUpdate): Promise<Bytes> {
  if (!snapshot) throw new Error("no snapshot");
  const spec = { version: 9, expiresMs: (org.nowSeconds + 86_400) * 1000, snapshot };
  return signMetadata("timestamp", makeTimestamp(spec), [org.hub]);
}

/** Sam may send secrets to Amsterdam, as a keys.json of the same keyadmin says. */
async function worldOfSam(sites: string[] = [id.ams]) {
  const jwk = await generateSigningJwk();
  const sam = await signerFrom(jwk);
  const document = org.trust.keys.document;
  const keys = {
    ...document,
    people: [
      ...document.people,
      {
        id: "sam",
        name: "Sam",
        keys: [{ kid: sam.kid, publicKey: sam.publicKey }],
        roles: [{ role: "secrets", sites }],
      },
    ],
  };
  const keysEnvelope = await signEnvelope("farhand-keys+jws", { ...keys, version: 2 }, [org.people.kim]);
  const own = await orgAfter({ keys: keysEnvelope });
  const world = new World().trusting(own);
  writeKeyFile(world.path("sam.key.json"), await sealKey("sam" as PersonId, jwk, new Secret(PASSPHRASE), COST));
  world.write("pass", PASSPHRASE);
  world.write("value", `${PASSWORD}\n`);
  const taken: SealedCredential[] = [];
  const raw: string[] = [];
  const answers = {
    "GET /api/v1/trust": () => trustOf(own),
    "PUT /api/v1/secrets": ({ body }: { body: unknown }) => {
      raw.push(JSON.stringify(body));
      const sealed = SealedCredential.parse(peekPayload(checkEnvelope(body)));
      taken.push(sealed);
      const { agent, kind, name, version, exp } = sealed.context;
      const settled = { state: "waiting", code: null, settledMs: null };
      return {
        document: "ab".repeat(32),
        agent,
        kind,
        name,
        version,
        sender: "sam",
        sentMs: 0,
        expMs: exp * 1000,
        ...settled,
      };
    },
  };
  world.hub(answers);
  const send = (...args: string[]) =>
    world.run(
      "secret",
      "send",
      "lab",
      "--key",
      world.path("sam.key.json"),
      "--passphrase-file",
      world.path("pass"),
      ...args,
    );
  return { world, own, answers, taken, raw, send };
}

describe("farhand secret send", () => {
  it("seals to the agent that the keyadmin countersigned; the hub gets ciphertext", async () => {
    const { world, taken, raw, send } = await worldOfSam();
    using _ = world;
    const ran = await send("--agent", id.agentAms, "--username", "ops", "--value-file", world.path("value"), "--json");
    expect(ran).toMatchObject({ exit: 0, err: "" });
    const [sealed] = taken;
    if (!sealed) throw new Error("nothing came");
    expect(await openCredential(sealed.jwe, sealed.context, agentOf(org).boxJwk)).toEqual({
      kind: "credential",
      value: { username: "ops", password: PASSWORD },
    });
    await expect(openCredential(sealed.jwe, sealed.context, agentOf(org, id.agentLon).boxJwk)).rejects.toThrow(
      "SEALED",
    );
    for (const told of [ran.out, ran.err, ...raw]) {
      expect(told).not.toContain(PASSWORD);
      expect(told).not.toContain(Buffer.from(PASSWORD).toString("base64").slice(2, -4));
    }
  });

  it("sends what SNMP is spoken with: each passphrase is asked for, and its form is the only thing on the line", async () => {
    const { world, taken, raw, send } = await worldOfSam();
    using _ = world;
    world.typed = [PASSWORD, PASSWORD, "canary-of-privacy", "canary-of-privacy"];
    const snmp = ["--agent", id.agentAms, "--username", "monitor", "--snmp", "3:sha256:aes128"];
    expect(await send(...snmp)).toMatchObject({ exit: 0 });
    const [sealed] = taken;
    if (!sealed) throw new Error("nothing came");
    const privacy = { protocol: "aes128", passphrase: "canary-of-privacy" };
    expect(await openCredential(sealed.jwe, sealed.context, agentOf(org).boxJwk)).toEqual({
      kind: "credential",
      value: {
        username: "monitor",
        snmp: { version: "3", authProtocol: "sha256", authPassphrase: PASSWORD, privacy },
      },
    });
    for (const text of raw) expect(text).not.toContain("canary");
    for (const words of [
      ["--snmp", "3:md5"],
      ["--snmp", "2c", "--enable"],
      ["--snmp", "2c", "--private-key"],
    ])
      expect((await send("--agent", id.agentAms, "--username", "monitor", ...words)).err).toContain("USAGE");
    expect((await send("--agent", id.agentAms, "--snmp", "2c")).err).toContain("USAGE");
    expect(taken).toHaveLength(1);
  });

  it("asks on the terminal, twice, and takes no value from a flag", async () => {
    const { world, taken, send } = await worldOfSam();
    using _ = world;
    world.typed = ["typed-value", "typed-value"];
    expect(await send("--agent", id.agentAms)).toMatchObject({ exit: 0 });
    expect(taken[0]?.context.kind).toBe("secret");
    world.typed = ["typed-value", "other"];
    expect((await send("--agent", id.agentAms)).exit).not.toBe(0);
    expect((await send("--agent", id.agentAms, "--value", "x")).exit).not.toBe(0);
    expect(taken).toHaveLength(1);
  });

  it("T41: an agent that nobody countersigned, or whose key the hub changed, gets nothing", async () => {
    const { world, own, answers, taken, send } = await worldOfSam();
    using _ = world;
    const value = ["--username", "ops", "--value-file", world.path("value")];
    expect((await send("--agent", "agent-new", ...value)).err).toContain("NOT_FOUND");
    const hubs = await generateBoxJwk();
    const changed = {
      ...org.agentsDocument.document,
      version: org.agentsDocument.document.version + 1,
      agents: org.agentsDocument.document.agents.map((agent) => ({ ...agent, boxKey: hubs.x })),
    };
    const nowMs = org.nowSeconds * 1000;
    for (const [signer, code] of [
      [org.hub, "SIGNATURE_BAD"],
      [org.people.ann, "SIGNATURE_BAD"],
    ] as const) {
      const agents = await signEnvelope("farhand-agents+jws", changed, [signer]);
      const update = await nextUpdate(own.view.set, [signer], { agents }, nowMs);
      const file = fileOfUpdate({ ...firstUpdate(own.view.set), ...update, timestamp: await timestampFor(update) });
      world.hub({ ...answers, "GET /api/v1/trust": () => file });
      expect((await send("--agent", id.agentAms, ...value)).err).toContain(code);
    }
    // Even where a keyadmin signs the set by mistake: who wrote the document inside must be one too.
    const agents = await signEnvelope("farhand-agents+jws", changed, [org.hub]);
    const update = await nextUpdate(own.view.set, [org.people.kim], { agents }, nowMs);
    const file = fileOfUpdate({ ...firstUpdate(own.view.set), ...update, timestamp: await timestampFor(update) });
    world.hub({ ...answers, "GET /api/v1/trust": () => file });
    expect((await send("--agent", id.agentAms, ...value)).err).toContain("SIGNATURE_MISSING");
    // An agents.json that was there before and is not now was taken away.
    const { agents: _agents, ...rest } = trustOf(own).documents;
    world.hub({ ...answers, "GET /api/v1/trust": () => ({ ...trustOf(own), documents: rest }) });
    expect((await send("--site", id.ams, ...value)).err).toContain("TRUST_MISMATCH");
    expect(taken).toEqual([]);
  });

  it("is refused for a site where its sender may not send", async () => {
    const { world, taken, send } = await worldOfSam([id.lon]);
    using _ = world;
    const ran = await send("--agent", id.agentAms, "--value-file", world.path("value"));
    expect(ran.err).toContain("FORBIDDEN");
    expect(taken).toEqual([]);
  });
});
