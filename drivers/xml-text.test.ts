import { describe, expect, test } from "vitest";
import type { ChangeMode, Source } from "../shared/documents/manifest.ts";
import { FarhandError } from "../shared/errors.ts";
import type { Prediction } from "./types.ts";
import { device, tagger } from "./model/fixtures/platform.ts";
import { renderDiff } from "./model/render-diff.ts";
import { xmlLanguageFile, type XmlPlatform } from "./model/xml/fixtures/languages.ts";
import { IETF, IOSXE, JUNOS } from "./model/xml/fixtures/texts.ts";
import { xmlText } from "./xml-text.ts";

const RAW = { netconf: IETF, cisco_iosxe: IOSXE, juniper_junos: JUNOS } as const;

interface Result extends Prediction {
  readonly lines: string[];
  readonly payload: string[];
  readonly codes: string[];
}

function change(
  id: XmlPlatform,
  text: string,
  options: { mode?: ChangeMode; source?: Source["kind"]; address?: string; raw?: string } = {},
): Result {
  const model = xmlText({ language: xmlLanguageFile(id), replaces: true });
  const before = model.configuration(device, options.raw ?? RAW[id], tagger);
  const prediction = model.predict({
    device,
    mode: options.mode ?? "merge",
    text,
    before,
    tagger,
    ...(options.source === undefined ? {} : { source: options.source }),
    ...(options.address === undefined ? {} : { managementAddress: options.address }),
  });
  const [payload] = JSON.parse(prediction.commands) as string[];
  return {
    ...prediction,
    lines: renderDiff(prediction.diff)
      .split("\n")
      .filter((line) => line !== ""),
    payload: payload === undefined ? [] : payload.split("\n").map((line) => line.trim()),
    codes: prediction.warnings.map((warning) => warning.code),
  };
}

const ietf = (text: string, options: Parameters<typeof change>[2] = {}): Result => change("netconf", text, options);
const junos = (text: string, options: Parameters<typeof change>[2] = {}): Result =>
  change("juniper_junos", text, options);
const iosxe = (text: string, options: Parameters<typeof change>[2] = {}): Result =>
  change("cisco_iosxe", text, options);
const interfaces = (inner: string): string =>
  `<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">${inner}</interfaces>`;
const eth1 = (inner: string, attributes = ""): string =>
  interfaces(`<interface${attributes}><name>eth1</name>${inner}</interface>`);
const system = (inner: string): string => `<system xmlns="urn:ietf:params:xml:ns:yang:ietf-system">${inner}</system>`;
const acl = (inner: string): string =>
  `<acls xmlns="urn:ietf:params:xml:ns:yang:ietf-access-control-list"><acl><name>in</name><aces>${inner}</aces></acl></acls>`;
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof FarhandError ? `${error.code} ${error.detail ?? ""}` : String(error);
  }
  return "no error";
};

describe("a merge", () => {
  test("sends what does something, with the keys of its entries, and shows it by module, key and leaf", () => {
    const result = ietf(
      eth1(
        `<description>new</description><ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip"><mtu>9000</mtu><address><ip>198.51.100.1</ip><prefix-length>24</prefix-length></address></ipv4>`,
      ),
    );
    expect(result.lines).toEqual([
      "  ietf-interfaces:interfaces",
      "    interface[name=eth1]",
      "+     description new",
      "      ietf-ip:ipv4",
      "-       mtu 1500",
      "+       mtu 9000",
    ]);
    expect(result.payload).toEqual([
      '<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">',
      "<interface>",
      "<name>eth1</name>",
      "<description>new</description>",
      '<ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip">',
      "<mtu>9000</mtu>",
      "</ipv4>",
      "</interface>",
      "</interfaces>",
    ]);
    expect(result.codes).toEqual(["SESSION_RESET", "ALREADY_PRESENT"]);
  });

  test("of what is there already sends nothing", () => {
    const result = ietf(eth1(""));
    expect([result.diff, result.commands, result.codes]).toEqual(["[]", "[]", ["ALREADY_PRESENT"]]);
    expect(result.render(() => undefined)).toEqual([]);
  });

  test("takes the author's own prefixes and envelope, and keys in any place", () => {
    const result = ietf(
      `<config xmlns:i="urn:ietf:params:xml:ns:yang:ietf-interfaces" xmlns:t="urn:ietf:params:xml:ns:yang:iana-if-type"><i:interfaces><i:interface><i:type>t:softwareLoopback</i:type><i:name>lo0</i:name></i:interface></i:interfaces></config>`,
    );
    expect(result.payload.slice(1, 4)).toEqual([
      "<interface>",
      "<name>lo0</name>",
      '<type xmlns:iana-if-type="urn:ietf:params:xml:ns:yang:iana-if-type">iana-if-type:softwareLoopback</type>',
    ]);
    expect(result.lines).toContain("+     type iana-if-type:softwareLoopback");
  });

  test.each([
    ["create", eth1("", ' nc:operation="create"'), "data-exists"],
    ["delete", eth1('<description nc:operation="delete"/>'), "data-missing"],
    ["delete of another value", eth1('<type nc:operation="delete">x</type>'), "data-missing"],
    [
      "delete of an entry",
      interfaces('<interface nc:operation="delete"><name>eth9</name></interface>'),
      "data-missing",
    ],
    [
      "delete below what is not there",
      interfaces('<interface><name>eth9</name><mtu nc:operation="delete"/></interface>'),
      "data-missing",
    ],
    ["create of a leaf", eth1('<type nc:operation="create">x</type>'), "data-exists"],
    ["an entry without a key", interfaces("<interface><mtu>1</mtu></interface>"), "without its key"],
    ["an entry twice", interfaces("<interface><name>a</name></interface>".repeat(2)), "stands here twice"],
    ["a leaf twice", eth1("<mtu/><mtu/>"), "stands here twice"],
    ["a key twice", interfaces("<interface><name>a</name><name>b</name></interface>"), "a key that stands here twice"],
    ["an operation on a key", interfaces('<interface><name nc:operation="merge">a</name></interface>'), "on the key"],
    [
      "operations within operations",
      eth1(
        '<ipv4 nc:operation="replace" xmlns="urn:ietf:params:xml:ns:yang:ietf-ip"><mtu nc:operation="remove"/></ipv4>',
      ),
      "stated whole",
    ],
    ["more than keys in a removal", eth1("<mtu>1</mtu>", ' nc:operation="remove"'), "nothing but its keys"],
    ["an unknown operation", eth1("", ' nc:operation="none"'), "RFC 6241"],
    ["an operation in no namespace", eth1("", ' operation="delete"'), "nc:operation"],
    ["an attribute that means nothing", eth1("", ' x="y"'), "means nothing"],
    ["an insert where order means nothing", eth1("", ' yang:insert="first"'), "no order of its own"],
    [
      "an insert beside nothing",
      acl(`<ace yang:insert="after" yang:key="[name='zz']"><name>d</name></ace>`),
      "not there",
    ],
    ["an element of no model", "<interfaces/>", "namespace"],
    ["template text", eth1("<description>{{ x }}</description>"), "not rendered"],
    ["invisible characters", eth1("<description>a\u202eb</description>"), "invisible"],
    ["a forged mark", eth1("<description>‹secret›</description>"), "a mark"],
    ["a secret that would show", eth1('<description>‹secret("x")›</description>'), "would show"],
    ["a comment", eth1("<!-- x -->"), "comment"],
  ])("refuses %s at plan time", (_, text, reason) => {
    const got = codeOf(() => ietf(text));
    expect(got).toContain("TEXT_REFUSED line ");
    expect(got).toContain(reason);
  });

  test("remove of what is not there says so and is not sent", () => {
    const result = ietf(eth1('<description nc:operation="remove"/>'));
    expect([result.diff, result.commands, result.codes]).toEqual(["[]", "[]", ["NOTHING_TO_REMOVE"]]);
  });

  test("an element goes with the last thing in it, unless it is shown empty", () => {
    expect(
      ietf(
        system(
          '<dns-resolver><search nc:operation="delete">example.net</search><search nc:operation="remove">example.org</search></dns-resolver>',
        ),
      ).lines,
    ).toEqual(["  ietf-system:system", "-   dns-resolver", "-     search example.net", "-     search example.org"]);
    const ipv4 = (inner: string): string =>
      interfaces(
        `<interface><name>eth0</name><ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip">${inner}</ipv4></interface>`,
      );
    expect(ietf(ipv4('<address nc:operation="delete"><ip>192.0.2.1</ip></address>')).lines.slice(2)).toEqual([
      "      ietf-ip:ipv4",
      "-       address[ip=192.0.2.1]",
      "-         ip 192.0.2.1",
      "-         prefix-length 24",
    ]);
  });

  test("replace states a whole element: what it does not hold goes", () => {
    const result = ietf(
      eth1('<ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip" nc:operation="replace"><mtu>1400</mtu></ipv4>'),
    );
    expect(result.lines.filter((line) => line.startsWith("-"))).toHaveLength(7);
    expect(result.payload).toContain('<ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip" nc:operation="replace">');
    expect(result.payload[0]).toContain('xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"');
  });

  test("puts an entry of an ordered list where it is asked for", () => {
    const names = (text: string): string[] =>
      ietf(acl(text))
        .lines.filter((line) => /^[+\-] .*ace\[/v.test(line))
        .map((line) => line.replace(/ +/v, ""));
    expect(names("<ace><name>d</name></ace>")).toEqual(["+ace[name=d]"]);
    expect(names(`<ace yang:insert="before" yang:key="[name='c']"><name>d</name></ace>`)).toEqual([
      "-ace[name=c]",
      "+ace[name=d]",
      "+ace[name=c]",
    ]);
    expect(names(`<ace yang:insert="first"><name>c</name></ace>`)).toEqual([
      "-ace[name=a]",
      "-ace[name=b]",
      "+ace[name=a]",
      "+ace[name=b]",
    ]);
    expect(ietf(acl(`<ace yang:insert="last"><name>c</name></ace>`)).commands).toBe("[]");
    expect(ietf(acl(`<ace yang:insert="after" yang:key="[x:name='a']"><name>d</name></ace>`)).payload).toContain(
      `<ace yang:insert="after" yang:key="[ietf-access-control-list:name='a']">`,
    );
  });

  test("a case of a choice takes the other away, and two at once are refused", () => {
    const address = (inner: string): string =>
      `<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet><name>1</name><ip><address>${inner}</address></ip></GigabitEthernet></interface></native>`;
    expect(iosxe(address("<dhcp/>")).lines.slice(-5)).toEqual([
      "          address",
      "-           primary",
      "-             address 192.0.2.1",
      "-             mask 255.255.255.0",
      "+           dhcp",
    ]);
    expect(codeOf(() => iosxe(address("<dhcp/><primary><address>192.0.2.3</address></primary>")))).toContain(
      "two cases",
    );
    expect(iosxe(address('<dhcp nc:operation="remove"/>')).diff).toBe("[]");
  });

  test("says whose keys it guesses, and refuses to name an entry that it cannot", () => {
    const raw = `<data><m xmlns="urn:x:m"><l><name>a</name><v>1</v></l><u><p>1</p><q>2</q></u><u><p>1</p><q>3</q></u></m></data>`;
    const result = ietf('<m xmlns="urn:x:m"><l><name>a</name><v>2</v></l></m>', { raw });
    expect(result.codes).toEqual(["KEY_GUESSED"]);
    expect(result.lines).toEqual(["  m:m", "    l[name=a]", "-     v 1", "+     v 2"]);
    expect(codeOf(() => ietf('<m xmlns="urn:x:m"><u><p>1</p><q>4</q></u></m>', { raw }))).toContain("needs its keys");
  });
});

describe("secrets", () => {
  const SECRET = system(
    '<radius><server><name>b</name><udp><address>192.0.2.8</address><shared-secret>‹secret("site/radius")›</shared-secret></udp></server></radius>',
  );

  test("stand as tokens in what people see, and are put in, escaped, when it is sent", () => {
    const result = ietf(SECRET);
    expect(result.commands).toContain(String.raw`<shared-secret>‹secret(\"site/radius\")›</shared-secret>`);
    expect(result.lines).toContain('+         shared-secret ‹secret("site/radius")›');
    const [sent] = result.render(() => `a<b>&"']]>`);
    expect(sent).toContain(`<shared-secret>a&lt;b&gt;&amp;"']]&gt;</shared-secret>`);
    expect(codeOf(() => result.render(() => undefined))).toContain("SECRET_UNKNOWN site/radius");
    expect(codeOf(() => result.render(() => "a\nb"))).toContain("TEXT_REFUSED");
  });

  test("written out are hidden, and told", () => {
    const result = ietf(
      system("<radius><server><name>b</name><udp><shared-secret>plain.text</shared-secret></udp></server></radius>"),
    );
    expect(result.codes).toContain("INLINE_SECRET");
    expect(result.commands + result.diff).not.toContain("plain.text");
    expect(result.render(() => undefined).join("\n")).toContain("<shared-secret>plain.text</shared-secret>");
  });

  test("of the device are kept at their own place only", () => {
    const model = xmlText({ language: xmlLanguageFile("netconf"), replaces: true });
    const tag =
      /<shared-secret>(?<tag>‹secret:\w+›)/v.exec(model.publicForm(device, IETF, tagger).publicText)?.groups?.["tag"] ??
      "";
    const kept = (name: string): Result =>
      ietf(
        system(
          `<radius nc:operation="replace"><server><name>${name}</name><udp><address>192.0.2.7</address><shared-secret>${tag}</shared-secret></udp></server></radius>`,
        ),
      );
    expect(
      kept("a")
        .render(() => undefined)
        .join("\n"),
    ).toContain("<shared-secret>Fr0sted.Glass</shared-secret>");
    expect(kept("a").lines).toEqual([
      "  ietf-system:system",
      "    radius",
      "      server[name=a]",
      "        udp",
      "-         address 192.0.2.9",
      "+         address 192.0.2.7",
    ]);
    expect(codeOf(() => kept("b"))).toContain("SECRET_KEEP");
  });

  test("that name an entry are hidden in its name too", () => {
    const result = iosxe(
      '<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><snmp-server><community-config xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-snmp"><name>‹secret("snmp")›</name><permission>rw</permission></community-config></snmp-server></native>',
    );
    expect(result.lines).toContain('+     Cisco-IOS-XE-snmp:community-config[name=‹secret("snmp")›]');
    const model = xmlText({ language: xmlLanguageFile("cisco_iosxe"), replaces: true });
    const after = model.publicForm(
      device,
      IOSXE.replace(
        "</snmp-server>",
        '<community-config xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-snmp"><name>N3w</name><permission>rw</permission></community-config></snmp-server>',
      ),
      tagger,
    );
    const measured = model.diff(model.publicForm(device, IOSXE, tagger).publicText, after.publicText);
    expect(model.sameDiff(result.diff, measured)).toBe(true);
    expect(model.sameDiff(result.diff.replace("rw", "ro"), measured)).toBe(false);
  });

  test("a device that shows the name of a secret is not given it", () => {
    const raw = `<data><m xmlns="urn:x:m"><l><name>‹secret("vault")›</name><v>1</v></l></m></data>`;
    const result = ietf('<m xmlns="urn:x:m"><k>1</k></m>', { mode: "replace", raw });
    expect(codeOf(() => result.render(() => "the vault's"))).toContain("TEXT_REFUSED");
    expect(codeOf(() => ietf(raw, { mode: "replace", source: "sealed", raw: "<data/>" }))).toContain("TEXT_REFUSED");
  });
});

describe("a replace", () => {
  test("takes the place of the top elements that it names, by the fewest edits", () => {
    const result = ietf(system("<hostname>r2</hostname>"), { mode: "replace" });
    expect(result.payload).toEqual([
      '<system xmlns="urn:ietf:params:xml:ns:yang:ietf-system" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">',
      '<dns-resolver nc:operation="remove"/>',
      '<radius nc:operation="remove"/>',
      '<authentication nc:operation="remove"/>',
      "<hostname>r2</hostname>",
      "</system>",
    ]);
    expect(result.lines.some((line) => line.includes("interfaces"))).toBe(false);
  });

  test("of a snapshot takes away what the snapshot does not have, and of itself does nothing", () => {
    const model = xmlText({ language: xmlLanguageFile("netconf"), replaces: true });
    const { raw } = model.configuration(device, IETF, tagger);
    const same = ietf(raw, { mode: "replace", source: "sealed" });
    expect([same.diff, same.commands, same.codes]).toEqual(["[]", "[]", []]);
    const result = ietf(interfaces("<interface><name>eth1</name></interface>"), { mode: "replace", source: "sealed" });
    expect(result.payload.filter((line) => /^<(?:system|acls)/v.test(line))).toHaveLength(2);
    expect(model.notRestorable(device, raw, tagger)).toBeNull();
    expect(model.notRestorable(device, raw.replace(/<hostname>.*?</v, "<hostname>‹secret›<"), tagger)).toContain(
      "a mark",
    );
  });

  test("goes inside of the one element that holds all (Junos), and says what it removes as the platform takes it", () => {
    const result = junos("<configuration><snmp><location>here</location></snmp></configuration>", { mode: "replace" });
    expect(result.payload.slice(1)).toEqual([
      "<snmp>",
      expect.stringMatching(/^<community nc:operation="delete">$/v),
      expect.stringMatching(/^<name>‹secret:\w+›<\/name>$/v),
      "</community>",
      "<location>here</location>",
      "</snmp>",
      "</configuration>",
    ]);
    expect(result.render(() => undefined).join("\n")).toContain("<name>Wh1teSw4n</name>");
  });

  test("an attribute that goes needs its element stated whole, one that comes does not", () => {
    const text = (attribute: string): string =>
      `<configuration><interfaces><interface><name>ge-0/0/0</name><unit><name>0</name><family><inet><address><name>192.0.2.1/24</name></address></inet></family></unit></interface><interface${attribute}><name>ge-0/0/1</name><description>spare</description></interface></interfaces></configuration>`;
    expect(junos(text(""), { mode: "replace" }).payload).toContain('<interface nc:operation="replace">');
    expect(junos(text(""), { mode: "replace" }).lines).toContain("-       @inactive inactive");
    expect(junos(text(' inactive="inactive" protect="protect"'), { mode: "replace" }).payload).toContain(
      '<interface inactive="inactive" protect="protect">',
    );
  });
});

describe("what a change means for the way it is run", () => {
  test.each([
    [eth1("<mtu>9</mtu>"), "192.0.2.1", false],
    [eth1("<mtu>9</mtu>"), "198.51.100.2", true],
    [eth1("<mtu>9</mtu>"), undefined, true],
    [eth1("<mtu>9</mtu>"), "198.51.100.22", false],
    [system("<hostname>x</hostname>"), "192.0.2.1", false],
    [system("<authentication><user><name>x</name></user></authentication>"), "192.0.2.1", true],
    [acl("<ace><name>z</name></ace>"), "192.0.2.1", true],
  ])("%s with %s touches management: %s", (text, address, expected) => {
    expect(ietf(text, address === undefined ? {} : { address }).touchesManagement).toBe(expected);
  });

  test("a change that ends a session is told, one of what is new is not", () => {
    const native = (inner: string): string =>
      `<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><router><bgp xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-bgp"><id>65001</id>${inner}</bgp></router></native>`;
    const resets = (inner: string): string[] =>
      iosxe(native(inner)).warnings.flatMap(({ code, detail }) => (code === "SESSION_RESET" ? [detail] : []));
    expect(resets("<neighbor><id>192.0.2.2</id><remote-as>65003</remote-as></neighbor>")).toEqual([
      "the BGP session is reset: Cisco-IOS-XE-native:native > router > Cisco-IOS-XE-bgp:bgp[id=65001] > neighbor[id=192.0.2.2] > remote-as",
    ]);
    expect(resets("<neighbor><id>192.0.2.3</id><remote-as>65003</remote-as></neighbor>")).toEqual([]);
    expect(resets("<neighbor><id>192.0.2.2</id><description>x</description></neighbor>")).toEqual([]);
  });

  test("what the plan calls destructive is what the agent finds in its signed lines", () => {
    const model = xmlText({ language: xmlLanguageFile("netconf"), replaces: true });
    expect(model.isDestructive("user[name=ops]", "removed")).toBe(true);
    expect(model.isDestructive("ietf-system:system", "removed")).toBe(true);
    expect(model.isDestructive("{urn:a:b}system", "removed")).toBe(true);
    expect(model.isDestructive("user-authentication-order x", "removed")).toBe(false);
    expect(model.isDestructive("<x:user a=\"b\" nc:operation = 'remove'>")).toBe(true);
    expect(model.isDestructive('<a/><user nc:operation="merge"><name nc:operation="remove"/>')).toBe(false);
  });

  test("an entry that is removed or replaced is destructive, one that is merged is not", () => {
    const user = (attribute: string): string =>
      system(`<authentication><user${attribute}><name>ops</name></user></authentication>`);
    expect(ietf(user(' nc:operation="delete"')).destructive).toBe(true);
    expect(ietf(system("<hostname>x</hostname>"), { mode: "replace" }).destructive).toBe(true);
    expect(ietf(user("").replace("ops", "other")).destructive).toBe(false);
    expect(junos('<configuration><system><services inactive="inactive"/></system></configuration>').destructive).toBe(
      true,
    );
  });
});
