import { describe, expect, test } from "vitest";
import type { TransportName } from "../../../shared/documents/inventory.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import { DeviceId, PlatformId } from "../../../shared/ids.ts";
import { textLintFor } from "./platforms.ts";

const device = DeviceId.parse("r1");

function lint(platform: string, text: string, mode: ChangeMode = "merge", transport?: TransportName) {
  const found = textLintFor(PlatformId.parse(platform), transport);
  if (!found) throw new Error(`no lint for ${platform}`);
  return found.lint(device, mode, text);
}

/** `line severity CODE reason` of each. */
const told = (...args: Parameters<typeof lint>): string[] =>
  lint(...args).map(({ line, severity, code, reason }) => `${line ?? "-"} ${severity} ${code} ${reason}`);

test("a text that a plan would take is told nothing of", () => {
  expect(told("cisco_iosxe", 'interface Vlan2\n description x\nsnmp-server community ‹secret("ro")› RO\n')).toEqual([]);
  expect(told("frr_linux", "router bgp 65001\n neighbor 192.0.2.1 remote-as 64510\n")).toEqual([]);
  expect(told("juniper_junos", "set system host-name r1\ndelete interfaces ge-0/0/0\n")).toEqual([]);
  expect(told("juniper_junos", "system {\n    host-name r1;\n}\n")).toEqual([]);
  expect(told("mikrotik_routeros", "/ip address add address=192.0.2.1/24 interface=ether1\n")).toEqual([]);
  expect(told("linux", "file /etc/motd\n |hello\n")).toEqual([]);
});

describe("all that a plan would refuse is told, not the first alone", () => {
  test("in sections", () => {
    const text = [
      "do show clock",
      "hostname r1\u0007",
      'banner motd # ‹secret("x")› #',
      "ntp server ‹192.0.2.9›",
      "snmp-server community public RO",
      "logging host {{ host }}",
      `access-list 10 remark ${"x".repeat(4100)}`,
      "no interface Vlan3",
      " shutdown",
      "banner login ^C",
      "never closed",
    ].join("\n");
    expect(told("cisco_iosxe", text).filter((line) => line.includes(" blocks "))).toEqual([
      "1 blocks TEXT_REFUSED a command that is no configuration",
      "2 blocks TEXT_REFUSED control or invisible characters",
      "3 blocks TEXT_REFUSED a secret where the device shows it to others",
      "4 blocks TEXT_REFUSED a mark ‹ or › outside a secret",
      "5 blocks INLINE_SECRET a secret is written out",
      "6 blocks TEXT_REFUSED template text that was not rendered",
      "7 blocks TEXT_REFUSED more than 4096 characters in a line",
      "8 blocks TEXT_REFUSED a removal cannot have lines below it",
      "10 blocks TEXT_REFUSED a block that is not closed",
    ]);
  });

  test("in paths, in menus, in files and in XML", () => {
    expect(told("juniper_junos", "run show version\nfoo bar\nset system host-name r1\nrollback 1\n")).toEqual([
      "1 blocks TEXT_REFUSED a command that is no path of the configuration",
      "2 blocks TEXT_REFUSED no line of this language",
      "4 blocks TEXT_REFUSED a command that is no path of the configuration",
    ]);
    expect(told("mikrotik_routeros", "foo\n/system reboot\n/ip address remove 0\n:put $x\n")).toEqual([
      "1 blocks TEXT_REFUSED a line in no menu, or a command of the scripting language",
      "2 blocks TEXT_REFUSED no setting that a backup brings back",
      "3 blocks TEXT_REFUSED a removal that does not name what, other than by a number",
      "4 blocks TEXT_REFUSED a line in no menu, or a command of the scripting language",
    ]);
    expect(told("linux", "file /etc/nowhere/x\n |x\nfile /etc/motd 0666 root:root\n |x\nreboot\n")).toEqual([
      "1 blocks TEXT_REFUSED a path that this platform file does not name",
      "3 blocks TEXT_REFUSED a file that everybody may write",
      "5 blocks TEXT_REFUSED what is no file and no service cannot be written",
    ]);
    const native = (inner: string): string =>
      `<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native">\n${inner}\n</native>\n`;
    expect(
      told("cisco_iosxe", native("<hostname>{{ x }}</hostname>\n<version>‹x</version>"), "merge", "netconf"),
    ).toEqual([
      "2 blocks TEXT_REFUSED template text that was not rendered",
      "3 blocks TEXT_REFUSED a mark ‹ or › outside a secret",
    ]);
    expect(told("cisco_iosxe", "<native>\n<hostname>", "merge", "netconf")).toEqual([
      "2 blocks TEXT_REFUSED not well-formed XML",
    ]);
  });

  test("in a whole text that has to get onto the device's file system", () => {
    expect(told("cisco_iosxe", "hostname r1\nbanner motd ^Chi^C\nend\n", "replace")).toEqual([
      expect.stringMatching(/^- blocks TEXT_REFUSED this cannot be written to the device's file system/) as string,
    ]);
  });
});

test("what hangs on the device is told as that, and stops nobody", () => {
  const move = "/ip firewall filter add chain=input action=drop place-before=[find comment=x]\n";
  for (const [platform, text] of [
    ["mikrotik_routeros", "/ip address set [ find comment=x ] disabled=yes\n"],
    ["mikrotik_routeros", move],
    ["linux", "no file /etc/motd\n"],
    ["cisco_iosxe", "username a secret 9 ‹secret:ABCDEFGHIJKLMNOP›\n"],
  ] as const) {
    const found = lint(platform, text);
    expect({ text, found: found.map(({ code, severity }) => `${code} ${severity}`) }).toEqual({
      text,
      found: ["NEEDS_DEVICE tells"],
    });
  }
});

test("a secret that is written out is in nothing that is told", () => {
  const text = 'snmp-server community hunter2 RO\nusername a secret hunter2‹\ndescription hunter2 ‹secret("x")›\n';
  const found = lint("cisco_iosxe", text);
  expect(found.filter(({ code }) => code === "INLINE_SECRET")).toHaveLength(2);
  // The last line's word is none to any pattern, and the line is told as it is.
  expect(JSON.stringify(found.filter(({ line }) => line !== 3))).not.toContain("hunter2");
});

test("says what to do, where there is more to do than to leave the line out", () => {
  const text = 'hostname r1\u0007\nlogging host {{ x }}\nntp server ‹x\nhostname ‹secret("x")›\ndo show clock\n';
  expect(lint("cisco_iosxe", text).map(({ line, hint }) => `${line} ${hint?.slice(0, 24) ?? ""}`)).toEqual([
    "1 type the line anew; · st",
    "2 close the braces of the ",
    "3 they stand for secrets a",
    "4 a secret may only stand ",
    "5 Remove the named line.",
  ]);
});

describe("what blanks do", () => {
  test("behind a line, and tabs before it", () => {
    expect(told("cisco_iosxe", "interface Vlan2 \n\tshutdown\t \n")).toEqual([
      "1 tells TRAILING_BLANKS blanks behind the line, which the device does not keep",
      "2 tells TRAILING_BLANKS blanks behind the line, which the device does not keep",
      "2 warns TAB_INDENT indented by a tab, which counts as blanks up to the next column of eight",
    ]);
    expect(told("cisco_iosxe", "banner motd ^C\nkept \n^C\n")).toEqual([]);
    expect(told("linux", "file /etc/motd\n |kept \t\n")).toEqual([]);
    expect(told("cisco_iosxe", "ntp  server 192.0.2.9\n")).toEqual([
      "1 tells INNER_BLANKS several blanks between words, of which a device keeps one but in free text",
    ]);
    expect(told("juniper_junos", "set  system   host-name x\n")).toEqual([]);
  });

  test("to what belongs to what", () => {
    expect(told("cisco_iosxe", "interface Vlan2\ndescription x\n")).toEqual([
      "1 warns SECTION_EMPTY opens a section with nothing in it; what follows stands beside it",
    ]);
    expect(told("cisco_iosxe", " description x\n")).toEqual([
      "1 warns INDENT indented below nothing: it is taken to stand at the top",
    ]);
    expect(told("cisco_iosxe", "interface Vlan2\n description x\n  shutdown\n")).toEqual([
      "2 warns INDENT lines stand below it, and it opens no section that this platform file knows",
    ]);
    expect(told("cisco_iosxe", "vlan 2\nvlan 3\nno vlan 4\n")).toEqual([]);
    // Paths and menus have no indent that means anything.
    expect(told("juniper_junos", "  set system host-name x\n")).toEqual([]);
  });
});

test("a platform that is only read has no change", () => {
  expect(textLintFor(PlatformId.parse("cisco_nxos"))).toMatchObject({ transport: "cli" });
  expect(textLintFor(PlatformId.parse("cisco_nxos"))?.can("merge")).toBe(false);
  expect(textLintFor(PlatformId.parse("frr_linux"))?.can("replace")).toBe(true);
  expect(textLintFor(PlatformId.parse("nobody_os"))).toBeUndefined();
  expect(textLintFor(PlatformId.parse("frr_linux"), "netconf")).toBeUndefined();
});
