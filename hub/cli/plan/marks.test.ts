import fc from "fast-check";
import { expect, it } from "vitest";
import { Template } from "./template.ts";

const linesOf = (source: string, variables: Record<string, unknown> = {}): readonly number[] | undefined => {
  const template = new Template("t.j2", source);
  return template.linesOf(template.render("r1", variables), variables)?.slice(0, -1);
};

it.each([
  ["a\nb\n", [1, 2]],
  ["a\n{% if true %}\nb\n{% endif %}\nc\n", [1, 3, 5]],
  ["a\n  {%- if true %} b{% endif %}\nc\n", [1]],
  ["{% for x in [1, 2] %}\n n {{ x }}\n{% endfor %}\nend\n", [2, 2, 4]],
  ["a\n\n{{ x }}\nb\n", [1, 1, 3, 3, 4]],
  ["{# one\ntwo #}\na\n", [3]],
  ["{% raw %}\n{{ a }}\nb\n{% endraw %}\nc\n", [2, 3, 5]],
  ["{% macro m(a) %}\nx {{ a }}\n{% endmacro %}\n{{ m(1) }}b\n", [2, 4]],
  ["a {{- ' b' }}\nc\n", [1, 2]],
])("tells which line of %j each of the text came from", (source, lines) => {
  expect(linesOf(source, { x: "one\ntwo" })).toEqual(lines);
});

it("tells nothing where marks would change what is rendered, or are somebody's letters", () => {
  expect(linesOf("{% set x %}abc{% endset %}{{ x|length }}\n")).toBeUndefined();
  expect(linesOf("a \uE000\n")).toBeUndefined();
  expect(linesOf("{{ x }}\n", { x: "\uE0007\uE001" })).toBeUndefined();
});

it("never tells a line that the template does not have, whatever blanks and blocks it is made of", () => {
  const piece = fc.constantFrom(
    "a",
    "b c",
    " ",
    "\n",
    "\n\n",
    "\t",
    "{{ x }}",
    "{{- x -}}",
    "{# c #}",
    "{% if y %}z{% endif %}",
    "{%- if y -%} z {%- endif -%}",
    "{% raw %}\n r\n{% endraw %}",
  );
  let told = 0;
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 24 }), fc.boolean(), (pieces, y) => {
      const source = `q${pieces.join("")}`;
      const template = new Template("t.j2", source);
      const text = template.render("r1", { x: "v\nw", y });
      const lines = template.linesOf(text, { x: "v\nw", y });
      if (!lines) return;
      told++;
      expect(lines).toHaveLength(text.split("\n").length);
      expect(lines.every((line, at) => line <= source.split("\n").length && line >= (lines[at - 1] ?? 1))).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(told).toBeGreaterThan(250);
});
