import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseEnvelope } from "../../../shared/envelope.ts";
import { Secret } from "../../../shared/secret.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { signerFrom } from "../../../shared/keys.ts";
import { id, makeOrg } from "../../../shared/testing/org.ts";
import { verifyReadmission } from "../../../shared/verify/hands.ts";
import { makeKeyFile, writeKeyFile } from "../keys/key-file.ts";
import { World } from "../testing/world.ts";

const PASSPHRASE = "correct horse battery";
const EPOCH = "5".repeat(32);
const cheap = { n: 2 ** 10, r: 8, p: 1 };
const made = await makeKeyFile("own" as PersonId, "Ed25519", new Secret(PASSPHRASE), cheap);
const stranger = await makeKeyFile("ann" as PersonId, "Ed25519", new Secret(PASSPHRASE), cheap);
const own = await signerFrom(made.jwk);
const author = await signerFrom(stranger.jwk);
const person = (name: string, signer: typeof own, role: "keyadmin" | "author") => ({
  id: name as PersonId,
  name,
  keys: [{ kid: signer.kid, publicKey: signer.publicKey }],
  roles: [{ role, sites: ["*" as const] }],
});
const org = await makeOrg({
  keyadmins: [own],
  keys: (keys) => ({
    ...keys,
    people: [...keys.people, person("own", own, "keyadmin"), person("aud", author, "author")],
  }),
});

let world: World;
beforeEach(() => {
  world = new World().trusting(org);
  writeKeyFile(world.path("own.key.json"), made.file);
  writeKeyFile(world.path("author.key.json"), stranger.file);
  world.write("pass", PASSPHRASE);
});
afterEach(() => world[Symbol.dispose]());

const readmit = (agent: string, key: string, epoch = EPOCH) =>
  world.run(
    "agent",
    "readmit",
    agent,
    "--epoch",
    epoch,
    "--reason",
    "disk restored",
    "--key",
    key,
    "--passphrase-file",
    "pass",
  );

it("writes what the agent takes: for one agent, one quarantine, for seven days, by a keyadmin", async () => {
  expect(await readmit("agent-ams", "own.key.json")).toMatchObject({ exit: 0 });
  const envelope = parseEnvelope(new Uint8Array(readFileSync(world.path("agent-ams.readmission"))));
  const time = { nowMs: org.nowSeconds * 1000, errorMs: 0, floorMs: 0 };
  const context = { trust: org.trust, agent: id.agentAms, site: id.ams, time };
  const readmission = await verifyReadmission(envelope, context);
  expect(readmission).toMatchObject({ agent: "agent-ams", epoch: EPOCH, reason: "disk restored" });
  expect(readmission.exp - readmission.iat).toBe(7 * 86_400);
});

it("writes nothing for who may not sign it, for an agent that nobody knows, or without an epoch", async () => {
  expect((await readmit("agent-ams", "author.key.json")).err).toContain("FORBIDDEN");
  expect((await readmit("agent-amz", "own.key.json")).err).toContain("did you mean agent-ams");
  expect((await readmit("agent-ams", "own.key.json", "yesterday")).exit).not.toBe(0);
  expect(() => readFileSync(world.path("agent-ams.readmission"))).toThrow("ENOENT");
});
