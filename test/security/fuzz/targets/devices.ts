/** What a device says: a terminal's bytes, prompts, configurations, host keys. Whatever it is, it ends as lines and never as control. */
import { utf8 } from "../../../../shared/bytes.ts";
import { FarhandError } from "../../../../shared/errors.ts";
import { makeDriver } from "../../../../drivers/driver.ts";
import { readPlatform } from "../../../../drivers/model/platform-files.ts";
import { foldLine, LineFolder } from "../../../../drivers/engines/cli/fold.ts";
import { Prompts } from "../../../../drivers/engines/cli/prompt.ts";
import { isPinned, strictVerifier } from "../../../../drivers/engines/ssh/host-key.ts";
import { parseDiff } from "../../../../drivers/model/diff.ts";
import { device, loadLanguage, tagger } from "../../../../drivers/model/fixtures/platform.ts";
import { parse } from "../../../../drivers/model/tree.ts";
import { redactStream } from "../../../../drivers/model/redact-stream.ts";
import { normalise } from "../../../../drivers/model/normalise.ts";
import { readSource } from "./read-source.ts";
import { anyBytes } from "../mutate-bytes.ts";
import { anyJson } from "../mutate-json.ts";
import { part, text, type Target } from "../target.ts";

const PLATFORMS = ["cisco_iosxe", "frr_linux"] as const;
const SECRET = "Tr0ub4dor-of-the-vault";

const CONFIGURATIONS: Record<(typeof PLATFORMS)[number], string> = {
  cisco_iosxe: `Building configuration...
Current configuration : 400 bytes
! Last configuration change at 12:00:00 UTC
hostname r1
enable secret 9 $9$abcdefgh$ijklmnop
username ann privilege 15 secret 5 $1$aaaa$bbbb
banner motd ^C
 who goes there
^C
crypto pki certificate chain SELF
 certificate self-signed 01
  30820330 30820218
  \tquit
interface GigabitEthernet0/0
 description to the core
 ip address 192.0.2.1 255.255.255.0
 no shutdown
!
router bgp 65001
 neighbor 192.0.2.2 password 7 0822455D0A16
 address-family ipv4
  network 10.0.0.0
 exit-address-family
ip prefix-list PL seq 5 permit 10.0.0.0/8
snmp-server community public RO
end
`,
  frr_linux: `Building configuration...

Current configuration:
!
frr version 10.2
hostname r1
password zebra
!
interface eth0
 ip address 192.0.2.1/24
exit
!
router bgp 65001
 neighbor 192.0.2.2 password sesame
 address-family ipv4 unicast
  network 10.0.0.0/8
 exit-address-family
exit
!
ip prefix-list PL seq 5 permit 10.0.0.0/8
!
end
`,
};

const SCREEN =
  "show version\r\nCisco IOS XE\r\n --More-- \b\b\b\b\b\b\b\b\b\b         \b\b\b\b\b\b\b\b\bmore\u001b[K\r\n\u001b[1;32mr1#\u001b[0m";

/** Bytes as they arrive, in pieces: no line holds what a terminal obeys, and no prompt is seen that the tail does not show. */
const terminal: Target = {
  name: "device-terminal",
  share: 2,
  async prepare() {
    const file = readPlatform(await readSource("drivers/platforms/cisco_iosxe.yaml"));
    return {
      samples: [
        [utf8(SCREEN)],
        [utf8(`${SCREEN}show run\r\n${CONFIGURATIONS.cisco_iosxe.replaceAll("\n", "\r\n")}r1(config)#`)],
      ],
      mutate: anyBytes,
      take(input) {
        const bytes = part(input);
        const folder = new LineFolder();
        const prompts = new Prompts(file);
        for (let at = 0; at < bytes.length; at += 97) {
          const lines = folder.push(bytes.subarray(at, at + 97));
          const tail = folder.tail();
          if (tail !== undefined) {
            const host = prompts.hostOf(tail);
            if (host !== undefined && prompts.hostname === "") prompts.learn(host);
            prompts.match(tail);
          }
          for (const line of lines) {
            prompts.begins(line);
            // oxlint-disable-next-line no-control-regex -- what must not be left
            if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) return "a control byte in a folded line";
            if (foldLine(line) !== line) return "a line that folds further";
          }
        }
        return undefined;
      },
    };
  },
};

const configurations: readonly Target[] = PLATFORMS.map((platform) => ({
  name: `device-config-${platform}`,
  async prepare() {
    const driver = makeDriver(readPlatform(await readSource(`drivers/platforms/${platform}.yaml`)));
    const language = loadLanguage(platform);
    const valid = CONFIGURATIONS[platform];
    const before = driver.publicForm(device, valid, tagger).publicText;
    return {
      samples: [[utf8(valid)]],
      mutate: anyBytes,
      take(input) {
        const raw = text(part(input));
        const { publicText } = driver.publicForm(device, raw, tagger);
        if (publicText.split("\n").length !== normalise(language, raw).split("\n").length)
          return "a public form of another number of lines";
        parseDiff(driver.diff(before, publicText));
        parse(language, publicText);
        driver.notRestorable(device, raw, tagger);
        return undefined;
      },
    };
  },
}));

/** An author's text against what a device shows: predicted, or refused. */
const authors: readonly Target[] = PLATFORMS.map((platform) => ({
  name: `device-predict-${platform}`,
  share: 0.5,
  async prepare() {
    const driver = makeDriver(readPlatform(await readSource(`drivers/platforms/${platform}.yaml`)));
    const language = loadLanguage(platform);
    const shown = CONFIGURATIONS[platform];
    const merged = "ip prefix-list PL seq 10 permit 172.16.0.0/12\n";
    return {
      samples: [[utf8(merged), utf8(shown)]],
      mutate: anyBytes,
      take(input) {
        const raw = normalise(language, text(part(input, 1)));
        const before = { raw, ...driver.publicForm(device, raw, tagger), keyGeneration: tagger.keyGeneration };
        for (const mode of ["merge", "replace"] as const)
          parseDiff(driver.predict({ device, mode, text: text(part(input)), before, tagger }).diff);
        return undefined;
      },
    };
  },
}));

/** What leaves the site, in pieces of any size: a secret that is known here does not. */
const redaction: Target = {
  name: "device-redaction",
  async prepare() {
    const language = loadLanguage("cisco_iosxe");
    return {
      samples: [[utf8(`password ${SECRET}\nshow run\nneighbor 192.0.2.2 password ${SECRET} and more ${SECRET}\n`)]],
      mutate: anyBytes,
      take(input) {
        const shown = text(part(input));
        const stream = redactStream(language, device, tagger, [SECRET]);
        let out = "";
        for (let at = 0; at < shown.length; at += 13) out += stream.push(shown.slice(at, at + 13));
        out += stream.flush();
        return out.includes(SECRET) ? "a secret that is known" : undefined;
      },
    };
  },
};

/** The key that a host shows. ssh2 takes anything for a yes but `false`. */
const hostKeys: Target = {
  name: "device-host-key",
  share: 0.5,
  prepare() {
    const publicKey = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const pins = [{ algorithm: "ssh-ed25519" as const, publicKey }];
    return {
      samples: [[new Uint8Array(Buffer.from(publicKey, "base64"))]],
      mutate: anyBytes,
      take(input) {
        let permitted = false;
        strictVerifier((key) => isPinned(key, pins))(part(input), (answer) => (permitted = answer));
        if (!permitted) throw new FarhandError("HOST_KEY");
        return Buffer.from(part(input)).toString("base64");
      },
    };
  },
};

const diffs: Target = {
  name: "device-diff",
  share: 0.5,
  async prepare() {
    const driver = makeDriver(readPlatform(await readSource("drivers/platforms/cisco_iosxe.yaml")));
    const before = driver.publicForm(device, CONFIGURATIONS.cisco_iosxe, tagger).publicText;
    const signed = driver.diff(before, `${before}ntp server 192.0.2.9\n`);
    return {
      samples: [[utf8(signed)]],
      mutate: anyJson,
      take(input) {
        parseDiff(text(part(input)));
        driver.sameDiff(signed, text(part(input)));
        return undefined;
      },
    };
  },
};

export const deviceTargets: readonly Target[] = [terminal, ...configurations, ...authors, redaction, hostKeys, diffs];
