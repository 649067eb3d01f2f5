import { afterEach, describe, expect, it } from "vitest";
import { jcs, sha256 } from "../../shared/bytes.ts";
import type { Breakglass } from "../../shared/documents/breakglass.ts";
import type { Keys } from "../../shared/documents/keys.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import { openEnvelope, signEnvelope } from "../../shared/envelope.ts";
import type { Signer } from "../../shared/keys.ts";
import { changeTask, id, makeBreakglass } from "../../shared/testing/org.ts";
import { makeSite, type Site } from "./site.ts";
import type { Work } from "./script-hub.ts";
import { until } from "./until.ts";

/** A break-glass at a real agent, over the link: what one on-call person may do with it, and what nobody may. */
let site: Site;
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"), site.hub.faults);
  await site.stop();
});

interface Use {
  readonly line?: string;
  readonly device?: string;
  readonly breakglass?: Partial<Breakglass>;
  readonly signedBy?: readonly Signer[];
  readonly warrant?: Partial<Warrant>;
  readonly usedBy?: readonly Signer[];
  readonly task?: Parameters<typeof changeTask>[1];
}

/** A change that adds a line, signed by the one on call under a break-glass that two signed in calm. */
async function use(over: Use = {}): Promise<Work> {
  const { org } = site;
  const device = over.device ?? "ams-r1";
  const line = over.line ?? "ntp server 192.0.2.10";
  const before = site
    .device("ams-r1")
    .lines.map((entry) => `${entry}\n`)
    .join("");
  const document = makeBreakglass(org, over.breakglass);
  const task = changeTask(device, {
    text: site.text(`${line}\n`),
    preImage: sha256(before),
    diff: site.text(JSON.stringify([{ line, op: "add", path: [] }])),
    commands: site.text(JSON.stringify([line])),
    ...over.task,
  });
  const work = await site.work([task], {
    signers: [...(over.usedBy ?? [org.people.oli])],
    warrant: {
      author: id.oli,
      reason: "the uplink is down",
      breakglass: sha256(jcs(document)),
      ...over.warrant,
    },
  });
  const signers = [...(over.signedBy ?? [org.people.ann, org.people.bob])];
  return { ...work, breakglass: await signEnvelope("farhand-breakglass+jws", document, signers) };
}

const receiptFor = (work: Work): Promise<Receipt> =>
  until("a receipt", async () => {
    const opened = await Promise.all(
      site.hub
        .records("receipt")
        .map(({ envelope }) => openEnvelope("farhand-receipt+jws", envelope, () => site.hub.agentKey)),
    );
    return opened.map(({ value }) => Receipt.parse(value)).find((entry) => entry.manifest === sha256(work.manifest));
  });

const refusalOf = (work: Work): Promise<string> =>
  until("a refusal", () =>
    site.hub.said
      .flatMap((message) => (message.kind === "reject" ? [message.header] : []))
      .filter((header) => header.manifest === sha256(work.manifest))
      .map(({ code, detail }) => `${code} ${detail}`)
      .at(-1),
  );

describe("a break-glass over the link", () => {
  it("lets one on-call person change a device, and the receipt says so with the reason", async () => {
    site = await makeSite();
    await site.start();
    const work = await use();
    site.hub.offer(work);
    const receipt = await receiptFor(work);
    expect(receipt).toMatchObject({
      outcome: "SUCCEEDED",
      signers: ["oli"],
      persons: 1,
      breakglass: { id: "night", sha256: sha256(jcs(makeBreakglass(site.org))), reason: "the uplink is down" },
    });
    expect(site.device("ams-r1").saved).toContain("ntp server 192.0.2.10");
  });

  it("is used once: not for another change, not on another device, not after a restart", async () => {
    site = await makeSite();
    const agent = await site.start();
    const first = await use();
    site.hub.offer(first);
    await receiptFor(first);
    const { opens } = site.device("ams-r1");
    const second = await use({ line: "ntp server 192.0.2.11" });
    site.hub.offer(second);
    expect(await refusalOf(second)).toMatch(/^BREAKGLASS night was used at this agent already/);
    const elsewhere = await use({ device: "ams-r2" });
    site.hub.offer(elsewhere);
    expect(await refusalOf(elsewhere)).toMatch(/^BREAKGLASS/);
    await agent.stop();
    await site.start();
    const third = await use({ line: "ntp server 192.0.2.12" });
    site.hub.offer(third);
    expect(await refusalOf(third)).toMatch(/^BREAKGLASS night was used/);
    expect([site.device("ams-r1").opens, site.device("ams-r2").opens]).toEqual([opens, 0]);
    // Another one, signed anew, is another permission.
    const anew = await use({ line: "ntp server 192.0.2.13", breakglass: { reason: "signed anew" } });
    site.hub.offer(anew);
    expect(await receiptFor(anew)).toMatchObject({ outcome: "SUCCEEDED" });
  });

  it("offered twice at the same moment runs once", async () => {
    site = await makeSite();
    await site.start();
    const [one, other] = [await use(), await use({ device: "ams-r2" })];
    site.hub.work.push(one);
    site.hub.offer(other);
    expect((await receiptFor(one)).outcome).toBe("SUCCEEDED");
    expect(await refusalOf(other)).toMatch(/^BREAKGLASS/);
    expect(site.device("ams-r2").opens).toBe(0);
  });

  it("is not used up by what was refused", async () => {
    site = await makeSite();
    await site.start();
    const refused = await use({ task: { level: "D" } });
    site.hub.offer(refused);
    expect(await refusalOf(refused)).toMatch(/^BREAKGLASS ams-r1: it needs a device timer/);
    const work = await use();
    site.hub.offer(work);
    expect(await receiptFor(work)).toMatchObject({ outcome: "SUCCEEDED" });
  });

  const attacks: readonly [string, RegExp, () => Use][] = [
    ["that the hub forged", /^SIGNATURE_MISSING/, () => ({ signedBy: [site.org.hub] })],
    ["that the on-call person signed in calm", /^NO_AUTHOR/, () => ({ signedBy: [site.org.people.oli] })],
    ["that one person signed", /^THRESHOLD/, () => ({ signedBy: [site.org.people.ann] })],
    ["of another site", /^BREAKGLASS it is for site lon/, () => ({ breakglass: { site: id.lon } })],
    ["of another agent", /^BREAKGLASS agent agent-ams/, () => ({ breakglass: { agents: [id.agentLon] } })],
    [
      "that has ended",
      /^EXPIRED/,
      () => {
        const iat = site.org.nowSeconds - 7200;
        return { breakglass: { iat, nbf: iat, exp: iat + 3600 } };
      },
    ],
    ["for a destructive line", /^RISK_UNDERSTATED/, () => ({ line: "erase startup" })],
    ["for what says that it is destructive", /^BREAKGLASS/, () => ({ warrant: { risk: "destructive" } })],
    ["for a device that cannot undo it", /^BREAKGLASS/, () => ({ task: { level: "D" } })],
    [
      "for a device without any undo, accepted by name",
      /^BREAKGLASS/,
      () => ({ task: { level: "E" }, warrant: { accepts: { levelE: ["ams-r1" as never], simulatedEvidence: [] } } }),
    ],
    ["by the hub in the on-call person's name", /^SIGNATURE_MISSING/, () => ({ usedBy: [site.org.hub] })],
    ["by an approver in the on-call person's name", /^BREAKGLASS/, () => ({ usedBy: [site.org.people.bob] })],
    ["without a reason", /^BREAKGLASS a use says why/, () => ({ warrant: { reason: "" } })],
    ["that the warrant does not name", /^NO_AUTHOR/, () => ({ warrant: { breakglass: undefined } as never })],
  ];
  it.each(attacks)("one %s is refused, and no device hears of it", async (_, code, over) => {
    site = await makeSite();
    await site.start();
    const work = await use(over());
    site.hub.offer(work);
    expect(await refusalOf(work)).toMatch(code);
    expect([site.device("ams-r1").opens, site.device("ams-r2").opens]).toEqual([0, 0]);
  });

  it("that was not sent along lets nobody in", async () => {
    site = await makeSite();
    await site.start();
    const { breakglass: _, ...work } = await use();
    site.hub.offer(work);
    expect(await refusalOf(work)).toMatch(/^BREAKGLASS the one that the warrant names was not sent along/);
    expect(site.device("ams-r1").opens).toBe(0);
  });

  it.each(["rotated", "left", "compromised"] as const)(
    "T6: is refused where the on-call key is revoked, %s",
    async (reason) => {
      const revoked = (keys: Keys): Keys => ({
        ...keys,
        revoked: (keys.people.find((person) => person.id === id.oli)?.keys ?? []).map(({ kid }) => ({
          kid,
          reason,
          at: 1,
        })),
      });
      site = await makeSite({ keys: revoked });
      await site.start();
      const work = await use();
      site.hub.offer(work);
      expect(await refusalOf(work)).toMatch(/^SIGNATURE_MISSING/);
      expect(site.device("ams-r1").opens).toBe(0);
    },
  );
});
