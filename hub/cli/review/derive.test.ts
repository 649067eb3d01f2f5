import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jcs, sha256, toBase64url } from "../../../shared/bytes.ts";
import type { ChangeTask } from "../../../shared/documents/manifest.ts";
import { errorCode } from "../../../shared/errors.ts";
import type { AgentId, DeviceId, JobId, PlatformId } from "../../../shared/ids.ts";
import { id, makeOrg, TEST_NOW_SECONDS } from "../../../shared/testing/org.ts";
import type { PlanRecord } from "../plan/record.ts";
import { plain } from "../terminal/style.ts";
import {
  COMMANDS,
  DIFF,
  JOB,
  makeBundle,
  planned,
  PLATFORM_DIGEST,
  refOf,
  type BundleOptions,
} from "../testing/bundle.ts";
import { openTrust } from "../trust/load.ts";
import { manifestsOf, type Bundle } from "./bundle.ts";
import { derive, type Review } from "./derive.ts";
import { reviewText } from "./render.ts";

const org = await makeOrg();
const nowMs = TEST_NOW_SECONDS * 1000;
const devices = [planned("ams-r1"), planned("ams-r2"), planned("lon-r1")];

async function reviewOf(bundle: Bundle, record: PlanRecord | null = null): Promise<Review> {
  return derive(bundle, await openTrust(org.view, bundle.trust, nowMs), { job: JOB, nowMs, record });
}
const refused = async (bundle: Bundle, record: PlanRecord | null = null): Promise<string> =>
  reviewOf(bundle, record).then(() => "accepted", errorCode);
const forged = async (options: BundleOptions): Promise<string> => refused(await makeBundle(org, devices, options));

const record: PlanRecord = {
  schema: "farhand.plan-record/1",
  job: JOB,
  author: id.ann,
  title: "a change",
  reason: "because",
  inventory: org.inventory.digest,
  mode: "merge",
  drift: "exact",
  verify: [],
  accepts: { levelE: [], simulatedEvidence: [] },
  attemptsMax: null,
  standbys: [],
  waves: null,
  texts: devices.map(({ device, source, text }) => ({ device, source, text })),
};

const other = refOf("another text");
/** For each member of a change another value of its type. The type makes it complete: a new member without a forgery does not compile. */
const flips: { readonly [K in keyof ChangeTask]: ((task: ChangeTask) => ChangeTask[K]) | null } = {
  kind: null, // held by the schema and the warrant's kind; see below
  device: () => "ams-r9" as DeviceId,
  mode: () => "replace",
  drift: () => "same-diff",
  source: () => ({ kind: "sealed", public: other.sha256, keyGeneration: 1 }),
  text: () => other,
  preImage: () => other.sha256,
  keyGeneration: (task) => task.keyGeneration + 1,
  diff: () => refOf(COMMANDS),
  commands: () => refOf(DIFF),
  level: () => "A",
  undoCost: () => ({ kind: "reboot", minutes: 4 }),
  evidence: () => "real",
  touchesManagement: (task) => !task.touchesManagement,
  verify: () => [{ command: "show clock", contains: ["UTC"], withinMs: 0 }],
  accepted: () => [{ code: "MANAGED", reason: "nobody said so" }],
  plan: () => sha256("no plan"),
};

type Path = readonly string[];

/** Paths of the members whose every other value is of the same schema: digests, numbers, truths. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  }
  const free = typeof value === "number" || typeof value === "boolean" || /^[0-9a-f]{64}$/.test(String(value));
  return free ? [path] : [];
}

function changed(value: unknown, [key, ...rest]: Path, at: number): unknown {
  if (key !== undefined) {
    const inner = value as Readonly<Record<string, unknown>>;
    return { ...inner, [key]: changed(inner[key], rest, at) };
  }
  if (typeof value === "number") return value + 1 + at;
  if (typeof value === "boolean") return !value;
  const text = String(value);
  return text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1);
}

describe("derive", () => {
  it("accepts what follows from the receipts, and shows it", async () => {
    const review = await reviewOf(await makeBundle(org, devices), record);
    expect(review.targets.map((target) => target.device)).toEqual(["ams-r1", "ams-r2", "lon-r1"]);
    expect(review.refusals).toEqual([]);
    expect(review.signing).toMatchObject({ complete: false, approversNeeded: 1, author: { signed: false } });
    const text = reviewText(review, plain);
    expect(text).toContain("3 devices: ams-r1, ams-r2, lon-r1");
    expect(text).toContain("+ ntp server 192.0.2.9");
    expect(text).toContain("level B, undo in place, evidence recorded");
  });

  it.each(Object.entries(flips).flatMap(([member, flip]) => (flip ? [{ member, flip }] : [])))(
    "refuses a forged $member",
    async ({ member, flip }) => {
      const bundle = await makeBundle(org, devices, {
        task: (task) => (task.device === "ams-r1" ? { ...task, [member]: flip(task) } : task),
      });
      // Drift and verification are the author's own words: no agent signs them, the author's record of the plan holds them.
      expect(await refused(bundle, record)).toBe("RECEIPT_MISMATCH");
      if (!["drift", "verify", "accepted"].includes(member)) expect(await refused(bundle)).toBe("RECEIPT_MISMATCH");
    },
  );

  it("refuses one changed bit of any digest, number or truth in a change", async () => {
    const honest = await makeBundle(org, devices);
    const [first] = manifestsOf(honest.warrant);
    const task = first?.document.tasks[0];
    if (task?.kind !== "change") throw new Error("no change");
    const leaves = leavesOf(task);
    expect(leaves.length).toBeGreaterThanOrEqual(10);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...leaves), fc.nat(63), async (path, at) => {
        const bundle = await makeBundle(org, devices, {
          task: (other) => (other.device === task.device ? (changed(other, path, at) as ChangeTask) : other),
        });
        expect(await refused(bundle)).toBe("RECEIPT_MISMATCH");
      }),
      { numRuns: 150 },
    );
  });

  it("refuses a forged length of a text", async () => {
    expect(await forged({ task: (task) => ({ ...task, diff: { ...task.diff, bytes: task.diff.bytes + 1 } }) })).toBe(
      "RECEIPT_MISMATCH",
    );
  });

  it("refuses another driver than the one that planned", async () => {
    expect(await forged({ manifest: (m) => ({ ...m, platforms: { [id.iosxe]: sha256("other") } }) })).toBe(
      "RECEIPT_MISMATCH",
    );
    expect(
      await forged({
        manifest: (m) => ({
          ...m,
          platforms: { [id.iosxe]: PLATFORM_DIGEST, ["junos" as PlatformId]: PLATFORM_DIGEST },
        }),
      }),
    ).toBe("RECEIPT_MISMATCH");
  });

  it("refuses plans of another agent, job, site or inventory", async () => {
    expect(await forged({ planSigner: id.agentLon })).toBe("RECEIPT_MISMATCH");
    expect(await forged({ receipt: (r) => ({ ...r, job: "job-2" as JobId }) })).toBe("RECEIPT_MISMATCH");
    expect(await forged({ receipt: (r) => ({ ...r, inventory: sha256("other") }) })).toBe("RECEIPT_MISMATCH");
    expect(await forged({ receipt: (r) => ({ ...r, site: id.lon, agent: "agent-ams" as AgentId }) })).toBe(
      "RECEIPT_MISMATCH",
    );
  });

  it("refuses a plan that no approved agent signed", async () => {
    const stranger = await makeOrg();
    const bundle = await makeBundle(org, devices);
    const foreign = await makeBundle(stranger, devices);
    expect(await refused({ ...bundle, warrant: { ...bundle.warrant, plans: foreign.warrant.plans } })).toBe(
      "SIGNATURE_MISSING",
    );
    expect(await refused({ ...bundle, warrant: { ...bundle.warrant, plans: [] } })).toBe("RECEIPT_MISMATCH");
  });

  it("refuses manifests that the warrant does not name, in its order", async () => {
    const bundle = await makeBundle(org, devices);
    const { manifests } = bundle.warrant;
    expect(await refused({ ...bundle, warrant: { ...bundle.warrant, manifests: manifests.toReversed() } })).toBe(
      "RECEIPT_MISMATCH",
    );
    expect(await refused({ ...bundle, warrant: { ...bundle.warrant, manifests: manifests.slice(1) } })).toBe(
      "RECEIPT_MISMATCH",
    );
  });

  it.each([
    ["a member that nobody understands", { warrant: (w: object) => ({ ...w, urgent: true }) }, "SCHEMA"],
    [
      "a title of which the author knows nothing",
      { warrant: (w: object) => ({ ...w, title: "another" }) },
      "RECEIPT_MISMATCH",
    ],
    [
      "an acceptance that nobody asked for",
      { warrant: (w: object) => ({ ...w, accepts: { levelE: ["ams-r1"], simulatedEvidence: [] } }) },
      "RECEIPT_MISMATCH",
    ],
    [
      "a site without a manifest",
      { warrant: (w: object) => ({ ...w, sites: ["ams", "lon", "fra"] }) },
      "RECEIPT_MISMATCH",
    ],
    ["a lower risk", { warrant: (w: object) => ({ ...w, risk: "read" }) }, "RISK_UNDERSTATED"],
    [
      "a policy that does not govern",
      { warrant: (w: object) => ({ ...w, policy: { id: "lax", version: 1 } }) },
      "POLICY_UNKNOWN",
    ],
    ["an author without the role", { warrant: (w: object) => ({ ...w, author: "bob" }) }, "NO_AUTHOR"],
    ["another inventory", { warrant: (w: object) => ({ ...w, inventory: sha256("x") }) }, "INVENTORY_MISMATCH"],
    ["another job", { warrant: (w: object) => ({ ...w, job: "job-2" }) }, "RECEIPT_MISMATCH"],
    [
      "a life that is over",
      {
        warrant: (w: object) => ({ ...w, exp: TEST_NOW_SECONDS, nbf: TEST_NOW_SECONDS - 9, iat: TEST_NOW_SECONDS - 9 }),
      },
      "EXPIRED",
    ],
    ["too long a life", { warrant: (w: object) => ({ ...w, exp: TEST_NOW_SECONDS + 90 * 86_400 }) }, "LIFETIME"],
    [
      "a manifest for an agent of another site",
      { manifest: (m: object) => ({ ...m, agents: ["agent-lon"] }) },
      "WRONG_AGENT",
    ],
    ["another organisation's manifest", { manifest: (m: object) => ({ ...m, org: "evil" }) }, "WRONG_ORG"],
  ])("refuses a warrant with %s", async (_what, options, code) => {
    const bundle = await makeBundle(org, devices, options as BundleOptions);
    expect(await refused(bundle, record)).toBe(code);
  });

  it("refuses when a text is missing or is another", async () => {
    const bundle = await makeBundle(org, devices);
    const without = new Map([...bundle.blobs].filter(([digest]) => digest !== sha256(DIFF)));
    expect(await refused({ ...bundle, blobs: without })).toBe("BUNDLE_INCOMPLETE");
  });

  it("says which devices their agents would refuse", async () => {
    const review = await reviewOf(
      await makeBundle(org, [planned("ams-r1", { level: "E" }), planned("ams-r2", { evidence: "simulated" })]),
    );
    expect(review.refusals).toEqual([
      expect.stringContaining("ams-r1: its agent would refuse it: LEVEL_TOO_LOW"),
      expect.stringContaining("ams-r2: its agent would refuse it: EVIDENCE_TOO_LOW"),
    ]);
  });

  it("refuses what a preflight found that blocks, until somebody accepts it by its code; both are shown", async () => {
    const preflight = [
      { code: "SESSIONS_FEW", severity: "blocks", detail: "14 of 16 \u202e", hint: null },
      { code: "CLOCK_OFF", severity: "warns", detail: "90 seconds", hint: null },
    ] as const;
    const one = planned("ams-r1", { preflight: [...preflight] });
    const review = await reviewOf(await makeBundle(org, [one]));
    expect(review.refusals).toEqual([expect.stringContaining("ams-r1: its preflight found SESSIONS_FEW")]);
    expect(reviewText(review, plain)).toContain("preflight blocks SESSIONS_FEW: 14 of 16 \\u202e");
    const accepted = [{ code: "SESSIONS_FEW", reason: "the third line is being repaired" }];
    const taken = await reviewOf(await makeBundle(org, [one], { task: (task) => ({ ...task, accepted }) }));
    expect(taken.refusals).toEqual([]);
    const text = reviewText(taken, plain);
    expect(text).toContain("accepts   SESSIONS_FEW: the third line is being repaired");
    expect(text).toContain("preflight warns CLOCK_OFF: 90 seconds");
    const other = [{ code: "CLOCK_OFF", reason: "not that one" }];
    const missed = await reviewOf(await makeBundle(org, [one], { task: (task) => ({ ...task, accepted: other }) }));
    expect(missed.refusals).toHaveLength(1);
  });

  it("shows the odd one first", async () => {
    const odd = planned("lon-r1", {
      touchesManagement: true,
      warnings: [{ code: "MGMT", detail: "interface of the agent \u202e" }],
    });
    const text = reviewText(await reviewOf(await makeBundle(org, [planned("ams-r1"), planned("ams-r2"), odd])), plain);
    expect(text.indexOf("1 device: lon-r1")).toBeLessThan(text.indexOf("2 devices: ams-r1, ams-r2"));
    expect(text).toContain("look: touches the management path; 1 warnings");
    expect(text).toContain("warning MGMT: interface of the agent \\u202e");
  });

  it("counts a signature that does not hold as none, and refuses it", async () => {
    const bundle = await makeBundle(org, devices);
    const signature = {
      protected: toBase64url(jcs({ alg: "Ed25519", kid: org.people.bob.kid, typ: "farhand-warrant+jws" })),
      signature: toBase64url(new Uint8Array(64)),
    };
    expect(await refused({ ...bundle, warrant: { ...bundle.warrant, signatures: [signature] } })).toBe("SIGNATURE_BAD");
  });

  it("refuses a text that the author never rendered, though an agent planned it", async () => {
    const swapped = devices.map((device) => (device.device === "lon-r1" ? { ...device, text: other } : device));
    expect(await refused(await makeBundle(org, swapped, { texts: ["another text"] }), record)).toBe("RECEIPT_MISMATCH");
  });

  it("refuses a wave that comes before the author's time", async () => {
    const waves = [{ devices: ["lon-r1" as DeviceId], notBefore: TEST_NOW_SECONDS + 600 }];
    const bundle = await makeBundle(org, devices);
    expect(await refused(bundle, { ...record, waves })).toBe("RECEIPT_MISMATCH");
    const kept = await makeBundle(org, devices, {
      warrant: (warrant) => ({
        ...warrant,
        waves: [
          { notBefore: TEST_NOW_SECONDS + 600, manifests: [1] },
          { notBefore: TEST_NOW_SECONDS + 600, manifests: [0] },
        ],
      }),
    });
    expect(await refused(kept, { ...record, waves })).toBe("accepted");
  });
});
