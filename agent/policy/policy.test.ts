import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { errorCode } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, PlatformId } from "../../shared/ids.ts";
import { LocalPolicy, readPolicyText } from "./document.ts";
import { LocalRules } from "./local-policy.ts";
import { refusalOf, type PolicyQuestion } from "./refusal.ts";
import { isWithin } from "./windows.ts";

const IOSXE = "cisco_iosxe" as PlatformId;
const device = (name: string, over = {}): PolicyQuestion["devices"][number] => ({
  id: name as DeviceId,
  credentials: ["hop", "lab"] as CredentialName[],
  platform: IOSXE,
  driver: sha256("driver"),
  ...over,
});
// A Wednesday, 12:00 UTC.
const NOON_MS = Date.UTC(2026, 10, 25, 12);
const question = (over: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  kind: "change",
  risk: "change",
  devices: [device("r1"), device("r2")],
  beginsMs: NOON_MS,
  ...over,
});
const policy = (over: object): LocalPolicy => LocalPolicy.parse({ v: 1, ...over });
const nights = { timeZone: "UTC", open: [{ days: ["wed"], from: "22:00", to: "04:00" }] };

describe("a local policy refuses, each thing by its code", () => {
  it.each([
    ["stop", { stop: "the audit is here" }, {}, "LOCAL_STOP"],
    ["stop, a read too", { stop: "the audit is here" }, { kind: "collect", risk: "read" }, "LOCAL_STOP"],
    ["risks", { risks: ["read"] }, {}, "LOCAL_POLICY"],
    ["kinds", { kinds: ["collect"] }, {}, "LOCAL_POLICY"],
    ["devices", { devices: ["r1"] }, {}, "LOCAL_POLICY"],
    ["no device at all", { devices: [] }, {}, "LOCAL_POLICY"],
    ["credentials", { credentials: ["hop"] }, {}, "LOCAL_POLICY"],
    ["the credential of a hop on the way", { credentials: ["lab"] }, {}, "LOCAL_POLICY"],
    ["a platform's driver", { platforms: { cisco_iosxe: [sha256("another")] } }, {}, "LOCAL_POLICY"],
    ["devices at once", { devicesPerManifestMax: 1 }, {}, "LOCAL_LIMIT"],
    ["devices an hour", { changesPerHourMax: 1 }, {}, "LOCAL_LIMIT"],
    ["the window", { windows: nights }, {}, "LOCAL_WINDOW"],
    ["no window at all", { windows: { timeZone: "UTC", open: [] } }, {}, "LOCAL_WINDOW"],
  ] as const)("%s", (_, given, asked, code) => {
    expect(refusalOf(policy(given), question(asked))).toMatchObject({ code });
  });

  it("and lets begin what it does not narrow; windows and the hour's limit are for what changes something", () => {
    expect(refusalOf(policy({}), question())).toBeNull();
    const both = policy({ windows: nights, changesPerHourMax: 1, risks: ["read"], devices: ["r1", "r2"] });
    expect(refusalOf(both, question({ kind: "collect", risk: "read" }))).toBeNull();
    expect(refusalOf(policy({ windows: nights }), question({ beginsMs: NOON_MS + 10 * 3_600_000 }))).toBeNull();
  });
});

describe("a window by the clock on the wall", () => {
  const amsterdam = (days: string[], from: string, to: string) =>
    policy({ windows: { timeZone: "Europe/Amsterdam", open: [{ days, from, to }] } }).windows;
  it.each([
    // CET is an hour ahead of UTC, CEST two.
    ["in winter, from its minute on", ["wed"], "13:00", "14:00", Date.UTC(2026, 10, 25, 12, 0), true],
    ["in winter, not before", ["wed"], "13:00", "14:00", Date.UTC(2026, 10, 25, 11, 59), false],
    ["not at its last minute", ["wed"], "13:00", "14:00", Date.UTC(2026, 10, 25, 13, 0), false],
    ["in summer", ["wed"], "13:00", "14:00", Date.UTC(2026, 6, 22, 11, 0), true],
    ["on another day", ["thu"], "13:00", "14:00", Date.UTC(2026, 10, 25, 12, 0), false],
    ["over midnight, before it", ["wed"], "22:00", "04:00", Date.UTC(2026, 10, 25, 22, 30), true],
    ["over midnight, after it", ["wed"], "22:00", "04:00", Date.UTC(2026, 10, 26, 2, 59), true],
    ["over midnight, the morning of its day", ["wed"], "22:00", "04:00", Date.UTC(2026, 10, 25, 2, 0), false],
    ["to the end of the day", ["wed"], "23:00", "24:00", Date.UTC(2026, 10, 25, 22, 59), true],
    ["from Sunday into Monday", ["sun"], "23:00", "01:00", Date.UTC(2026, 10, 22, 23, 30), true],
  ] as const)("%s", (_, days, from, to, nowMs, open) => {
    const windows = amsterdam([...days], from, to);
    expect(windows && isWithin(windows, nowMs)).toBe(open);
  });
});

describe("no policy gives anything", () => {
  const some = <T>(values: readonly T[]) => fc.subarray([...values]);
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
  const opening = fc
    .record({
      days: fc.subarray(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], { minLength: 1 }),
      from: time,
      to: time,
    })
    .filter(({ from, to }) => from !== to && to !== "00:00");
  const members = {
    stop: fc.constant("stop"),
    risks: some(["read", "change", "destructive"]),
    kinds: some(["collect", "run", "change", "check", "plan", "rotate", "reveal"]),
    devices: some(["r1", "r2", "r3"]),
    credentials: some(["lab", "edge"]),
    platforms: fc.dictionary(fc.constant("cisco_iosxe"), some([sha256("driver"), sha256("another")])),
    devicesPerManifestMax: fc.integer({ min: 1, max: 4 }),
    changesPerHourMax: fc.integer({ min: 1, max: 4 }),
    windows: fc.record({ timeZone: fc.constantFrom("UTC", "Asia/Tokyo"), open: fc.array(opening, { maxLength: 3 }) }),
  };
  const policies = fc.record(members, { requiredKeys: [] });
  const questions = fc.record({
    kind: fc.constantFrom("collect", "run", "change", "rotate"),
    risk: fc.constantFrom("read", "change", "destructive"),
    devices: fc.uniqueArray(
      fc.record({
        id: fc.constantFrom("r1", "r2", "r3"),
        credentials: fc.subarray(["lab", "edge"], { minLength: 1 }),
        platform: fc.constant("cisco_iosxe"),
        driver: fc.constantFrom(sha256("driver"), undefined),
      }),
      { minLength: 1, maxLength: 3, selector: ({ id }) => id },
    ),
    beginsMs: fc.integer({ min: NOON_MS, max: NOON_MS + 7 * 86_400_000 }),
  }) as unknown as fc.Arbitrary<PolicyQuestion>;

  it("what is refused stays refused, whatever the file says besides", () => {
    let refused = 0;
    fc.assert(
      fc.property(policies, policies, questions, (first, second, asked) => {
        if (!refusalOf(policy(first), asked)) return;
        refused++;
        expect(refusalOf(policy({ ...second, ...first }), asked)).not.toBeNull();
      }),
      { numRuns: 3_000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it("an empty file refuses nothing, so that what it lets begin is what would begin without it", () => {
    fc.assert(
      fc.property(questions, (asked) => {
        expect(refusalOf(policy({}), asked)).toBeNull();
      }),
    );
  });
});

describe("a policy file that is not in order lets nothing begin", () => {
  it.each([
    ["no version", "risks: [read]", "v"],
    ["an unknown member", "v: 1\nrisk: [read]", "risk"],
    ["an unknown risk", "v: 1\nrisks: [reads]", "risks.0"],
    ["a member twice", "v: 1\nstop: a\nstop: b", "unique"],
    ["an alias", "v: 1\ndevices: &a [r1]\ncredentials: *a", "lias"],
    ["no such time zone", "v: 1\nwindows: {timeZone: Mars/Olympus, open: []}", "windows.timeZone"],
    [
      "a window of no length",
      'v: 1\nwindows: {timeZone: UTC, open: [{days: [mon], from: "01:00", to: "01:00"}]}',
      "windows",
    ],
    ["another kind of text", "\u0000", ""],
    ["nothing", "", ""],
  ])("%s", (_, text, place) => {
    let caught: unknown;
    try {
      readPolicyText(text);
    } catch (error) {
      caught = error;
    }
    expect(errorCode(caught)).toBe("LOCAL_POLICY_FILE");
    expect(String(caught)).toContain(place);
  });

  const folder = mkdtempSync(join(tmpdir(), "farhand-policy-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const written = (name: string, mode: number, text = "v: 1\nstop: no\n"): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const codeOf = (path: string): string | undefined => new LocalRules(path).fault()?.code;

  it("that others can write, by itself or by its folder; that is a link, a folder, or not there", () => {
    expect(codeOf(written("good", 0o644))).toBeUndefined();
    expect(new LocalRules(join(folder, "good")).read()).toEqual({ v: 1, stop: "no" });
    expect(codeOf(written("group", 0o664))).toBe("LOCAL_POLICY_FILE");
    expect(codeOf(written("others", 0o646))).toBe("LOCAL_POLICY_FILE");
    expect(codeOf(join(folder, "missing"))).toBe("LOCAL_POLICY_FILE");
    expect(codeOf(folder)).toBe("LOCAL_POLICY_FILE");
    symlinkSync(join(folder, "good"), join(folder, "link"));
    expect(codeOf(join(folder, "link"))).toBe("LOCAL_POLICY_FILE");
    const open = join(folder, "open");
    mkdirSync(join(open, "inner"), { recursive: true });
    writeFileSync(join(open, "inner", "policy"), "v: 1\n", { mode: 0o644 });
    expect(codeOf(join(open, "inner", "policy"))).toBeUndefined();
    chmodSync(open, 0o777);
    expect(codeOf(join(open, "inner", "policy"))).toBe("LOCAL_POLICY_FILE");
    // As /tmp is: nobody moves what is another's.
    chmodSync(open, 0o1777);
    expect(codeOf(join(open, "inner", "policy"))).toBeUndefined();
  });

  it("stops while the file that it names exists", () => {
    const stopFile = join(folder, "stop");
    const rules = new LocalRules(written("with-stop-file", 0o600, `v: 1\nstopFile: ${stopFile}\n`));
    expect(rules.read()?.stop).toBeUndefined();
    writeFileSync(stopFile, "");
    expect(rules.read()?.stop).toContain(stopFile);
    rmSync(stopFile);
    expect(rules.read()?.stop).toBeUndefined();
  });
});
