import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DiffEntry, diffJson, diffTexts, parseDiff } from "./diff.ts";
import { loadLanguage } from "./fixtures/platform.ts";
import { naturalOrder } from "./natural.ts";
import { renderDiff } from "./render-diff.ts";
import { sameDiff } from "./same-diff.ts";
import { parse, print } from "./tree.ts";

const ios = loadLanguage("cisco_iosxe");
const frr = loadLanguage("frr_linux");
const diff = (before: string, after: string): string => diffTexts(ios, before, after);

describe("the normalised diff", () => {
  test("is empty between texts that differ in comments, blanks and order", () => {
    expect(
      diff(
        "hostname a\n!\ninterface Gi1\n shutdown\ninterface Gi2\n",
        "interface Gi2\ninterface Gi1\n  shutdown\n!\n!\nhostname a",
      ),
    ).toBe("[]");
  });

  test("lists every line of a removed section, headers first", () => {
    expect(parseDiff(diff("interface Gi1\n ip address 10.0.0.1 255.0.0.0\n shutdown\n", ""))).toEqual([
      { op: "remove", path: [], line: "interface Gi1" },
      { op: "remove", path: ["interface Gi1"], line: "ip address 10.0.0.1 255.0.0.0" },
      { op: "remove", path: ["interface Gi1"], line: "shutdown" },
    ]);
  });

  test("has one text, whatever the order of the lines that have none", () => {
    const added = [
      "ip route 10.0.0.0 255.0.0.0 10.1.1.1",
      "interface Gi10\n shutdown\n mtu 1500",
      "interface Gi9\n mtu 1500\n shutdown",
      "ntp server 1.1.1.1",
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(added, { minLength: 4 }), (lines) => {
        expect(diff("hostname a", `${lines.join("\n")}\nhostname a`)).toBe(
          diff("hostname a", `hostname a\n${added.join("\n")}`),
        );
      }),
    );
    const order = parseDiff(diff("", added.join("\n"))).map((entry) => entry.line);
    expect(order.indexOf("interface Gi9")).toBeLessThan(order.indexOf("interface Gi10"));
  });

  test("shows a reorder of an access list as remove and add, and keeps the order of what it adds", () => {
    const list = (...lines: string[]): string =>
      `ip access-list extended A\n${lines.map((line) => ` ${line}\n`).join("")}`;
    const [a, b, c] = ["permit ip any any", "deny tcp any any", "permit udp any any"] as const;
    expect(diff(list(a, b), list(b, a))).not.toBe("[]");
    expect(diff(list(), list(a, b))).not.toBe(diff(list(), list(b, a)));
    expect(parseDiff(diff(list(a, b, c), list(a, c)))).toEqual([
      { op: "remove", path: ["ip access-list extended A"], line: b },
    ]);
    expect(parseDiff(diff(list(a, b), list(a, b, c)))).toHaveLength(1);
    // Put before a kept line it is another change than put behind it.
    expect(diff(list(a, b), list(c, a, b))).not.toBe(diff(list(a, b), list(a, b, c)));
  });

  test("tells the new text from the old one and the diff, for any two texts", () => {
    const line = fc.constantFrom(
      "interface Gi1",
      " shutdown",
      " mtu 9000",
      "ip access-list extended A",
      " permit ip any any",
      " deny tcp any any",
      "hostname a",
      "hostname b",
      "access-list 1 permit a",
      "access-list 1 deny b",
      "access-list 2 permit a",
    );
    const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const json = diff(before, after);
        expect(json).toBe(diffJson(parseDiff(json)));
        expect(diff(before, before)).toBe("[]");
        const multiset = (source: string): string[] =>
          parseDiff(diff("", source)).map((entry) => JSON.stringify([entry.path, entry.line]));
        const lines = multiset(before);
        for (const { op, path, line: changed } of parseDiff(json)) {
          const key = JSON.stringify([path, changed]);
          if (op === "remove") lines.splice(lines.indexOf(key), lines.includes(key) ? 1 : 0);
          else lines.push(key);
        }
        expect(lines.toSorted()).toEqual(multiset(after).toSorted());
      }),
      { numRuns: 500 },
    );
  });

  test("sorts by the value of numbers, totally", () => {
    expect(["seq 10", "seq 5", "Gi1/0/10", "Gi1/0/9"].toSorted(naturalOrder)).toEqual([
      "Gi1/0/9",
      "Gi1/0/10",
      "seq 5",
      "seq 10",
    ]);
    const text = fc.string({ unit: fc.constantFrom("0", "1", "9", "a", " ", "/"), maxLength: 8 });
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(Math.sign(naturalOrder(a, b))).toBe(-Math.sign(naturalOrder(b, a)) + 0);
        expect(naturalOrder(a, b) === 0).toBe(a === b);
        if (naturalOrder(a, b) < 0 && naturalOrder(b, c) < 0) expect(naturalOrder(a, c)).toBeLessThan(0);
      }),
    );
  });

  test("takes well under 100 ms for 400 interfaces of 25 lines", () => {
    const text = (mtu: number): string =>
      Array.from(
        { length: 400 },
        (_, port) =>
          `interface GigabitEthernet1/0/${port}\n${Array.from({ length: 24 }, (__, at) => ` line ${at} of ${port}\n`).join("")} mtu ${port % 50 === 0 ? mtu : 1500}\n!\n`,
      ).join("");
    const [before, after] = [text(1500), text(9000)];
    diff(before, after);
    const best = Math.min(
      ...Array.from({ length: 5 }, () => {
        const started = performance.now();
        diff(before, after);
        return performance.now() - started;
      }),
    );
    console.log(`diff of 10,000 lines: ${best.toFixed(1)} ms`);
    expect(best).toBeLessThan(1000);
  });
});

describe("a diff rendered for people", () => {
  test("names each section once and marks what goes and what comes", () => {
    const before = "interface Gi1\n description a\n mtu 1500\nbanner motd ^C\nold\n^C\n";
    const after =
      "interface Gi1\n description b\n mtu 1500\nbanner motd ^C\nnew\u001b[31m\n^C\ninterface Lo1\n shutdown\n";
    expect(renderDiff(diff(before, after))).toBe(
      [
        "- banner motd ^C",
        "- old",
        "- ^C",
        "+ banner motd ^C",
        "+ new\\u{1b}[31m",
        "+ ^C",
        "+ interface Lo1",
        "+   shutdown",
        "  interface Gi1",
        "-   description a",
        "+   description b",
      ].join("\n"),
    );
  });
});

describe("comparing the measured diff with the signed one", () => {
  const entry = (op: DiffEntry["op"], line: string, ...path: string[]): DiffEntry => ({ op, path, line });
  const same = (signed: DiffEntry[], measured: DiffEntry[], language = frr): boolean =>
    sameDiff(language, diffJson(signed), diffJson(measured));
  const tag = "‹secret:abcdefgh234567ab›";

  test("takes the number that the device gave a prefix list", () => {
    const signed = [entry("add", "ip prefix-list P permit 10.0.0.0/8"), entry("add", "ip prefix-list P deny any")];
    const [ten, any] = ["permit 10.0.0.0/8", "deny any"];
    expect(
      same(signed, [entry("add", `ip prefix-list P seq 5 ${ten}`), entry("add", `ip prefix-list P seq 10 ${any}`)]),
    ).toBe(true);
    expect(
      same(signed, [entry("add", `ip prefix-list P seq 5 ${any}`), entry("add", `ip prefix-list P seq 10 ${ten}`)]),
    ).toBe(false);
    expect(
      same(signed, [entry("add", `ip prefix-list Q seq 5 ${ten}`), entry("add", `ip prefix-list P seq 10 ${any}`)]),
    ).toBe(false);
    expect(
      same(signed, [entry("remove", `ip prefix-list P seq 5 ${ten}`), entry("add", `ip prefix-list P seq 10 ${any}`)]),
    ).toBe(false);
  });

  test("takes a named secret for any tag at its place, with any type, and nothing else", () => {
    const signed = [entry("add", 'neighbor 10.0.0.1 password ‹secret("bgp")›', "router bgp 1")];
    for (const shown of [`neighbor 10.0.0.1 password ${tag}`, `neighbor 10.0.0.1 password 7 ${tag}`]) {
      expect(same(signed, [entry("add", shown, "router bgp 1")], ios)).toBe(true);
      expect(same(signed, [entry("add", shown, "router bgp 2")], ios)).toBe(false);
    }
    expect(same([entry("add", 'enable secret 0 ‹secret("e")›')], [entry("add", `enable secret 9 ${tag}`)], ios)).toBe(
      true,
    );
    expect(same(signed, [entry("add", "neighbor 10.0.0.1 password in-the-clear", "router bgp 1")], ios)).toBe(false);
    expect(same([entry("add", `x ${tag}`)], [entry("add", `x ${tag.replace("a", "b")}`)], ios)).toBe(false);
  });

  test("follows a section whose header reads back in another form", () => {
    const signed = [
      entry("add", "address-family ipv6", "router bgp 1"),
      entry("add", "network 2001:db8::/32", "router bgp 1", "address-family ipv6"),
    ];
    const shown = "address-family ipv6 unicast";
    expect(
      same(signed, [entry("add", shown, "router bgp 1"), entry("add", "network 2001:db8::/32", "router bgp 1", shown)]),
    ).toBe(true);
    expect(
      same(signed, [entry("add", shown, "router bgp 1"), entry("add", "network 2001:db8::/32", "router bgp 1")]),
    ).toBe(false);
  });

  test("takes a line that the device adds by itself only in a section that the change adds", () => {
    const header = "interface Loopback5";
    const implied = entry("add", "no ip address", header);
    expect(same([entry("add", header)], [entry("add", header), implied], ios)).toBe(true);
    expect(same([], [implied], ios)).toBe(false);
    expect(same([entry("add", header)], [entry("add", header), entry("add", "shutdown", header)], ios)).toBe(false);
    expect(same([entry("add", header)], [entry("add", header), { ...implied, op: "remove" }], ios)).toBe(false);
  });

  test("is true of a diff and itself, and false with any one entry more or less", () => {
    const text = fc
      .array(
        fc.constantFrom(
          "interface Gi1",
          " shutdown",
          "ip access-list extended A",
          " permit ip any any",
          " deny ip any any",
          "ip prefix-list P permit any",
          "a",
          "b",
        ),
        { maxLength: 10 },
      )
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, fc.nat(), (before, after, pick) => {
        const entries = parseDiff(diffTexts(ios, before, after));
        expect(same(entries, [...entries], ios)).toBe(true);
        expect(same(entries, [...entries, entry("add", "never there")], ios)).toBe(false);
        expect(same([...entries, entry("remove", "never there")], entries, ios)).toBe(false);
        if (entries.length === 0) return;
        const without = entries.toSpliced(pick % entries.length, 1);
        expect(same(entries, without, ios)).toBe(false);
        expect(same(without, entries, ios)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

test("a tree printed and read again is no difference", () => {
  const text = "router bgp 1\n address-family ipv4\n  network 10.0.0.0\nbanner motd ^C\nx\n^C\n";
  expect(diff(text, print(ios, parse(ios, text)))).toBe("[]");
});
