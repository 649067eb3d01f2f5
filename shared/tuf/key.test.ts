import { describe, expect, it } from "vitest";
import { errorCode } from "../errors.ts";
import { generateSigningJwk, keyIdOf, type SigningPublicKey } from "../keys.ts";
import { hexOfKey, keyOfHex, thumbprint } from "./key.ts";

describe("a key of root.json", () => {
  const code = (keyid: string, hex: string): string => {
    try {
      return keyOfHex(keyid, hex);
    } catch (error) {
      return errorCode(error);
    }
  };

  it("stands under its own thumbprint", async () => {
    const { x } = await generateSigningJwk();
    const key = x as SigningPublicKey;
    expect(thumbprint(key)).toBe(await keyIdOf(key));
    expect(code(thumbprint(key), hexOfKey(key))).toBe(key);
    const other = (await generateSigningJwk()).x as SigningPublicKey;
    expect(code(thumbprint(other), hexOfKey(key))).toBe("SCHEMA");
  });

  it("is none with which anybody can sign, nor any that is not 32 bytes", () => {
    for (const hex of [`01${"00".repeat(31)}`, "07".repeat(31), "07".repeat(33)]) {
      const key = Buffer.from(hex, "hex").toString("base64url") as SigningPublicKey;
      expect(code(thumbprint(key), hex)).toBe("SIGNATURE_BAD");
    }
  });
});
