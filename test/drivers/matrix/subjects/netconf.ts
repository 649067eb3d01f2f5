import { sampleNetconf, startNetconf } from "../../../../simulators/netconf/index.ts";
import type { Subject } from "../subject.ts";
import { sshTarget } from "../target.ts";

const IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces";
const { config } = sampleNetconf({ personality: "generic", seed: 1 });

const entry = (name: string, leaves: string): string => `<interface><name>${name}</name>${leaves}</interface>`;
const interfaces = (...entries: readonly string[]): string =>
  `<interfaces xmlns="${IF}">\n${entries.join("\n")}\n</interfaces>`;

const GET = `get-config ${interfaces(entry("eth1", ""))}`;

/** Any RFC 6241 server. */
export const netconf: Subject = {
  platform: "netconf",
  transport: "netconf",
  async start(clock) {
    const sim = await startNetconf({ name: "edge-1", config }, { clock });
    return { sim, ...sshTarget(sim) };
  },
  merge: {
    text: `${interfaces(entry("eth1", "<description>probe</description>"), entry("eth2", "<description>second</description>"), entry("eth3", "<description>third</description>"))}\n`,
    inForce: /<description>probe<\/description>[^]*<description>third<\/description>/v,
    verify: [{ command: GET, contains: ["<description>probe</description>"], withinMs: 5_000 }],
  },
  replace: (running) =>
    running
      .replace("<description>access &lt;1&gt;</description>", "<description>probe</description>")
      .replace("<description>access &lt;3&gt;</description>", "<description>third</description>"),
  foreign: {
    lines: [interfaces(entry("eth0", "<description>THEIRS</description>"))],
    shown: /THEIRS|<description>uplink<\/description>/v,
  },
  body: (text) => text,
  moments: {
    beforeApply: "^lock",
    duringApply: "^edit-config",
    line: "probe",
    apply: "^commit.*confirmed",
    confirm: "^commit(?!.*confirmed)",
  },
  without: { "paging-left-on": "no terminal", "log-noise": "no terminal" },
};

const NATIVE = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
const port = (name: number, leaves: string): string =>
  `<GigabitEthernet><name>${name}</name>${leaves}</GigabitEthernet>`;
const native = (...ports: readonly string[]): string =>
  `<native xmlns="${NATIVE}">\n<interface>\n${ports.join("\n")}\n</interface>\n</native>`;

/** IOS-XE with its candidate feature on. */
export const iosxeNetconf: Subject = {
  platform: "cisco_iosxe",
  transport: "netconf",
  async start(clock) {
    const abilities = { candidate: "shared", confirmedCommit: "1.1", writableRunning: false } as const;
    const sim = await startNetconf({ name: "edge-1", personality: "iosxe", abilities }, { clock });
    return { sim, ...sshTarget(sim, "netconf") };
  },
  merge: {
    text: `${native(port(1, "<description>probe</description>"), port(2, "<description>second</description>"), port(3, "<description>third</description>"))}\n`,
    inForce: /<description>probe<\/description>[^]*<description>third<\/description>/v,
    verify: [
      { command: `get-config ${native(port(1, ""))}`, contains: ["<description>probe</description>"], withinMs: 5_000 },
    ],
  },
  foreign: {
    lines: [native(port(4, "<description>THEIRS</description>"))],
    shown: /THEIRS|<description>access &lt;3&gt;/v,
  },
  body: (text) => text,
  moments: netconf.moments,
  without: netconf.without ?? {},
};

const junosPort = (name: number, leaves: string): string =>
  `<interface><name>ge-0/0/${name}</name>${leaves}</interface>`;
const configuration = (...ports: readonly string[]): string =>
  `<configuration>\n<interfaces>\n${ports.join("\n")}\n</interfaces>\n</configuration>`;

export const junosNetconf: Subject = {
  platform: "juniper_junos",
  transport: "netconf",
  async start(clock) {
    const sim = await startNetconf({ name: "edge-1", personality: "junos" }, { clock });
    return { sim, ...sshTarget(sim, "netconf") };
  },
  merge: {
    text: `${configuration(junosPort(1, "<description>probe</description>"), junosPort(2, "<description>second</description>"), junosPort(3, "<description>third</description>"))}\n`,
    inForce: /<description>probe<\/description>[^]*<description>third<\/description>/v,
    verify: [
      {
        command: `get-config ${configuration(junosPort(1, ""))}`,
        contains: ["<description>probe</description>"],
        withinMs: 5_000,
      },
    ],
  },
  foreign: {
    lines: [configuration(junosPort(0, "<description>THEIRS</description>"))],
    shown: /THEIRS|<description>uplink<\/description>/v,
  },
  body: (text) => text,
  moments: netconf.moments,
  without: netconf.without ?? {},
};
