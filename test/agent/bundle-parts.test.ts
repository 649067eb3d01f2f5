// What a bundle carries beside its work: what spoils it whole, what is refused by itself, and what is a fault of this host and comes again.
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { vaultPath } from "../../agent/config.ts";
import { lastBundle } from "../../agent/journal/bundles.ts";
import { timeFloorMs } from "../../agent/journal/meta.ts";
import { readJournal } from "../../agent/journal/read-only.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { sha256, utf8, type Bytes } from "../../shared/bytes.ts";
import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { envelopeBytes, signEnvelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { CredentialName, DeviceId } from "../../shared/ids.ts";
import type { BoxPublicKey } from "../../shared/keys.ts";
import { sealCredential } from "../../shared/sealed-credential.ts";
import { makeCheckpoint, makeEntries, stateOf } from "../../shared/testing/audit.ts";
import { id, makeGrant } from "../../shared/testing/org.ts";
import { encodeDown } from "../../shared/wire/messages.ts";
import { admit, makeInbound, putSticksAway, withOperators, type Inbound } from "./bundles.ts";
import { makeSite, type Site } from "./site.ts";

let site: Site;
beforeEach(async () => {
  site = await makeSite({ keys: withOperators });
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"));
  await site.stop();
  putSticksAway();
});

const collect: TaskSpec = { kind: "collect", device: "ams-r1" as DeviceId };

/** Takes it in, with a disk that is full, or worse, for what is stored under `full`. */
async function taken(bundle: Inbound, full?: string, fault: Error = new FarhandError("DISK_FULL")) {
  const agent = await site.start(
    (labels, phase) => {
      if (full !== undefined && phase === "before-commit" && labels.includes(full)) throw fault;
    },
    { idle: true },
  );
  try {
    return await agent.importBundle(bundle.path, await admit(site, bundle));
  } finally {
    await agent.stop();
  }
}
const codeOf = (bundle: Inbound, full?: string): Promise<string> => taken(bundle, full).then(() => "taken", errorCode);
const numberHeld = async (): Promise<number | undefined> =>
  (await readJournal(site.stateDir, (tx) => lastBundle(tx, "in")))?.number;
const logged = (event: string): string[] => site.log.filter((line) => line.startsWith(event));

describe("a checkpoint of the audit log", () => {
  const made = async (): Promise<Bytes> => {
    const envelope = await makeCheckpoint(site.org, stateOf(makeEntries(5), 5));
    return encodeDown("checkpoint", { from: 0, proof: [] }, envelopeBytes(envelope));
  };
  const carrying = (bytes: Bytes) => makeInbound(site, { extra: [{ kind: "checkpoint", bytes }] });

  it("is witnessed, and nothing else is taken for one", async () => {
    await taken(await carrying(await made()));
    expect(logged("checkpoint-refused")).toEqual([]);
  });

  it.each([
    ["another message", () => encodeDown("settled", { manifest: sha256("x"), attempt: 1 }), "PROTOCOL"],
    ["bytes that are no message", () => utf8("no message"), "PROTOCOL"],
  ])("is refused by itself where there is %s in its place", async (_, bytes, code) => {
    await taken(await carrying(bytes()));
    expect(logged("checkpoint-refused")).toEqual([expect.stringContaining(code)]);
    expect(await numberHeld()).toBe(1);
  });

  it("is brought again after a fault of this host", async () => {
    const bundle = await carrying(await made());
    expect(await codeOf(bundle, "checkpoint")).toBe("DISK_FULL");
    await expect(taken(bundle, "checkpoint", new Error("broken"))).rejects.toThrow("broken");
    expect(await numberHeld()).toBeUndefined();
    expect(await codeOf(bundle)).toBe("taken");
  });
});

describe("a hold", () => {
  const carrying = async (): Promise<Inbound> => {
    const hold = {
      type: "hold",
      v: 1,
      org: id.org,
      site: id.ams,
      device: "ams-r1",
      owner: id.ann,
      reason: "line card swap",
      generation: 1,
      held: true,
      iat: site.org.nowSeconds,
      exp: null,
    };
    const envelope = await signEnvelope("farhand-hold+jws", hold, [site.org.people.ann]);
    return makeInbound(site, { extra: [{ kind: "hold", bytes: envelopeBytes(envelope) }] });
  };

  it("is brought again after a fault of this host: no work comes in before it is known", async () => {
    const bundle = await carrying();
    expect(await codeOf(bundle, "hold")).toBe("DISK_FULL");
    await expect(taken(bundle, "hold", new Error("broken"))).rejects.toThrow("broken");
    expect(await numberHeld()).toBeUndefined();
    expect(await codeOf(bundle)).toBe("taken");
    expect(logged("hold-refused")).toEqual([]);
  });
});

describe("a grant with a schedule", () => {
  const carrying = async (over: Parameters<typeof makeGrant>[1] = {}): Promise<Inbound> => {
    const schedule = [{ kind: "collect" as const, everySeconds: 3600, offsetSeconds: 0 }];
    const grant = makeGrant(site.org, { schedule, ...over });
    const envelope = await signEnvelope("farhand-grant+jws", grant, [site.org.people.ann]);
    return makeInbound(site, { extra: [{ kind: "grant", bytes: envelopeBytes(envelope) }] });
  };

  it("is carried out by the agent's own clock where there is never a line", async () => {
    await taken(await carrying());
    expect(logged("schedule")).toEqual([expect.stringContaining("grant reads")]);
    expect(logged("grant-refused")).toEqual([]);
  });

  it("of another site is refused by itself", async () => {
    await taken(await carrying({ sites: [id.lon] }));
    expect(logged("grant-refused")).toEqual([expect.stringContaining("WRONG_SITE")]);
    expect(await numberHeld()).toBe(1);
  });

  it("is brought again after a fault of this host", async () => {
    const bundle = await carrying();
    expect(await codeOf(bundle, "grant")).toBe("DISK_FULL");
    expect(await numberHeld()).toBeUndefined();
    expect(await codeOf(bundle)).toBe("taken");
  });
});

describe("a sealed credential", () => {
  async function carrying(sender: "kim" | "ann"): Promise<Inbound> {
    const { nowSeconds, people } = site.org;
    const place = { org: id.org, site: id.ams, agent: id.agentAms };
    const name = "edge" as CredentialName;
    const context = { ...place, kind: "credential" as const, name, version: 1, exp: nowSeconds + 86_400 };
    const value = { username: "ops", password: "a-password-of-the-lab" };
    const held = await Vault.open({ path: vaultPath(site.stateDir), org: id.org, agent: id.agentAms }, site.key);
    const { box } = await held.identity();
    await held.close();
    const jwe = await sealCredential({ kind: "credential", value }, context, box.x as BoxPublicKey);
    const document = { type: "credential", v: 1, sender, iat: nowSeconds, context, jwe };
    const envelope = await signEnvelope("farhand-credential+jws", document, [people[sender]]);
    return makeInbound(site, { extra: [{ kind: "credential", bytes: envelopeBytes(envelope) }] });
  }

  const vault = (sql: string): void => {
    const db = new Database(vaultPath(site.stateDir));
    db.run(sql);
    db.close();
  };

  it("that is refused spoils nothing else", async () => {
    const report = await taken(await carrying("ann"));
    expect(report.credentials).toMatchObject([{ code: "FORBIDDEN" }]);
    expect(await numberHeld()).toBe(1);
  });

  it("is brought again after a fault of this host", async () => {
    const bundle = await carrying("kim");
    vault("CREATE TRIGGER broken BEFORE INSERT ON item_version BEGIN SELECT RAISE(FAIL, 'broken'); END");
    expect(await codeOf(bundle)).toBe("INTERNAL");
    expect(await numberHeld()).toBeUndefined();
    vault("DROP TRIGGER broken");
    expect((await taken(bundle)).credentials).toMatchObject([{ code: null }]);
  });
});

describe("work", () => {
  it("is brought again after a fault of this host", async () => {
    const bundle = await makeInbound(site, { work: [await site.work([collect])] });
    expect(await codeOf(bundle, "accept")).toBe("DISK_FULL");
    expect(await numberHeld()).toBeUndefined();
    expect((await taken(bundle)).work).toMatchObject([{ outcome: "accepted" }]);
  });

  it("needs an authority that is one, and a manifest that is one", async () => {
    const { index } = await makeInbound(site, { work: [await site.work([collect])] });
    const [line] = index.work;
    if (!line) throw new Error("no work");
    const text = { kind: "text" as const, bytes: utf8("just a text") };
    const digest = sha256(text.bytes);
    const work = await site.work([collect]);
    for (const over of [{ envelope: digest }, { manifest: digest }]) {
      const whole = await makeInbound(site, { work: [work], extra: [text] });
      const lines = whole.index.work.map((one) => ({ ...one, ...over }));
      const { entries } = whole.index;
      const bundle = await makeInbound(site, { work: [work], extra: [text], over: { work: lines, entries } });
      expect(await codeOf(bundle), JSON.stringify(over)).toBe("BUNDLE_INCOMPLETE");
    }
    expect(await numberHeld()).toBeUndefined();
  });

  it("with an authority that is no envelope spoils the bundle", async () => {
    const broken = { kind: "authority" as const, bytes: utf8("no envelope") };
    const work = await site.work([collect]);
    const whole = await makeInbound(site, { work: [work], extra: [broken] });
    const lines = whole.index.work.map((one) => ({ ...one, envelope: sha256(broken.bytes) }));
    const { entries } = whole.index;
    const bundle = await makeInbound(site, { work: [work], extra: [broken], over: { work: lines, entries } });
    await expect(taken(bundle)).rejects.toMatchObject({ code: "BUNDLE_SHAPE" });
    expect(await numberHeld()).toBeUndefined();
  });
});

describe("what the hub says of this agent's own bundles", () => {
  it("means nothing where it is of another journal", async () => {
    const agent = await site.start(undefined, { airGapped: true });
    await agent.exportBundle(`${site.stateDir}/own.bundle`);
    const seen = { number: 1, sha256: sha256("another journal's bundle") };
    const acks = { epoch: "f".repeat(32), lanes: [] };
    const other = await makeInbound(site, { over: { seen, acks } });
    const own = await makeInbound(site, { over: { seen, acks: { ...acks, epoch: agent.epoch } } });
    await expect(agent.importBundle(own.path, await admit(site, own))).rejects.toMatchObject({ code: "BUNDLE_ORDER" });
    expect(await agent.importBundle(other.path, await admit(site, other))).toMatchObject({ number: 1 });
  });
});

describe("a site operator's word for the time", () => {
  it("counts only where it is given", async () => {
    const bundle = await makeInbound(site);
    const report = await taken(bundle);
    expect(report.attested).toBeNull();
    expect(await readJournal(site.stateDir, timeFloorMs)).toBe(bundle.index.iat * 1000);
  });
});
