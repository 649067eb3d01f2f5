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
    text: `${interfaces(entry("eth1", "<description>probe</description>"), entry("eth2", "<enabled>false</enabled>"), entry("eth3", "<description>third</description>"))}\n`,
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
