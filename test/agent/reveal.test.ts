// Opening a sealed configuration is a permission of its own: by whom, for which site, and to nobody but the one who asked.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Receipt } from "../../shared/documents/receipt.ts";
import type { RevealTask } from "../../shared/documents/manifest.ts";
import { sha256, type Bytes } from "../../shared/bytes.ts";
import { openEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest, PersonId } from "../../shared/ids.ts";
import { generateBoxJwk, type BoxPublicKey, type PrivateJwk } from "../../shared/keys.ts";
import { openConfiguration, sealConfiguration } from "../../shared/sealed.ts";
import { id } from "../../shared/testing/org.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

const r1 = "ams-r1" as DeviceId;
const cyd = "cyd" as PersonId;
let site: Site;

beforeEach(async () => {
  site = await makeSite({
    keys: (keys) => ({
      ...keys,
      people: keys.people.map((person) => {
        if (person.id === id.bob) return { ...person, roles: [{ role: "reveal" as const, sites: [id.ams] }] };
        return person.id === cyd ? { ...person, roles: [{ role: "reveal" as const, sites: [id.lon] }] } : person;
      }),
    }),
  });
});
afterEach(() => site.stop());

async function receiptFor(manifest: Digest): Promise<Receipt> {
  return until("a receipt", async () => {
    for (const { envelope } of site.hub.records("receipt")) {
      const { value } = await openEnvelope("farhand-receipt+jws", envelope, () => site.hub.agentKey);
      const receipt = Receipt.parse(value);
      if (receipt.manifest === manifest) return receipt;
    }
    return undefined;
  });
}

async function collected(): Promise<{ sealed: Bytes; public: Digest }> {
  const work = await site.work([{ kind: "collect", device: r1 }]);
  site.hub.offer(work);
  const after = (await receiptFor(sha256(work.manifest))).tasks[0]?.after;
  if (!after?.sealed) throw new Error("nothing was sealed");
  const digest = after.sealed;
  const sealed = await until("the sealed form", () => site.hub.blob(digest));
  site.hub.texts.set(digest, sealed.slice() as Bytes);
  return { sealed: sealed.slice() as Bytes, public: after.public.sha256 };
}

const taskOf = (person: PersonId, sealed: Bytes, digest: Digest, to: PrivateJwk): RevealTask => ({
  kind: "reveal",
  device: r1,
  sealed: { sha256: sha256(sealed), bytes: sealed.length },
  public: digest,
  person,
  to: to.x as BoxPublicKey,
  reason: "ticket 4711",
});

async function rejected(): Promise<unknown> {
  const said = await until("a rejection", () => site.hub.said.find((message) => message.kind === "reject"));
  return said.header.code;
}

describe("reveal", () => {
  it("comes back sealed to the one who asked; the receipt says who, what and why; no packet goes out", async () => {
    await site.start();
    const { sealed, public: digest } = await collected();
    const opens = site.device("ams-r1").opens;
    const own = await generateBoxJwk();
    const task = taskOf(id.bob, sealed, digest, own);
    const work = await site.work([task], { signers: [site.org.people.bob], warrant: { author: id.bob } });
    site.hub.offer(work);
    const receipt = await receiptFor(sha256(work.manifest));
    const [outcome] = receipt.tasks;
    expect(receipt).toMatchObject({ outcome: "SUCCEEDED", signers: [id.bob] });
    expect(outcome).toMatchObject({ state: "DONE", detail: `opened ${digest} for bob: ticket 4711` });
    const blob = await until("the answer", () => site.hub.blob(outcome?.output?.sha256 ?? ""));
    expect(Buffer.from(blob).toString()).not.toContain("hostname");
    const place = { org: id.org, site: id.ams, device: r1 };
    expect(await openConfiguration(blob, place, own)).toContain("hostname ams-r1");
    await expect(openConfiguration(blob, place, await generateBoxJwk())).rejects.toThrow("SEALED");
    expect(site.device("ams-r1").opens).toBe(opens);
  });

  it.each([
    ["an author without the role", id.ann, "ann"],
    ["the role at another site", cyd, "cyd"],
  ] as const)("%s: refused, zero packets", async (_name, person, signer) => {
    await site.start();
    const { sealed, public: digest } = await collected();
    const opens = site.device("ams-r1").opens;
    const task = taskOf(person, sealed, digest, await generateBoxJwk());
    site.hub.offer(await site.work([task], { signers: [site.org.people[signer]], warrant: { author: person } }));
    expect(await rejected()).toBe("REVEAL_FORBIDDEN");
    expect(site.device("ams-r1").opens).toBe(opens);
  });

  it("what no agent of the site has sealed is not opened, whoever sealed it to its key", async () => {
    await site.start();
    const { public: digest } = await collected();
    const { boxKey } = site.org.agentsDocument.document.agents[0] ?? {};
    if (boxKey === undefined) throw new Error("no agent");
    const place = { org: id.org, site: id.ams, device: r1 };
    const forged = await sealConfiguration("hostname ams-r1\n", place, [boxKey]);
    site.hub.texts.set(sha256(forged), forged);
    const task = taskOf(id.bob, forged, digest, await generateBoxJwk());
    const work = await site.work([task], { signers: [site.org.people.bob], warrant: { author: id.bob } });
    site.hub.offer(work);
    const receipt = await receiptFor(sha256(work.manifest));
    expect(receipt.tasks[0]).toMatchObject({ state: "FAILED", code: "SEALED", output: null });
  });
});
