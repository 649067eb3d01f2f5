import { describe, expect, it } from "vitest";
import { pieces, plain } from "./text.ts";

describe("T38: text of others", () => {
  it("keeps letters of every script, tabs and line feeds", () => {
    const text = "Größe\t網路\nשלום é 👍";
    expect(pieces(text)).toEqual([{ text }]);
  });

  it("names what a terminal would obey and what would reorder a line", () => {
    expect(plain("\u001b[31m\u0007\u0000\r")).toBe("<ESC>[31m<BEL><NUL><CR>");
    expect(plain("a\u202eb\u2066c\u200b\ufeff\u007f\u009b")).toBe(
      "a<U+202E>b<U+2066>c<U+200B><U+FEFF><U+007F><U+009B>",
    );
    expect(plain("\u{e0041}")).toBe("<U+E0041>");
  });
});
