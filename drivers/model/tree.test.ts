import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadLanguage } from "./fixtures/platform.ts";
import { normalise } from "./normalise.ts";
import { parse, print } from "./tree.ts";

const ios = loadLanguage("cisco_iosxe");
const frr = loadLanguage("frr_linux");
const again = (text: string): string => print(ios, parse(ios, text));

describe("the configuration tree", () => {
  test("nests by indentation and drops separators and closing lines", () => {
    const text =
      "!\nrouter bgp 65001\n bgp router-id 10.0.0.1\n !\n address-family ipv4 unicast\n  network 10.0.0.0/8  \n exit-address-family\nexit\n!\nend\n";
    expect(print(frr, parse(frr, text))).toBe(
      "router bgp 65001\n bgp router-id 10.0.0.1\n address-family ipv4 unicast\n  network 10.0.0.0/8\n",
    );
    expect(print(frr, parse(frr, "router bgp 65001\n\taddress-family ipv4 unicast\n\t\tnetwork 10.0.0.0/8"))).toBe(
      "router bgp 65001\n address-family ipv4 unicast\n  network 10.0.0.0/8\n",
    );
  });

  test("takes deeper indents than expected, and a step back to none that was there before", () => {
    expect(again("a\n     b\n   c\n d\ne")).toBe("a\n b\n c\n d\ne\n");
  });

  test("gives an old IOS's address family the lines that stand at its own indent", () => {
    expect(
      again(
        "router bgp 1\n neighbor 10.0.0.1 remote-as 2\n !\n address-family ipv4\n neighbor 10.0.0.1 activate\n no auto-summary\n exit-address-family\n!\n",
      ),
    ).toBe(
      "router bgp 1\n neighbor 10.0.0.1 remote-as 2\n address-family ipv4\n  neighbor 10.0.0.1 activate\n  no auto-summary\n",
    );
  });

  test("keeps a banner whole, whatever stands in it", () => {
    const text =
      "hostname r1\nbanner motd ^C\n! not a comment\n  interface not really\n\n^C\nline vty 0 4\n transport input ssh\n";
    expect(again(text)).toBe(text);
    expect(parse(ios, text)).toHaveLength(3);
    expect(parse(ios, "banner exec ^CFirst line.\nSecond line.^Cignored\nhostname x")[0]?.line).toBe(
      "banner exec ^CFirst line.\nSecond line.^Cignored",
    );
    expect(parse(ios, "banner motd #one line#\nhostname x")).toHaveLength(2);
  });

  test("keeps a certificate whole", () => {
    const text =
      "crypto pki certificate chain X\n certificate self-signed 01\n  30820321 30820209\n  A0030201 \n  \tquit\nhostname r1\n";
    expect(parse(ios, text)[0]?.children).toHaveLength(1);
    // But for the blank that IOS shows behind each of its lines.
    expect(again(text)).toBe(text.replace("A0030201 ", "A0030201"));
  });

  test("reads a banner that never ends as a line, and goes on", () => {
    expect(parse(ios, "banner motd ^C\nhostname r1\nbanner login #\nline vty 0 4")).toHaveLength(4);
  });

  test("survives any nesting and ten thousand unclosed banners", () => {
    const deep = Array.from({ length: 5000 }, (_, at) => `${" ".repeat(at)}x`).join("\n");
    expect(again(again(deep))).toBe(again(deep));
    const started = performance.now();
    parse(ios, Array.from({ length: 10_000 }, (_, at) => `banner motd ^C${at}\n macro name m${at}`).join("\n"));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("reads a hundred thousand lines that a device made up to be looked up again and again", () => {
    const started = performance.now();
    const lines = (line: string): string => Array.from({ length: 50_000 }, () => `a\n${line}`).join("\n");
    parse(ios, lines("exit-address-family"));
    parse(frr, lines("exit-vrf"));
    normalise(ios, lines("tunnel mpls traffic-eng bandwidth 1"));
    // Minutes when each line looks through all others.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("prints to something that parses to the same tree, for any text", () => {
    const word = fc.constantFrom(
      "interface Gi1",
      "banner motd ^C",
      "banner login #",
      "^C",
      "#",
      "! x",
      "exit-address-family",
      "address-family ipv4",
      "certificate 01",
      "quit",
      "no ip address",
      "key-string",
      "end",
      "",
      "\u{1F600}",
    );
    const line = fc
      .tuple(
        fc.constantFrom("", " ", "  ", "\t", "   \t"),
        fc.oneof(word, fc.string({ maxLength: 12 })),
        fc.constantFrom("", " ", "\r"),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const once = again(lines.join("\n"));
        expect(again(once)).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });
});
