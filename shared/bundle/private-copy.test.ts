import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../bytes.ts";
import { chunksOf, copyPrivately } from "./private-copy.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "farhand-copy-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield utf8(text);
}

describe("a private copy", () => {
  const folder = () => join(dir, "private");

  it("holds what came, and no more than it may", async () => {
    const copy = await copyPrivately(pieces("abc", "def"), folder(), 6);
    expect(copy.size).toBe(6);
    await copy.close();
    await expect(copyPrivately(pieces("abc", "def", "g"), folder(), 6)).rejects.toThrow("more than 6 bytes");
    expect(readdirSync(folder())).toEqual([]);
  });

  it("is not begun of a file that is larger than it may be", async () => {
    const path = join(dir, "large");
    writeFileSync(path, "abc");
    truncateSync(path, 2 ** 30);
    await expect(chunksOf(path, 6).next()).rejects.toThrow(`${2 ** 30} bytes; at most 6`);
  });
});
