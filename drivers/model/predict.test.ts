import { describe, expect, test } from "vitest";
import { FarhandError } from "../../shared/errors.ts";
import type { ChangeMode } from "../../shared/documents/manifest.ts";
import type { Prediction } from "../types.ts";
import { parseDiff } from "./diff.ts";
import { device, loadLanguage, tagger } from "./fixtures/platform.ts";
import type { Language } from "./language.ts";
import { normalise } from "./normalise.ts";
import { predict } from "./predict.ts";
import { publicForm } from "./public-form.ts";
import { renderDiff } from "./render-diff.ts";

const ios = loadLanguage("cisco_iosxe");
const frr = loadLanguage("frr_linux");

const FRR = `frr version 8.4.4
frr defaults traditional
ip route 10.20.0.0/24 10.0.23.2
!
interface eth0
 description site LAN
 ip address 10.20.0.1/24
exit
!
interface eth1
 ip address 10.0.12.1/29
exit
!
router bgp 65001
 bgp router-id 10.255.0.1
 no bgp ebgp-requires-policy
 neighbor 10.0.12.2 remote-as 65002
 neighbor 10.0.12.2 password s3cret
 !
 address-family ipv4 unicast
  network 10.101.0.0/24
  neighbor 10.0.12.2 prefix-list P out
 exit-address-family
exit
!
ip prefix-list P seq 5 permit any
!
end
`;
const IOS = `hostname r1
enable secret 9 $9$abc
username bob privilege 15 secret 9 $9$bob
interface Loopback1
 no ip address
interface GigabitEthernet1
 description up
 ip address 10.0.0.1 255.255.255.0
 shutdown
ip access-list extended A
 10 permit ip any any
banner motd ^C
hello
^C
line vty 0 4
 password 7 0822455D
 transport input ssh
`;

interface Result extends Prediction {
  readonly lines: string[];
  readonly typed: string[];
}

function change(
  language: Language,
  raw: string,
  text: string,
  mode: ChangeMode = "merge",
  managementAddress?: string,
): Result {
  const before = { raw: normalise(language, raw), publicText: publicForm(language, device, raw, tagger).publicText };
  const prediction = predict(language, { device, mode, text, before, tagger, managementAddress });
  return {
    ...prediction,
    lines: renderDiff(prediction.diff)
      .split("\n")
      .filter((line) => line !== ""),
    typed: JSON.parse(prediction.commands) as string[],
  };
}

const onFrr = (text: string, address?: string): Result => change(frr, FRR, text, "merge", address);
const onIos = (text: string, address?: string): Result => change(ios, IOS, text, "merge", address);
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof FarhandError ? error.code : String(error);
  }
  return "no error";
};
const shown = (line: string): string => publicForm(ios, device, line, tagger).publicText.trim();

describe("a merge", () => {
  test("types only what does something, in the author's order, inside its sections, and leaves them", () => {
    const result = onFrr(
      "ip prefix-list Q permit 10.0.0.0/8\nrouter bgp 65001\n neighbor 10.0.100.2 remote-as 65002\n address-family ipv4 unicast\n  neighbor 10.0.100.2 prefix-list Q in\n  network 10.101.0.0/24\n exit-address-family\nexit\ninterface eth0\n description site LAN\n",
    );
    expect(result.typed).toEqual([
      "ip prefix-list Q permit 10.0.0.0/8",
      "router bgp 65001",
      "neighbor 10.0.100.2 remote-as 65002",
      "address-family ipv4 unicast",
      "neighbor 10.0.100.2 prefix-list Q in",
      "exit-address-family",
      "exit",
    ]);
    expect(result.lines).toEqual([
      "+ ip prefix-list Q permit 10.0.0.0/8",
      "  router bgp 65001",
      "+   neighbor 10.0.100.2 remote-as 65002",
      "    address-family ipv4 unicast",
      "+     neighbor 10.0.100.2 prefix-list Q in",
    ]);
    expect(result.warnings.map((warning) => warning.code)).toEqual(["ALREADY_PRESENT", "ALREADY_PRESENT"]);
    expect(result.render(() => undefined)).toEqual(result.typed);
  });

  test("knows what FRR moves into the address family, shows as default, and already numbers", () => {
    const result = onFrr(
      "router bgp 65001\n network 10.9.0.0/16\n neighbor 10.0.12.2 activate\nip prefix-list P permit any\n",
    );
    expect(result.typed).toEqual(["router bgp 65001", "network 10.9.0.0/16", "exit"]);
    expect(result.lines).toEqual([
      "  router bgp 65001",
      "    address-family ipv4 unicast",
      "+     network 10.9.0.0/16",
    ]);
  });

  test("removes a neighbour with all its lines, also in the address family", () => {
    expect(onFrr("router bgp 65001\n no neighbor 10.0.12.2\n").lines.map((line) => line.replace(/‹.*›/v, "…"))).toEqual(
      [
        "  router bgp 65001",
        "-   neighbor 10.0.12.2 password …",
        "-   neighbor 10.0.12.2 remote-as 65002",
        "    address-family ipv4 unicast",
        "-     neighbor 10.0.12.2 prefix-list P out",
      ],
    );
  });

  test("lets a section vanish with its last line where the platform does not show it empty", () => {
    expect(onFrr("interface eth1\n no ip address 10.0.12.1/29\n").lines).toEqual([
      "- interface eth1",
      "-   ip address 10.0.12.1/29",
    ]);
    expect(onFrr("interface eth9\n no description\n").lines).toEqual([]);
    expect(onIos("interface GigabitEthernet1\n no description\n no shutdown\n").lines).toEqual([
      "  interface GigabitEthernet1",
      "-   description up",
      "-   shutdown",
    ]);
  });

  test("replaces what holds one value, and shows IOS's own negation", () => {
    expect(
      onIos(
        "interface GigabitEthernet1\n description down\n no ip address\ninterface Loopback1\n ip address 10.1.1.1 255.255.255.255\n",
      ).lines,
    ).toEqual([
      "  interface GigabitEthernet1",
      "-   description up",
      "-   ip address 10.0.0.1 255.255.255.0",
      "+   description down",
      "+   no ip address",
      "  interface Loopback1",
      "-   no ip address",
      "+   ip address 10.1.1.1 255.255.255.255",
    ]);
    expect(onFrr("router bgp 65001\n bgp ebgp-requires-policy\n bgp router-id 1.1.1.1").lines).toEqual([
      "  router bgp 65001",
      "-   bgp router-id 10.255.0.1",
      "-   no bgp ebgp-requires-policy",
      "+   bgp router-id 1.1.1.1",
    ]);
  });

  test("drops a removal that takes nothing away: FRR refuses it", () => {
    const result = onFrr("no ip route 10.99.0.0/24 10.0.0.1\ninterface eth0\n no ip address 10.20.0.9/24");
    expect([result.typed, result.lines]).toEqual([[], []]);
    expect(result.warnings.map((warning) => warning.code)).toEqual(["NOTHING_TO_REMOVE", "NOTHING_TO_REMOVE"]);
  });

  test("sends everything in a section that it makes, and leaves a section without lines too", () => {
    expect(onIos("interface Loopback5\nvlan 30\n name x\ninterface Vlan30\n no shutdown\n").typed).toEqual([
      "interface Loopback5",
      "exit",
      "vlan 30",
      "name x",
      "exit",
      "interface Vlan30",
      "no shutdown",
      "exit",
    ]);
  });

  test("types a banner as one command, with a delimiter that a keyboard has", () => {
    const result = onIos("banner motd #\nnew ~ text\n#\n");
    expect(result.typed).toEqual(["banner motd @\nnew ~ text\n@"]);
    expect(parseDiff(result.diff).map((entry) => entry.line)).toEqual([
      "banner motd ^C\nhello\n^C",
      "banner motd ^C\nnew ~ text\n^C",
    ]);
    expect(onIos("banner motd $\nhello\n$\n").typed).toEqual([]);
  });
});

describe("a replace", () => {
  test("uploads the whole text and predicts it", () => {
    const text = IOS.replace(" description up\n", "").replace(/0822455D/v, "0822455D");
    const result = change(ios, IOS, `Building configuration...\n${text}end\n`, "replace");
    expect(result.lines).toEqual(["  interface GigabitEthernet1", "-   description up"]);
    expect(result.render(() => undefined).join("\n")).toBe(`${text.replace("^C\nhello\n^C", "~\nhello\n~")}end`);
    expect(result.commands).not.toContain("0822455D");
    expect(result.warnings.map((warning) => warning.code)).toEqual(["INLINE_SECRET", "INLINE_SECRET", "INLINE_SECRET"]);
  });

  test("keeps the secrets of a text that is the device's own public form", () => {
    const { publicText } = publicForm(ios, device, IOS, tagger);
    const result = change(ios, IOS, publicText, "replace");
    expect([result.diff, result.warnings]).toEqual(["[]", []]);
    expect(result.render(() => undefined).join("\n")).toBe(IOS.trimEnd().replace("^C\nhello\n^C", "~\nhello\n~"));
  });
});

describe("secrets in an author's text", () => {
  test("stay tokens until they are rendered", () => {
    const result = onFrr('router bgp 65001\n neighbor 10.0.12.2 password ‹secret("bgp")›\n');
    expect(result.typed).toEqual(["router bgp 65001", 'neighbor 10.0.12.2 password ‹secret("bgp")›', "exit"]);
    expect(result.diff).toContain('‹secret(\\"bgp\\")›');
    expect(result.render((name) => (name === "bgp" ? "hunter2" : undefined))[1]).toBe(
      "neighbor 10.0.12.2 password hunter2",
    );
    expect(codeOf(() => result.render(() => undefined))).toBe("SECRET_UNKNOWN");
    for (const bad of ["a\nno router bgp 65001", "", "a\u0007", "a?", "a\u2028b"])
      expect(codeOf(() => result.render(() => bad))).toBe("TEXT_REFUSED");
  });

  test("may not hold a value of which the device would show a part", () => {
    expect(codeOf(() => onIos('snmp-server community ‹secret("c")› RO').render(() => "two words"))).toBe(
      "TEXT_REFUSED",
    );
  });

  test("are refused where the platform would show them", () => {
    for (const text of [
      'interface eth0\n description ‹secret("bgp")›',
      'ip prefix-list P description ‹secret("bgp")›',
      '! ‹secret("bgp")›',
    ])
      expect(codeOf(() => onFrr(text))).toBe("TEXT_REFUSED");
  });

  test("that are kept come from the same section of the live configuration, in a line of the same kind", () => {
    const bob = shown("username bob privilege 15 secret 9 $9$bob").split(" ").at(-1) ?? "";
    const result = onIos(`username bob privilege 10 secret 9 ${bob}\n`);
    expect(result.render(() => undefined)).toEqual(["username bob privilege 10 secret 9 $9$bob"]);
    expect(codeOf(() => onIos(`enable secret 9 ${bob}\n`))).toBe("SECRET_KEEP");
    expect(codeOf(() => onIos(`line vty 0 4\n password ${bob}\n`))).toBe("SECRET_KEEP");
    expect(codeOf(() => onIos("enable secret 9 ‹secret:aaaaaaaaaaaaaaaa›\n"))).toBe("SECRET_KEEP");
  });

  test("that are written out are warned about and hidden in diff and commands", () => {
    const result = onIos("enable secret 9 $9$new\n");
    expect(result.warnings).toEqual([
      { code: "INLINE_SECRET", detail: 'line 1: a secret is written out; use secret("name")' },
    ]);
    expect(result.diff + result.commands).not.toContain("$9$new");
    expect(result.render(() => undefined)).toEqual(["enable secret 9 $9$new"]);
  });
});

describe("what is refused", () => {
  test.each([
    ["a template that was not rendered", "hostname {{ name }}"],
    ["a template statement", "{% if x %}"],
    ["an undefined variable", "interface undefined"],
    ["a control character", "interface Gi1\n description a\u0003b"],
    ["a tab inside a line", "interface Gi1\n description a\tb"],
    ["text that reads backwards", "interface Gi1\n description a\u202eb"],
    ["a zero-width character", "interface Gi1\n description a\u200bb"],
    ["a broken token", "enable secret ‹secret(bgp)›"],
    ["a stray mark", "interface Gi1\n description a › b"],
    ["a command that is no configuration", "do reload"],
    ["the same in capitals", "DO reload"],
    ["the same by another name", "do-exec reload"],
    ["the same, shortened", "config-reg 0x2142"],
    ["a secret in a banner", 'banner motd ^C\nenable secret ‹secret("x")›\n^C'],
    ["a secret in a description", 'interface Gi1\n description password 0 ‹secret("x")›'],
    ["a secret in a peer's description", 'router bgp 1\n neighbor 1.1.1.1 description a://b:‹secret("x")›@'],
    ["a secret in a remark", 'access-list 1 remark secret 0 ‹secret("x")›'],
    ["a question mark", "interface Gi1\n description why?"],
    ["a banner that is not closed", "banner motd #\nhello\n"],
    ["a removal with lines below it", "no interface Loopback1\n description x\n"],
  ])("%s", (_, text) => {
    expect(codeOf(() => onIos(text))).toBe("TEXT_REFUSED");
  });

  test("names the line, and no secret in it", () => {
    const message = ((): string => {
      try {
        onIos("hostname a\nenable secret 9 $9$hidden undefined\n");
        return "";
      } catch (error) {
        return String(error);
      }
    })();
    expect(message).toContain("line 2");
    expect(message).not.toContain("hidden");
  });
});

describe("flags", () => {
  test("tell a change of the management path", () => {
    expect(onIos("interface GigabitEthernet1\n description x\n", "10.0.0.1").touchesManagement).toBe(true);
    expect(onIos("interface GigabitEthernet1\n description x\n", "10.0.0.10").touchesManagement).toBe(false);
    expect(onIos("interface GigabitEthernet1\n description x\n").touchesManagement).toBe(true);
    expect(onIos("interface Loopback1\n description x\n", "10.0.0.1").touchesManagement).toBe(false);
    expect(onIos("line vty 0 4\n exec-timeout 5\n", "10.0.0.1").touchesManagement).toBe(true);
    expect(onFrr("interface eth0\n no ip address 10.20.0.1/24\n", "10.20.0.1").touchesManagement).toBe(true);
    expect(
      onFrr("ip prefix-list Q permit any\nrouter bgp 65001\n neighbor 10.0.100.2 remote-as 65002\n", "10.20.0.1")
        .touchesManagement,
    ).toBe(false);
  });

  test("tell a destructive change, however it is asked for", () => {
    expect(onIos("no username bob\n").destructive).toBe(true);
    expect(onIos("NO  Username bob\n").destructive).toBe(true);
    expect(change(ios, IOS, IOS.replace(/username.*\n/v, ""), "replace").destructive).toBe(true);
    expect(onIos("interface Loopback1\n description x\n").destructive).toBe(false);
    expect(onFrr("no router bgp 65001\n").destructive).toBe(true);
  });
});

test("a large change of a large configuration is predicted well under 100 ms", () => {
  const running = Array.from(
    { length: 400 },
    (_, port) =>
      `interface GigabitEthernet1/0/${port}\n${Array.from({ length: 23 }, (__, at) => ` ip helper-address 10.${port % 200}.${at}.1\n`).join("")} description a\n!\n`,
  ).join("");
  const text = Array.from({ length: 400 }, (_, port) => `interface GigabitEthernet1/0/${port}\n description b\n`).join(
    "",
  );
  const before = { raw: running, publicText: publicForm(ios, device, running, tagger).publicText };
  const timed = (run: () => unknown): number =>
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const started = performance.now();
        run();
        return performance.now() - started;
      }),
    );
  const publicMs = timed(() => publicForm(ios, device, running, tagger));
  const predictMs = timed(() => predict(ios, { device, mode: "merge", text, before, tagger }));
  console.log(
    `10,000 lines: public form ${publicMs.toFixed(1)} ms, prediction of 800 lines ${predictMs.toFixed(1)} ms`,
  );
  expect(parseDiff(predict(ios, { device, mode: "merge", text, before, tagger }).diff)).toHaveLength(800);
  expect(predictMs).toBeLessThan(1000);
});
