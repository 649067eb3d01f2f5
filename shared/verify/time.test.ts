import { describe, expect, it } from "vitest";
import { checkValidity } from "./time.ts";

describe("a time of validity", () => {
  const now = 1_800_000_000;
  const check = (iat: number, nbf: number, exp: number, errorMs = 0) =>
    expect(() => checkValidity({ iat, nbf, exp }, { nowMs: now * 1000, errorMs, floorMs: 0 }, 3600));

  it("begins, and ends after it begins", () => {
    check(now, now, now + 60).not.toThrow();
    check(now, now + 60, now + 60).toThrow("LIFETIME");
    check(now, now + 90, now + 60).toThrow("LIFETIME");
  });

  it("is no longer than it may be, counted from when it was signed", () => {
    check(now, now, now + 3600).not.toThrow();
    check(now, now, now + 3601).toThrow("LIFETIME");
    check(now - 60, now, now + 3541).toThrow("LIFETIME");
  });

  it("allows for what is not known of the time, and for two minutes before its start", () => {
    check(now, now + 120, now + 600).not.toThrow();
    check(now, now + 121, now + 600).toThrow("NOT_YET_VALID");
    check(now, now + 121, now + 600, 1000).not.toThrow();
    check(now - 60, now - 60, now).toThrow("EXPIRED");
    check(now - 60, now - 60, now, 1000).not.toThrow();
  });
});
