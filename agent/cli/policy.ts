import { buildCommand, buildRouteMap } from "@stricli/core";
import { resolve } from "node:path";
import { readConfig, writeConfig } from "../config.ts";
import type { LocalPolicy } from "../policy/document.ts";
import { LocalRules } from "../policy/local-policy.ts";
import { isWithin } from "../policy/windows.ts";
import { lockStateDir } from "../state-lock.ts";
import { command, stateDirOf, stateFlag, type AgentContext } from "./context.ts";

interface Flags {
  readonly stateDir?: string;
}

const parse = (value: string): string => value;

/** What the file takes away, a line for each; what it does not name is as people signed it. */
function wordsOf(policy: LocalPolicy, nowMs: number): string[] {
  const list = (name: string, values: readonly string[] | undefined): string[] =>
    values === undefined ? [] : [`${name.padEnd(12)} only ${values.length === 0 ? "none" : values.join(", ")}`];
  const { stop, stopFile, windows, devicesPerManifestMax, changesPerHourMax } = policy;
  const lines = [
    ...(stop === undefined ? [] : [`STOPPED      ${stop}`]),
    ...(stopFile === undefined ? [] : [`stop file    ${stopFile}`]),
    ...list("risks", policy.risks),
    ...list("kinds", policy.kinds),
    ...list("devices", policy.devices),
    ...list("credentials", policy.credentials),
    ...Object.entries(policy.platforms ?? {}).flatMap(([name, digests]) => list(`driver of ${name}`, digests)),
    ...(devicesPerManifestMax === undefined ? [] : [`at once      at most ${devicesPerManifestMax} devices`]),
    ...(changesPerHourMax === undefined ? [] : [`an hour      at most ${changesPerHourMax} devices changed`]),
    ...(windows?.open ?? []).map(
      ({ days, from, to }) => `changes      ${days.join(" ")} ${from} to ${to} ${windows?.timeZone ?? ""}`,
    ),
  ];
  if (windows) lines.push(`now          the window is ${isWithin(windows, nowMs) ? "open" : "closed"}`);
  return lines.length === 0 ? ["It narrows nothing."] : lines;
}

const check = buildCommand<object, [string], AgentContext>({
  docs: {
    brief: "Whether a local policy file is in order, and what it takes away",
    fullDescription:
      "Whether a local policy file is in order, and what it takes away. The file is checked as the agent would: what it says, and who can\n" +
      "write it; so run this as the agent's user. Exit status: 0 in order, 1 a running agent would refuse all work.\n\n" +
      "EXAMPLES\n  farhand-agent policy check /etc/farhand-agent/policy.yaml",
  },
  parameters: {
    flags: {},
    positional: { kind: "tuple", parameters: [{ parse, brief: "The policy file", placeholder: "FILE" }] },
  },
  func: command((context: AgentContext, _flags: object, path: string) => {
    const policy = new LocalRules(resolve(path)).read();
    if (policy) context.process.stdout.write(`${wordsOf(policy, Date.now()).join("\n")}\n`);
    return Promise.resolve();
  }),
});

const set = buildCommand<Flags, [string?], AgentContext>({
  docs: {
    brief: "Have the agent obey a local policy file from its next start on, or none",
    fullDescription:
      "Have the agent obey a local policy file from its next start on; without FILE, none. Stop the agent first. From then on the file is read\n" +
      "each time that work is accepted, starts, or begins on a device: a change of it counts at once.\n\n" +
      "EXAMPLES\n  farhand-agent policy set /etc/farhand-agent/policy.yaml\n  farhand-agent policy set",
  },
  parameters: {
    flags: { ...stateFlag },
    positional: {
      kind: "tuple",
      parameters: [{ parse, brief: "The policy file", placeholder: "FILE", optional: true }],
    },
  },
  func: command((context: AgentContext, given: Flags, path?: string) => {
    const stateDir = stateDirOf(context, given);
    const { policy: _, ...config } = readConfig(stateDir);
    const unlock = lockStateDir(stateDir);
    try {
      if (path === undefined) writeConfig(stateDir, config);
      else {
        const policy = resolve(path);
        new LocalRules(policy).read();
        writeConfig(stateDir, { ...config, policy });
      }
    } finally {
      unlock();
    }
    context.process.stderr.write(path === undefined ? "No local policy.\n" : `The agent obeys ${resolve(path)}.\n`);
    return Promise.resolve();
  }),
});

export const policy = buildRouteMap<string, AgentContext>({
  routes: { check, set },
  docs: { brief: "What the owner of this host takes away from what people may sign" },
});
