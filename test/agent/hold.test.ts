// A person keeps hands off a device: no change touches it, whoever signed for one, and no hub can make or lift that. Reads go on.
import { afterEach, beforeEach, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Hold } from "../../shared/documents/hold.ts";
import { envelopeBytes, signEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest, PersonId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { id } from "../../shared/testing/org.ts";
import { Defended, refusedAs } from "../security/defended.ts";
import { until } from "./until.ts";

const R1 = "ams-r1" as DeviceId;
const R2 = "ams-r2" as DeviceId;
const collect = { kind: "collect", device: R1 } as const;
const seconds = (): number => Math.floor(Date.now() / 1000);

/** A clock that a test sets on; its timers are those of the machine. */
class AheadClock implements Clock {
  offMs = 0;
  nowMs = (): number => systemClock.nowMs() + this.offMs;
  monotonicMs = (): number => systemClock.monotonicMs();
  after: Clock["after"] = (...timer) => systemClock.after(...timer);
  sleep: Clock["sleep"] = (...sleep) => systemClock.sleep(...sleep);
}

const clock = new AheadClock();
let at: Defended;
beforeEach(async () => {
  clock.offMs = 0;
  at = await Defended.start({ clock });
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-30).join("\n"), at.site.hub.faults);
  clock.offMs = 0;
  await at.works();
  await at.stop();
});

async function send(over: Partial<Hold>, signer: Signer = at.site.org.people.ann): Promise<void> {
  const hold: Hold = {
    type: "hold",
    v: 1,
    org: id.org,
    site: id.ams,
    device: R1,
    owner: id.ann,
    reason: "line card swap",
    generation: 1,
    held: true,
    iat: seconds(),
    exp: null,
    ...over,
  };
  at.site.hub.send("hold", {}, envelopeBytes(await signEnvelope("farhand-hold+jws", hold, [signer])));
}

/** Until the agent has written it down, one way or the other. */
const logged = (event: string, text: string, mark: number): Promise<true> =>
  until(`${event} ${text}`, () =>
    at.site.log.slice(mark).some((line) => line.startsWith(`${event} `) && line.includes(text)) ? true : undefined,
  );
async function held(over: Partial<Hold> = {}): Promise<void> {
  const mark = at.site.log.length;
  await send(over);
  await logged("held", "held by ann", mark);
}
async function released(over: Partial<Hold> & { generation: number }): Promise<void> {
  const mark = at.site.log.length;
  await send({ held: false, ...over });
  await logged("released", "released by ann", mark);
}
const preImageOf = (device: DeviceId): Digest =>
  sha256(
    at.site
      .device(device)
      .lines.map((line) => `${line}\n`)
      .join(""),
  );
const accepted = (manifest: Digest): Promise<true> =>
  until("the accept", () =>
    at.site.hub.said.some((said) => said.kind === "accept" && said.header.manifest === manifest) ? true : undefined,
  );
const succeeds = async (work: Awaited<ReturnType<typeof at.site.work>>): Promise<void> => {
  at.site.hub.offer(work);
  expect(await at.receiptOf(sha256(work.manifest))).toMatchObject({ outcome: "SUCCEEDED" });
};

it("no change touches it, in both logs and over a restart; reads and the device beside it go on; a person lifts it", async () => {
  await held();
  expect(await at.refuses({ work: await at.site.work([at.change()]), code: "HELD" })).toEqual(refusedAs("HELD"));
  await succeeds(await at.site.work([collect]));
  await succeeds(await at.site.work([at.change({ device: R2, preImage: preImageOf(R2) })]));
  await at.restart();
  expect(await at.refuses({ work: await at.site.work([at.change()]), code: "HELD" })).toEqual(refusedAs("HELD"));
  const said = at.site.hub.said.findLast((one) => one.kind === "reject");
  expect(said?.header).toMatchObject({ detail: "ams-r1 held by ann until it is released: line card swap" });
  expect(at.site.device(R1).applies).toBe(0);
  await released({ generation: 2 });
  await succeeds(await at.site.work([at.change()]));
});

it("a hub makes none and lifts none, with its own key, in a person's name, or with a word of before", async () => {
  const { hub, people } = at.site.org;
  const refused = async (code: string, over: Partial<Hold>, signer?: Signer): Promise<void> => {
    const mark = at.site.log.length;
    await send(over, signer);
    await logged("hold-refused", `"${code}"`, mark);
  };
  await refused("SIGNATURE_MISSING", {}, hub);
  await succeeds(await at.site.work([at.change()]));
  await held({ generation: 3 });
  await refused("SIGNATURE_MISSING", { generation: 4, held: false }, hub);
  await refused("FORBIDDEN", { generation: 4, held: false, owner: "kim" as PersonId }, people.kim);
  await refused("REPLAY", { generation: 2, held: false });
  await refused("REPLAY", { generation: 3, held: false });
  expect(await at.refuses({ work: await at.site.work([at.change()]), code: "HELD" })).toEqual(refusedAs("HELD"));
  expect(at.site.hub.connections).toBe(1);
});

it("what was accepted before does not begin, and what has begun does not touch a device that was held since", async () => {
  const later = await at.site.work([at.change()], {
    warrant: { waves: [{ notBefore: seconds() + 1800, manifests: [0] }], exp: seconds() + 7200 },
  });
  at.site.hub.offer(later);
  await accepted(sha256(later.manifest));
  await held();
  const before = at.connections;
  clock.offMs = 1_900_000;
  await at.restart();
  expect(await at.receiptOf(sha256(later.manifest))).toMatchObject({ outcome: "FAILED", code: "HELD" });
  expect(at.connections).toBe(before);
  await released({ generation: 2 });

  const [one, two] = [at.site.device(R1), at.site.device(R2)];
  // Somebody reads the second device, so that its change has to wait; meanwhile the first one is changed, and the second held.
  const reading = Promise.withResolvers<void>();
  two.during = () => reading.promise;
  const open = at.connections;
  at.site.hub.offer(await at.site.work([{ ...collect, device: R2 }], { warrant: { exp: seconds() + 7200 } }));
  await until("the read", () => at.connections > open);
  one.during = async (operation) => {
    if (operation === "apply") await held({ device: R2 });
  };
  const work = await at.site.work([at.change(), at.change({ device: R2 })], { warrant: { exp: seconds() + 7200 } });
  at.site.hub.offer(work);
  await until("the first change", () =>
    at.site.hub.records("task").some((record) => record.manifest === sha256(work.manifest) && record.state === "DONE"),
  );
  reading.resolve();
  const receipt = await at.receiptOf(sha256(work.manifest));
  expect(receipt.tasks).toMatchObject([
    { device: R1, state: "DONE", applies: 1 },
    { device: R2, state: "SKIPPED", code: "HELD", applies: 0 },
  ]);
  expect(two.applies).toBe(0);
});

it("ends by itself where it says when", async () => {
  await held({ exp: seconds() + 600 });
  expect(await at.refuses({ work: await at.site.work([at.change()]), code: "HELD" })).toEqual(refusedAs("HELD"));
  clock.offMs = 601_000;
  await succeeds(await at.site.work([at.change()], { warrant: { exp: seconds() + 7200 } }));
});
