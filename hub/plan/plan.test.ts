import { beforeAll, describe, expect, it } from "vitest";
import { jcs, parseCanonical, sha256 } from "../../shared/bytes.ts";
import type { Keys } from "../../shared/documents/keys.ts";
import { Manifest, TEXT_SOURCE } from "../../shared/documents/manifest.ts";
import { Warrant } from "../../shared/documents/warrant.ts";
import { readAs } from "../../shared/envelope.ts";
import type { DeviceId, JobId, PolicyId } from "../../shared/ids.ts";
import { DEFAULT_TEST_DEADLINES, id, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { BODY_BYTES_MAX } from "../../shared/wire/frame.ts";
import { wavesOf } from "./composer.ts";
import { buildManifest, type BuiltManifest } from "./manifests.ts";
import { refuseDoubles, sharesOf } from "./spread.ts";
import { buildWarrant, policyOfSites, signersNeeded, type WarrantRequest } from "./warrant.ts";

const NOW_MS = TEST_NOW_SECONDS * 1000;
const DAY = 86_400;
const job = "job-1" as JobId;
const names = (count: number): DeviceId[] => Array.from({ length: count }, (_, index) => `r${index}` as DeviceId);
const place = { agent: id.agentAms, site: id.ams };
const collects = (count: number) => names(count).map((device) => ({ kind: "collect" as const, device }));

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

function built(wave: number, site = id.ams): BuiltManifest {
  const common = {
    org: id.org,
    job,
    inventory: org.inventory.digest,
    deadlines: DEFAULT_TEST_DEADLINES,
    outputBytesMax: 4096,
  };
  const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  return buildManifest(common, { ...place, site, tasks: collects(3) }, { wave, platforms: {}, randomBytes });
}

const request = (over: Partial<WarrantRequest> = {}): WarrantRequest => ({
  job,
  kind: "collect",
  title: "t",
  reason: "",
  author: id.ann,
  risk: "read",
  notBefore: undefined,
  lifetimeSeconds: undefined,
  attemptsMax: undefined,
  accepts: undefined,
  waves: [undefined],
  ...over,
});

describe("shares", () => {
  it("hold every device once, in order, none beyond the number that a receipt can speak of", () => {
    const shares = sharesOf(collects(950), () => place, 400);
    expect(shares.map(({ tasks }) => tasks.length)).toEqual([400, 400, 150]);
    expect(shares.flatMap(({ tasks }) => tasks.map(({ device }) => device))).toEqual(names(950));
  });

  it("fit into a frame, however long the tasks are", () => {
    const commands = Array.from({ length: 16 }, () => "x".repeat(1000));
    const shares = sharesOf(
      names(60).map((device) => ({ kind: "run" as const, device, commands })),
      () => place,
      400,
    );
    expect(shares.length).toBeGreaterThan(1);
    for (const { tasks } of shares) expect(jcs(tasks).length).toBeLessThan(BODY_BYTES_MAX);
  });

  it("refuse a device that stands twice", () => {
    expect(() => refuseDoubles(["a", "b", "a"] as DeviceId[], "waves")).toThrow("a stands twice");
  });
});

describe("manifests", () => {
  it("are canonical, named by their bytes, and no two alike", () => {
    const [first, second] = [built(0), built(0)];
    expect(readAs(Manifest, parseCanonical(first.bytes))).toEqual(first.manifest);
    expect(first.sha256).toBe(sha256(first.bytes));
    expect(second.sha256).not.toBe(first.sha256);
  });
});

describe("warrants", () => {
  const make = (over: Partial<WarrantRequest>, manifests = [built(0)]) =>
    buildWarrant(org.trust, org.inventory.digest, request(over), manifests, NOW_MS);

  it("name each manifest in its wave, and no wave before the job", () => {
    const soon = TEST_NOW_SECONDS + 3600;
    const manifests = [built(0), built(1, id.lon), built(1)];
    const { warrant, bytes } = make({ notBefore: soon, waves: [TEST_NOW_SECONDS, soon + 60] }, manifests);
    expect(warrant.waves).toEqual([
      { notBefore: soon, manifests: [0] },
      { notBefore: soon + 60, manifests: [1, 2] },
    ]);
    expect(warrant.sites).toEqual([id.ams, id.lon]);
    expect(readAs(Warrant, parseCanonical(bytes))).toEqual(warrant);
  });

  it("live seven days unless told otherwise, and never longer than the policy allows", () => {
    expect(make({}).warrant.exp).toBe(TEST_NOW_SECONDS + 7 * DAY);
    expect(make({ notBefore: TEST_NOW_SECONDS + 44 * DAY }).warrant.exp).toBe(TEST_NOW_SECONDS + 45 * DAY);
    expect(() => make({ lifetimeSeconds: 46 * DAY })).toThrow("LIFETIME");
    expect(() => make({ notBefore: TEST_NOW_SECONDS + 45 * DAY })).toThrow("LIFETIME");
  });

  it("need the author and the policy's approvers", () => {
    const policy = policyOfSites(org.trust, [id.ams]);
    expect([
      signersNeeded(policy, "read"),
      signersNeeded(policy, "change"),
      signersNeeded(policy, "destructive"),
    ]).toEqual([1, 2, 3]);
  });

  it("stand under one policy", async () => {
    const strict = (keys: Keys): Keys => {
      const [policy] = keys.policies;
      if (!policy) return keys;
      const other = { ...policy, id: "strict" as PolicyId };
      return {
        ...keys,
        policies: [policy, other],
        sitePolicies: [...keys.sitePolicies, { site: id.lon, policy: other.id }],
      };
    };
    const { trust } = await makeOrg({ keys: strict });
    expect(() => policyOfSites(trust, [id.ams, id.lon])).toThrow("CONFLICT");
  });
});

it("devices that no wave names form the last one", () => {
  const text = { sha256: sha256("x"), bytes: 1 };
  const texts = names(4).map((device) => ({ device, source: TEXT_SOURCE, text }));
  const waves = [{ devices: ["r2"] as DeviceId[], notBefore: 5 }];
  expect(wavesOf({ texts, waves })).toEqual([
    { devices: ["r2"], notBefore: 5 },
    { devices: ["r0", "r1", "r3"], notBefore: undefined },
  ]);
});
