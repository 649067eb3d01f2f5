import { describe, expect, it } from "vitest";
import { FarhandError } from "./errors.ts";
import { snmpForm } from "./snmp-form.ts";

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FarhandError) return error.message;
    throw error;
  }
  return "taken";
};

describe("an SNMP credential as a person gives it", () => {
  it("asks for what its form needs, in that order", () => {
    expect(snmpForm("2c").questions).toEqual(["Community"]);
    expect(snmpForm("2c").valueOf(["lab-c0mm"])).toEqual({ version: "2c", community: "lab-c0mm" });
    const form = snmpForm("3:sha256:aes256-reeder");
    expect(form.questions).toEqual(["Authentication passphrase", "Privacy passphrase"]);
    expect(form.valueOf(["eight chars", "and eight more"])).toEqual({
      version: "3",
      authProtocol: "sha256",
      authPassphrase: "eight chars",
      privacy: { protocol: "aes256-reeder", passphrase: "and eight more" },
    });
    expect(snmpForm("3:sha1").questions).toEqual(["Authentication passphrase"]);
  });

  it.each([
    "",
    "1",
    "2",
    "3",
    "3:md5",
    "3:md5:aes128",
    "3:sha1:des",
    "3:sha1:",
    "3:sha1:aes128:x",
    "2c:sha1",
    "3::aes128",
  ])("has no form %j", (text) => {
    expect(refusal(() => snmpForm(text))).toContain("USAGE");
  });

  it("does not say what was typed when it is too short", () => {
    const said = refusal(() => snmpForm("3:sha256").valueOf(["sh0rt"]));
    expect(said).toContain("authPassphrase");
    expect(said).not.toContain("sh0rt");
  });
});
