import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chmodSync, readFileSync } from "node:fs";
import type { DeviceId, PersonId } from "../../../shared/ids.ts";
import type { Envelope } from "../../../shared/envelope.ts";
import { Envelope as EnvelopeSchema, openEnvelope } from "../../../shared/envelope.ts";
import type { Keys } from "../../../shared/documents/keys.ts";
import { signerFrom, type Signer } from "../../../shared/keys.ts";
import { Secret } from "../../../shared/secret.ts";
import { makeOrg, type TestOrg } from "../../../shared/testing/org.ts";
import { makeKeyFile, writeKeyFile, type KeyFile } from "../keys/key-file.ts";
import { JOB, makeBundle, planned, refOf } from "../testing/bundle.ts";
import { jobView } from "../testing/views.ts";
import { trustOf, World } from "../testing/world.ts";
import type { Bundle } from "./bundle.ts";

const PASSPHRASE = "correct horse battery";
const cheap = { n: 2 ** 10, r: 8, p: 1 };

async function person(name: string): Promise<{ file: KeyFile; signer: Signer }> {
  const { file, jwk } = await makeKeyFile(name as PersonId, "Ed25519", new Secret(PASSPHRASE), cheap);
  return { file, signer: await signerFrom(jwk) };
}

const ann = await person("ann");
const bob = await person("bob");
const eve = await person("eve");
const withKey = (keys: Keys, name: string, signer: Signer): Keys => ({
  ...keys,
  people: keys.people.map((entry) =>
    entry.id === name ? { ...entry, keys: [{ kid: signer.kid, publicKey: signer.publicKey }] } : entry,
  ),
});
const org: TestOrg = await makeOrg({ keys: (keys) => withKey(withKey(keys, "ann", ann.signer), "bob", bob.signer) });

let world: World;
let posted: Envelope[];
let bundle: Bundle;

function serve(served: Bundle): void {
  bundle = served;
  const blobs = [...served.blobs].map(([digest, bytes]) => [`GET /api/v1/blobs/${digest}`, () => bytes] as const);
  world.hub({
    "GET /api/v1/trust": () => trustOf(org),
    [`GET /api/v1/jobs/${JOB}/warrant`]: () => served.warrant,
    [`POST /api/v1/jobs/${JOB}/signatures`]: ({ body }) => {
      posted.push(EnvelopeSchema.parse(body));
      return jobView({ state: "PENDING_APPROVAL" });
    },
    ...Object.fromEntries(blobs),
  });
}

beforeEach(async () => {
  world = new World().trusting(org);
  posted = [];
  for (const [name, { file }] of Object.entries({ ann, bob, eve })) writeKeyFile(world.path(`${name}.key.json`), file);
  world.write("pass", `${PASSPHRASE}\n`);
  serve(await makeBundle(org, [planned("ams-r1"), planned("ams-r2")]));
});
afterEach(() => world[Symbol.dispose]());

const sign = (name: string, ...more: string[]) =>
  world.run("sign", JOB, "--key", `${name}.key.json`, "--passphrase-file", "pass", ...more);

describe("farhand sign", () => {
  it("signs the payload that it reviewed, and sends that one signature", async () => {
    const { exit, out, err } = await sign("bob", "--yes", "--no-input", "--json");
    expect({ exit, err: err.includes("+ ntp server 192.0.2.9") }).toEqual({ exit: 0, err: true });
    expect(JSON.parse(out)).toMatchObject({ schema: "farhand.signed/1", person: "bob", complete: false });
    expect(posted).toHaveLength(1);
    const [envelope] = posted;
    if (!envelope) throw new Error("nothing was posted");
    expect(envelope.payload).toBe(bundle.warrant.payload);
    expect((await openEnvelope("farhand-warrant+jws", envelope, org.trust.personKey)).kids).toEqual([bob.signer.kid]);
  });

  it("asks, and does nothing on any answer but yes", async () => {
    world.typed = ["y"];
    expect((await sign("bob")).exit).toBe(3);
    expect(posted).toEqual([]);
    world.typed = ["yes"];
    expect((await sign("bob")).exit).toBe(0);
    expect(posted).toHaveLength(1);
  });

  it("never signs unasked without --yes", async () => {
    expect(await sign("bob", "--no-input")).toMatchObject({
      exit: 64,
      err: expect.stringContaining("add --yes") as string,
    });
    expect(posted).toEqual([]);
  });

  it("signs nothing that an agent did not plan", async () => {
    serve(await makeBundle(org, [planned("ams-r1")], { task: (task) => ({ ...task, level: "A" }) }));
    const { exit, err } = await sign("bob", "--yes");
    expect({ exit, posted }).toEqual({ exit: 1, posted: [] });
    expect(err).toContain("RECEIPT_MISMATCH");
    expect(err).toContain("Do not sign");
  });

  it("makes no signature that would not count", async () => {
    expect(await sign("eve", "--yes")).toMatchObject({
      exit: 1,
      err: expect.stringContaining("SIGNATURE_MISSING") as string,
    });
    expect(posted).toEqual([]);
  });

  it("refuses a wrong passphrase, and a key file that others can read", async () => {
    world.write("pass", "another passphrase");
    expect((await sign("bob", "--yes")).err).toContain("KEY_FILE");
    world.write("pass", PASSPHRASE);
    chmodSync(world.path("bob.key.json"), 0o644);
    expect((await sign("bob", "--yes")).err).toContain("others can read it");
    expect(posted).toEqual([]);
  });

  it("reviews and signs a file with no hub, and sends the signatures later", async () => {
    expect((await world.run("review", JOB, "--out", "job.bundle")).exit).toBe(0);
    world.requests.length = 0;
    for (const name of ["ann", "bob"]) {
      expect(
        (
          await world.run(
            "sign",
            "--file",
            "job.bundle",
            "--key",
            `${name}.key.json`,
            "--passphrase-file",
            "pass",
            "--yes",
          )
        ).exit,
      ).toBe(0);
    }
    const { out } = await world.run("review", "--file", "job.bundle", "--json");
    expect(JSON.parse(out)).toMatchObject({
      schema: "farhand.review/1",
      signing: { complete: true, approvers: ["bob"] },
    });
    expect(world.requests).toEqual([]);
    expect((await world.run("sign", "--file", "job.bundle", "--send")).exit).toBe(0);
    expect(posted[0]?.signatures).toHaveLength(2);
  });

  it("refuses an altered bundle file", async () => {
    await world.run("review", JOB, "--out", "job.bundle");
    const text = readFileSync(world.path("job.bundle"), "utf8");
    world.write(
      "job.bundle",
      text.replace(bundle.warrant.manifests[0] ?? "?", (bundle.warrant.manifests[0] ?? "").replace(/.$/, "A")),
    );
    expect((await world.run("review", "--file", "job.bundle")).exit).toBe(1);
  });

  it("refuses a hub whose root is not the trusted one's successor", async () => {
    const stranger = await makeOrg();
    world.trusting(stranger);
    expect((await world.run("review", JOB)).err).toContain("TRUST_ROOT");
  });

  it("T35: shows what turns a line round or clears a screen by name, never as what it is", async () => {
    const line = "description \u202ekcab\u001b[2J\u0007 \u2066x";
    const diff = JSON.stringify([{ line, op: "add", path: [] }]);
    const commands = JSON.stringify(["configure terminal", line, "end"]);
    const device = planned("ams-r1", { diff: refOf(diff), commands: refOf(commands), text: refOf(`${line}\n`) });
    serve(await makeBundle(org, [device], { texts: [diff, commands, `${line}\n`] }));
    const { out } = await world.run("review", JOB);
    expect(["\u202e", "\u2066", "\u0007", "\u001b[2J"].filter((bad) => out.includes(bad))).toEqual([]);
    expect(out.match(/U\+202E|u202e/gi)?.length).toBeGreaterThanOrEqual(1);
  });

  it("shows each device of a job with many", async () => {
    const { out } = await world.run("review", JOB, "--json");
    const document = JSON.parse(out) as { groups: { devices: { device: DeviceId }[] }[] };
    expect(document.groups.flatMap((group) => group.devices.map((device) => device.device))).toEqual([
      "ams-r1",
      "ams-r2",
    ]);
  });
});
