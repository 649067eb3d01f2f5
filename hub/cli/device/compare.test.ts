import { describe, expect, test } from "vitest";
import { renderDiff } from "../../../drivers/model/render-diff.ts";
import { xmlLanguageFile, type XmlPlatform } from "../../../drivers/model/xml/fixtures/languages.ts";
import { compare } from "./compare.ts";

const list = (...entries: readonly [name: string, mtu: number][]): string =>
  `<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">\n${entries
    .map(([name, mtu]) => `  <interface>\n    <name>${name}</name>\n    <mtu>${mtu}</mtu>\n  </interface>\n`)
    .join("")}</interfaces>\n`;

const IDS = ["netconf", "cisco_iosxe", "juniper_junos"] as const satisfies readonly XmlPlatform[];

describe("two stored configurations in XML", () => {
  test("are compared by their elements: an entry before others is one entry", () => {
    const { diff } = compare(list(["b", 1500], ["c", 1500]), list(["a", 9000], ["b", 1500], ["c", 1400]));
    expect(renderDiff(diff).split("\n")).toEqual([
      "  ietf-interfaces:interfaces",
      "+   interface[name=a]",
      "+     mtu 9000",
      "+     name a",
      "    interface[name=c]",
      "-     mtu 1500",
      "+     mtu 1400",
    ]);
  });

  test("see what was switched off, with every attribute that a platform keeps", () => {
    const text = list(["a", 1]);
    for (const { metadata } of IDS.map((id) => xmlLanguageFile(id)))
      for (const name of metadata)
        expect(compare(text, text.replace("<interface>", `<interface ${name}="${name}">`)).entries).toMatchObject([
          { op: "add", line: `@${name} ${name}` },
        ]);
  });

  test("that differ in the order of their entries say so", () => {
    expect(compare(list(["a", 1], ["b", 1]), list(["b", 1], ["a", 1]))).toMatchObject({ entries: [], orderOnly: true });
  });

  test("a configuration of lines is compared by its lines, as before", () => {
    expect(compare("hostname a\n", "hostname b\n").entries).toHaveLength(2);
  });
});
