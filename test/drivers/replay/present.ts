import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { PLATFORMS, type ReplayPlatform } from "./platforms.ts";

const named = process.env["FARHAND_CORPUS"] ?? "";

/** Where the corpus stands; empty where it is not there. */
export const root = named !== "" && existsSync(named) ? named : "";

/** The platforms to show: none without a corpus. */
export const present: readonly ReplayPlatform[] = root === "" ? [] : PLATFORMS;

/** So that a run without a corpus says so. */
export function needsCorpus(): void {
  test("the corpus is there", ({ skip }) => {
    if (root === "") skip("FARHAND_CORPUS does not name a folder");
    expect(present.length).toBeGreaterThan(0);
  });
}
