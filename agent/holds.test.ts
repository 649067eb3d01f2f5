import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../shared/clock.ts";
import type { Hold } from "../shared/documents/hold.ts";
import { signEnvelope, type Envelope } from "../shared/envelope.ts";
import { errorCode } from "../shared/errors.ts";
import type { DeviceId, PersonId } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { Store } from "../shared/store.ts";
import { id, makeOrg, type TestOrg } from "../shared/testing/org.ts";
import { Holds } from "./holds.ts";
import { openJournal } from "./journal/open.ts";

const R1 = "ams-r1" as DeviceId;
const R2 = "ams-r2" as DeviceId;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let org: TestOrg;
let clock: ManualClock;
let stateDir: string;
let store: Store;
let holds: Holds;
beforeEach(async () => {
  org = await makeOrg();
  clock = new ManualClock(org.nowSeconds * 1000);
  stateDir = mkdtempSync(join(tmpdir(), "farhand-holds-"));
  await open();
});
afterEach(async () => {
  await store.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function open(): Promise<void> {
  ({ store } = await openJournal({ stateDir, clock }));
  const trust = { keys: org.trust, inventory: org.inventory };
  holds = new Holds({ store, clock, trust, site: id.ams, log: quiet });
}

function signed(over: Partial<Hold> = {}, signer: Signer = org.people.ann): Promise<Envelope> {
  const hold: Hold = {
    type: "hold",
    v: 1,
    org: id.org,
    site: id.ams,
    device: R1,
    owner: id.ann,
    reason: "being rebuilt",
    generation: 1,
    held: true,
    iat: org.nowSeconds,
    exp: null,
    ...over,
  };
  return signEnvelope("farhand-hold+jws", hold, [signer]);
}
const take = async (over?: Partial<Hold>, signer?: Signer): Promise<string> =>
  signed(over, signer).then((envelope) => holds.take(envelope).then(() => "taken", errorCode));
const free = (...devices: DeviceId[]): Promise<string> => holds.requireFree(devices).then(() => "free", errorCode);

describe("holds", () => {
  it("stand on their device and on no other, over a restart, until a newer document lifts them", async () => {
    expect(await free(R1, R2)).toBe("free");
    expect(await take()).toBe("taken");
    expect(await free(R2)).toBe("free");
    expect(await free(R2, R1)).toBe("HELD");
    await expect(holds.requireFree([R1])).rejects.toThrow("held by ann until it is released: being rebuilt");
    await store.close();
    await open();
    expect(await free(R1)).toBe("HELD");
    expect(await take({ generation: 2, held: false, owner: id.oli }, org.people.oli)).toBe("taken");
    expect(await free(R1)).toBe("free");
  });

  it("are not lifted by an older word, nor brought back by one", async () => {
    const first = await signed();
    expect(await take({ generation: 5 })).toBe("taken");
    expect(await take({ generation: 4, held: false })).toBe("REPLAY");
    expect(await take({ generation: 5, held: false })).toBe("REPLAY");
    expect(await free(R1)).toBe("HELD");
    expect(await take({ generation: 6, held: false })).toBe("taken");
    await expect(holds.take(first)).rejects.toThrow("generation 1 for ams-r1; 6 is known");
    expect(await free(R1)).toBe("free");
  });

  it("come again without harm", async () => {
    const envelope = await signed();
    await holds.take(envelope);
    await holds.take(envelope);
    expect(await holds.standing(R1)).toMatchObject({ owner: "ann", generation: 1 });
  });

  it("end by themselves where they say when", async () => {
    expect(await take({ exp: org.nowSeconds + 3600 })).toBe("taken");
    expect(await free(R1)).toBe("HELD");
    clock.advance(3_599_000);
    expect(await free(R1)).toBe("HELD");
    clock.advance(1_000);
    expect(await free(R1)).toBe("free");
  });

  it("are made by people with a part at this site, and by no hub", async () => {
    expect(await take({}, org.hub)).toBe("SIGNATURE_MISSING");
    expect(await take({ owner: id.bob })).toBe("SIGNATURE_MISSING");
    expect(await take({ owner: "kim" as PersonId }, org.people.kim)).toBe("FORBIDDEN");
    expect(await take({ site: id.lon, device: "lon-r1" as DeviceId })).toBe("WRONG_SITE");
    expect(await take({ device: "lon-r1" as DeviceId })).toBe("INVENTORY_MISMATCH");
    expect(await free(R1)).toBe("free");
  });
});
