import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sha256 } from "../../../shared/bytes.ts";
import { errorCode } from "../../../shared/errors.ts";
import type { DeviceId, Digest, JobId, SiteId } from "../../../shared/ids.ts";
import { id, makeOrg, TEST_NOW_SECONDS } from "../../../shared/testing/org.ts";
import { plain } from "../terminal/style.ts";
import { JOB, makeBundle, planned, refOf } from "../testing/bundle.ts";
import { openTrust } from "../trust/load.ts";
import type { Bundle } from "./bundle.ts";
import { derive, type Review } from "./derive.ts";
import { reviewText } from "./render.ts";
import { rememberReview, sinceLastReview } from "./since.ts";

const org = await makeOrg();
const nowMs = TEST_NOW_SECONDS * 1000;
const homes: string[] = [];
const newHome = () => {
  const home = mkdtempSync(join(tmpdir(), "farhand-since-"));
  homes.push(home);
  return { env: {}, home };
};
afterAll(() => homes.forEach((home) => rmSync(home, { recursive: true })));

async function reviewOf(bundle: Bundle): Promise<Review> {
  return derive(bundle, await openTrust(org.view, bundle.trust, nowMs), { job: JOB, nowMs, record: null });
}
const devices = [planned("ams-r1"), planned("ams-r2"), planned("lon-r1")];
const first = await reviewOf(await makeBundle(org, devices));
const odd = planned("ams-r2", { diff: refOf("[]") });
const texts = { texts: ["[]"] };

describe("a review after a review", () => {
  it("says nothing the first time, and that it is the same the second", () => {
    const place = newHome();
    expect(sinceLastReview(place, first)).toBeNull();
    rememberReview(place, first, nowMs);
    const since = sinceLastReview(place, first);
    expect(since).toMatchObject({ sameBytes: true, changed: [], added: [], gone: [], signedSince: [] });
    expect(reviewText(first, plain, since)).toContain(
      "since     your review of job-1, 2027-01-15T08:00:00Z: the same bytes",
    );
  });

  it("names who has signed the same bytes since", () => {
    const place = newHome();
    rememberReview(place, first, nowMs);
    const signed = { ...first, signing: { ...first.signing, approvers: [id.bob] } };
    expect(sinceLastReview(place, signed)).toMatchObject({ sameBytes: true, signedSince: [id.bob] });
  });

  it("names the devices of a plan made again that are not as they were, also under another job", async () => {
    const place = newHome();
    rememberReview(place, first, nowMs);
    const moved = planned("lon-r1", {
      preImage: { public: refOf("another configuration"), keyGeneration: 1, sealed: null, notRestorable: null },
    });
    const again = await reviewOf(await makeBundle(org, [planned("ams-r1"), odd, moved], texts));
    const since = sinceLastReview(place, { ...again, warrant: { ...again.warrant, job: "job-2" as JobId } });
    expect(since).toMatchObject({ job: JOB, sameBytes: false, changed: ["ams-r2"], replanned: ["lon-r1"], gone: [] });
    const text = reviewText(again, plain, since);
    expect(text).toContain("1 changed: ams-r2");
    expect(text).toContain("1 as then, on another configuration: lon-r1");
  });

  it("counts no signature that was of other bytes", async () => {
    const place = newHome();
    rememberReview(place, first, nowMs);
    const again = await reviewOf(await makeBundle(org, [planned("ams-r1"), odd], texts));
    const since = sinceLastReview(place, { ...again, signing: { ...again.signing, approvers: [id.bob] } });
    expect(since).toMatchObject({ gone: ["lon-r1"], signedSince: [] });
  });

  it("does not go on with a memory that it cannot read", () => {
    const place = newHome();
    rememberReview(place, first, nowMs);
    writeFileSync(join(place.home, ".local/state/farhand/reviews", `${JOB}.json`), "{}");
    expect(() => sinceLastReview(place, first)).toThrow("remove it to review without it");
    try {
      sinceLastReview(place, first);
    } catch (error) {
      expect(errorCode(error)).toBe("IO");
    }
  });
});

/** What a terminal of 80 columns and 24 lines shows first. */
const screen = (text: string): string =>
  text
    .split("\n")
    .flatMap((line) => line.match(/.{1,80}/gv) ?? [""])
    .slice(0, 24)
    .join("\n");

describe("the first screen", () => {
  it("shows the one odd device among four hundred sites", () => {
    const [like] = first.targets;
    if (!like?.change) throw new Error("no change");
    const { change } = like;
    const digest = sha256("other");
    const targets = Array.from({ length: 400 }, (_, at) => ({
      ...like,
      device: `s${String(at).padStart(3, "0")}-r1` as DeviceId,
      site: `s${String(at).padStart(3, "0")}` as SiteId,
      change:
        at === 221 ? { ...change, task: { ...change.task, diff: { sha256: digest as Digest, bytes: 9 } } } : change,
    }));
    const review = { ...first, targets, warrant: { ...first.warrant, sites: targets.map(({ site }) => site) } };
    const shown = screen(reviewText(review, plain));
    expect(shown).toContain("400 devices at 400 sites");
    expect(shown).toContain("s221-r1");
    expect(shown).toContain("look: unlike the others");
    expect(shown).toContain("399 devices alike");
  });
});
