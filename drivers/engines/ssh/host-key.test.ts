import { describe, expect, test } from "vitest";
import type { HostKey } from "../../../shared/documents/inventory.ts";
import { isPinned, strictVerifier } from "./host-key.ts";

const key = Buffer.from("0000000b7373682d65643235353139", "hex");
const pin = (blob: Buffer): HostKey => ({ algorithm: "ssh-ed25519", publicKey: blob.toString("base64") });

function answerOf(check: (key: Uint8Array) => unknown): { answers: unknown[]; returned: unknown } {
  const answers: unknown[] = [];
  const returned: unknown = strictVerifier(check)(key, (answer) => answers.push(answer));
  return { answers, returned };
}

describe("T31: strictVerifier answers once, at once, with a boolean, and returns undefined", () => {
  const refused: [string, () => unknown][] = [
    ["an async false", () => Promise.resolve(false)],
    ["an async true", () => Promise.resolve(true)],
    ["null", () => null],
    ["undefined", () => undefined],
    ["0", () => 0],
    ["1", () => 1],
    ["an empty text", () => ""],
    ["a text", () => "yes"],
    ["NaN", () => Number.NaN],
    ["an object", () => ({})],
    ["a boxed true", () => Object(true) as unknown],
    [
      "a throw",
      () => {
        throw new Error("no");
      },
    ],
    ["false", () => false],
  ];
  test.each(refused)("%s is a no", (_name, check) =>
    expect(answerOf(check)).toEqual({ answers: [false], returned: undefined }),
  );
  test("true is the only yes", () => expect(answerOf(() => true)).toEqual({ answers: [true], returned: undefined }));
});

describe("isPinned", () => {
  test("the same bytes", () => expect(isPinned(key, [pin(Buffer.from("other")), pin(key)])).toBe(true));
  test("no pins, a prefix, a longer key, an empty pin", () => {
    expect(isPinned(key, [])).toBe(false);
    expect(isPinned(key.subarray(0, 5), [pin(key)])).toBe(false);
    expect(isPinned(Buffer.concat([key, key]), [pin(key)])).toBe(false);
    expect(isPinned(new Uint8Array(), [pin(Buffer.alloc(0))])).toBe(false);
  });
});
