import { describe, expect, it } from "vitest";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { Template } from "./template.ts";

const render = (source: string, variables: Record<string, unknown> = {}) =>
  new Template("edge.j2", source).render("r1", variables);

function detail(source: string, variables: Record<string, unknown> = {}): string {
  try {
    return `rendered: ${render(source, variables)}`;
  } catch (error) {
    expect(errorCode(error)).toBe("TEMPLATE");
    return error instanceof FarhandError ? (error.detail ?? "") : "";
  }
}

describe("templates", () => {
  it("renders loops and conditions, and ends with a line feed", () => {
    const source = "{% for peer in peers %}\nneighbor {{ peer.ip }} remote-as {{ peer.asn }}\n{% endfor %}\nend";
    expect(render(source, { peers: [{ ip: "192.0.2.1", asn: 64_510 }] })).toBe(
      "neighbor 192.0.2.1 remote-as 64510\nend\n",
    );
  });

  it("keeps secret(…) as the agent's token", () => {
    expect(render('username ops secret {{ secret("ops-login") }}')).toBe('username ops secret ‹secret("ops-login")›\n');
    expect(detail('\n{{ secret("a b") }}')).toMatch(/^edge\.j2:2: secret.*not a b \(r1\)$/);
    expect(detail("{{ secret(1) }}")).toMatch(/^edge\.j2: secret.*not number/);
    expect(detail("{{ secret() }}")).toMatch(/^edge\.j2: secret/);
  });

  it.each([
    ["hostname x\n{{ site.asn }}", "edge.j2:2: undefined value: site.asn (r1)"],
    ["{% if missing %}x{% endif %}", "edge.j2:1: undefined value: missing (r1)"],
    ["a\nb\n{{ missing }}", "edge.j2:3: undefined value: missing (r1)"],
    ["{% for x in missing %}{{ x }}{% endfor %}", "edge.j2:1: undefined value: missing (r1)"],
    ["{{ missing ~ 'x' }}", "edge.j2:1: undefined value: missing"],
    ["a\n{{ missing|upper }}", "edge.j2:2: undefined value: missing"],
    ["{{ site.nmae|string|upper }}", "edge.j2:1: undefined value: site.nmae"],
    ["{{ [1, missing]|join(',') }}", "edge.j2:1: undefined value: missing"],
    ["{% if site.role == 'edge' %}x{% else %}y{% endif %}", "edge.j2:1: undefined value: site.role"],
    ["{% set x = missing %}", "edge.j2:1: undefined value: missing"],
    ["{% macro m(a) %}[{{ a ~ '' }}]{% endmacro %}\n{{ m() }}", "edge.j2:1: undefined value: a"],
    ["{{ 'a'|replace('a', missing) }}", "edge.j2:1: undefined value: missing"],
    ["{{ site['x']|d2 }}", "edge.j2"],
    ["{{\n  {'a': missing} }}", "edge.j2:2: undefined value: missing"],
    ["{{ site[missing]|upper }}", "edge.j2:1: undefined value: missing"],
  ])("names what is undefined in %j", (source, message) => {
    expect(detail(source, { site: {} })).toContain(message);
  });

  it.each([
    ["{{ missing|default('none') }}", "none"],
    ["{% if missing is defined %}x{% else %}y{% endif %}", "y"],
    ["{% if missing is not defined and site.id is defined %}x{% endif %}", "x"],
    ["{% for k, v in site|items %}{{ k }}={{ v|upper }};{{ loop.index0 + 1 }} {% endfor %}", "id=AMS;1 n=3;2 "],
    ["{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "3"],
    ["{% macro m(a, b=2) %}{{ a + b }}{% endmacro %}{{ m(site.n) }} {{ m(1, b=site.n) }}", "5 4"],
    ["{{ 'quoted }} missing' }} {{ {'a': {'b': site.id}}['a']['b'] }}", "quoted }} missing ams"],
    ["{# missing #}{% raw %}{{ missing }}{% endraw %}", "{{ missing }}"],
    ["{{ range(3)|join('-') }} {{ 1.5 }} {{ 'x' if site.n is divisibleby 3 else 'y' }}", "0-1-2 1.5 x"],
    ["{% with a = site.id, b = site.n %}{{ a ~ b }}{% endwith %}", "ams3"],
    ["{{ 'x' if site.n in [3] and not false }}", "x"],
    ["{{ site.id[1:] }}{{ site.id[0] }}", "msa"],
    ["{% set c = cycler(['a', 'b']) %}{{ c.next() }}{{ c.next() }}", "ab"],
  ])("renders %j", (source, text) => {
    expect(render(source, { site: { id: "ams", n: 3 } })).toBe(`${text}\n`);
  });

  it("names the line of a syntax error", () => {
    expect(detail("ok\n{% if %}")).toMatch(/^edge\.j2:2: syntax error/);
  });

  it.each([
    "{{ ({}).constructor.constructor('return 1')() }}",
    "{{ secret.constructor('return 1')() }}",
    "{{ ''.constructor.constructor('return 1')() }}",
    "{{ device.__proto__.polluted }}",
    "{{ [].constructor }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{{ self._TemplateReference__context }}",
  ])("reaches nothing of JavaScript: %s", (source) => {
    expect(detail(source, { device: { id: "r1" } })).toMatch(/^edge\.j2:1: /);
  });

  it("stops a template without end", () => {
    expect(detail("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}")).toMatch(
      /out of fuel/,
    );
  });

  it("reads a template of many blocks, brackets and names in one pass", () => {
    const many = 30_000;
    expect(render("{{ x }}".repeat(many), { x: "a" })).toHaveLength(many + 1);
    expect(detail(`{{ ${"x[".repeat(many)} }}`)).toContain("edge.j2");
    expect(detail(`{{ ${"x * ".repeat(many)} }}`)).toContain("edge.j2");
    expect(detail(`{{ ${"x[".repeat(3000)}0${"]".repeat(3000)} }}`, { x: [0] })).toContain("edge.j2");
    expect(render(`{{ ${"x[".repeat(20)}0${"]".repeat(20)} }}`, { x: [0] })).toBe("0\n");
  });

  it("refuses values that are nested without end, and goes on", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    expect(detail("{{ x }}", { x: deep })).toMatch(/nested more than 64 deep/);
    expect(render("{{ x }}", { x: 1 })).toBe("1\n");
  });

  it("refuses a forged token mark", () => {
    expect(detail("{{ x }}", { x: "‹secret(nope" })).toContain("outside a secret's token");
  });

  it("escapes nothing of its own", () => {
    expect(render("{{ x }}", { x: "<a & 'b'>" })).toBe("<a & 'b'>\n");
  });
});
