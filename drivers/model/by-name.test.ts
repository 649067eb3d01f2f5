import { expect, test } from "vitest";
import { loadLanguage } from "./fixtures/platform.ts";
import { normalise } from "./normalise.ts";

const frr = loadLanguage("frr_linux");
const P = "ip prefix-list P seq 5 deny any\nip prefix-list P seq 10 permit any\n";
const A = "ip prefix-list A10 seq 5 permit any\n";
const B = "ip prefix-list A9 seq 5 permit any\n";
const RM = "route-map R permit 10\n match tag 7\nexit\n!\nroute-map R permit 5\nexit\n!\n";
const RN = "route-map N permit 10\n description ip prefix-list Z\nexit\n!\n";
const text = (...parts: string[]): string => normalise(frr, parts.join(""));

test("lists and route-maps are read by name, and what has one name keeps its order", () => {
  const one = text("interface lo\nexit\n!\n", P, A, B, "!\n", RM, RN, "end\n");
  expect(one).toBe(text("interface lo\nexit\n!\n", B, A, P, "!\n", RN, RM, "end\n"));
  expect(one).toBe(`interface lo\nexit\n!\n${B}${A}${P}!\n${RN}${RM}end\n`);
  expect(normalise(frr, one)).toBe(one);
  // An entry that stands elsewhere in its own list, or another entry, is another text.
  expect(one).not.toBe(
    text("interface lo\nexit\n!\n", P.split("\n").reverse().join("\n").trim(), "\n", A, B, "!\n", RM, RN, "end\n"),
  );
  expect(one).not.toBe(text("interface lo\nexit\n!\n", P, A, "!\n", RM, RN, "end\n"));
});

test("nothing passes what stands between: another kind, or a line that is no list", () => {
  const parts = [P, "access-list L seq 5 permit any\n", A, "ip route 10.0.0.0/8 blackhole\n", B];
  expect(text(...parts)).toBe(parts.join(""));
});
