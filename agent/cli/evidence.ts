import { buildCommand, buildRouteMap } from "@stricli/core";
import { readFileSync } from "node:fs";
import { driverFor } from "../../drivers/registry.ts";
import { FarhandError } from "../../shared/errors.ts";
import { addCertificate, HeldEvidence, readCertificate, removeCertificate } from "../certify/held.ts";
import type { Certificate } from "../certify/certificate.ts";
import { readConfig } from "../config.ts";
import { lockStateDir } from "../state-lock.ts";
import { command, stateDirOf, stateFlag, type AgentContext } from "./context.ts";

interface Flags {
  readonly stateDir?: string;
}

const FILE_BYTES_MAX = 1024 * 1024;
const parse = (value: string): string => value;

const wordsOf = ({ platform, transport, device, digest, ended }: Certificate): string =>
  `${platform} over ${transport} on version ${device.version ?? "?"}, driver ${digest.slice(0, 16)}, proved ${ended.slice(0, 10)} on ${device.model ?? "a device"}`;

function read(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FarhandError("IO", path, { cause: error });
  }
  if (text.length > FILE_BYTES_MAX) throw new FarhandError("SCHEMA", `${path} is larger than 1 MiB`);
  return text;
}

const add = buildCommand<Flags, [string], AgentContext>({
  docs: {
    brief: "Have the agent take an evidence file as proof, from its next start on",
    fullDescription:
      "Have the agent take an evidence file of farhand-agent certify as proof, from its next start on: plans for devices with that version then say\n" +
      "`real`, and a change needs nobody's word that simulated evidence is enough. It counts for exactly the platform file that it was made with and\n" +
      "the one version; an agent with a newer platform file goes by that file again. Nobody signs such a file: know whose it is. Stop the agent first.\n\n" +
      "EXAMPLES\n  farhand-agent evidence add certify-cisco_iosxe-17.9.4a-2026-11-24.json",
  },
  parameters: {
    flags: { ...stateFlag },
    positional: { kind: "tuple", parameters: [{ parse, brief: "The evidence file", placeholder: "FILE" }] },
  },
  func: command((context: AgentContext, given: Flags, path: string) => {
    const stateDir = stateDirOf(context, given);
    readConfig(stateDir);
    const text = read(path);
    const { platform, transport, digest } = readCertificate(text);
    const driver = driverFor(platform, transport);
    if (driver?.digest !== digest)
      throw new FarhandError(
        "DRIVER_CHANGED",
        `${platform} over ${transport}: made with ${digest.slice(0, 16)}, this agent has ${driver?.digest.slice(0, 16) ?? "none"}`,
      );
    const unlock = lockStateDir(stateDir);
    try {
      const { name, certificate } = addCertificate(stateDir, text);
      context.process.stderr.write(`${name}: ${wordsOf(certificate)}\n`);
    } finally {
      unlock();
    }
    return Promise.resolve();
  }),
});

const list = buildCommand<Flags, [], AgentContext>({
  docs: {
    brief: "What the agent takes as proof, and whether it still counts",
    fullDescription:
      "What the agent takes as proof, and whether it still counts.\n\nEXAMPLES\n  farhand-agent evidence list",
  },
  parameters: { flags: { ...stateFlag } },
  func: command((context: AgentContext, given: Flags) => {
    const { stdout, stderr } = context.process;
    const held = HeldEvidence.load(stateDirOf(context, given), (name, error) =>
      stderr.write(`${name}: not taken: ${error.code}: ${error.detail ?? error.what}\n`),
    );
    for (const { name, certificate } of held.all) {
      const driver = driverFor(certificate.platform, certificate.transport);
      const counts = driver?.digest === certificate.digest ? "counts" : "of another platform file: does not count";
      stdout.write(`${name}: ${wordsOf(certificate)}: ${counts}\n`);
    }
    return Promise.resolve();
  }),
});

const remove = buildCommand<Flags, [string], AgentContext>({
  docs: {
    brief: "Have the agent go by an evidence file no more, from its next start on",
    fullDescription:
      "Have the agent go by an evidence file no more, from its next start on. Stop the agent first.\n\nEXAMPLES\n  farhand-agent evidence remove NAME",
  },
  parameters: {
    flags: { ...stateFlag },
    positional: { kind: "tuple", parameters: [{ parse, brief: "As `evidence list` shows it", placeholder: "NAME" }] },
  },
  func: command((context: AgentContext, given: Flags, name: string) => {
    const stateDir = stateDirOf(context, given);
    const unlock = lockStateDir(stateDir);
    try {
      removeCertificate(stateDir, name);
    } finally {
      unlock();
    }
    return Promise.resolve();
  }),
});

export const evidence = buildRouteMap<string, AgentContext>({
  routes: { add, list, remove },
  docs: { brief: "What was proved on devices of a laboratory, and counts here" },
});
