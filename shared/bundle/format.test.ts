import { describe, expect, it } from "vitest";
import { decodeHead, encodeHead, HEAD_BYTES, INDEX_BYTES_MAX } from "./format.ts";

describe("the head of a bundle", () => {
  const refused = (head: Uint8Array) => expect(() => decodeHead(head));

  it("says how long the index is", () => {
    for (const length of [1, 4096, INDEX_BYTES_MAX]) expect(decodeHead(encodeHead(length))).toBe(length);
  });

  it("is refused when it is cut short, of another name, or of another version", () => {
    refused(encodeHead(1).subarray(0, -1)).toThrow("cut short");
    refused(encodeHead(1).with(0, 0)).toThrow("does not begin like one");
    const version = HEAD_BYTES - 5;
    refused(encodeHead(1).with(version, 2)).toThrow("version 2");
  });

  it("is refused when it claims no index, or a longer one than any", () => {
    refused(encodeHead(0)).toThrow("the index claims 0 bytes");
    refused(encodeHead(INDEX_BYTES_MAX + 1)).toThrow("the index claims");
  });
});
