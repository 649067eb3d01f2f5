/**
 * Before each start of the broker: `bun deploy/broker/start-check.ts ORG /path/mosquitto.conf`. Mosquitto itself starts with rules
 * that are empty, and has started with lines that it could not read; this refuses whatever is not what the generator writes.
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";
import { AgentId, OrgId } from "../../shared/ids.ts";
import { configurationFor, settingsIn } from "./configuration.ts";
import { ADMIN, expectedFor, HubName, normalised, Rules } from "./rules.ts";

/** Twenty thousand agents' rules are 20 MB. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

const refused = (detail: string): never => {
  throw new FarhandError("BROKER_RULES", detail.slice(0, 400));
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refused("the rules are not JSON");
  }
}

export function checkRules(org: OrgId, text: string): Rules {
  const read = Rules.safeParse(parsed(text));
  const rules = read.success ? read.data : refused(z.prettifyError(read.error));
  const agentIdOf = (name: string): AgentId => {
    const id = AgentId.safeParse(name);
    return id.success ? id.data : refused(`${JSON.stringify(name)} is no agent's id`);
  };
  const names = rules.clients.map(({ username }) => username);
  if (new Set(names).size !== names.length) refused("an identity stands in the rules twice");
  const agents = names.filter((name) => name !== ADMIN && !HubName.safeParse(name).success);
  if (agents.length === 0) refused("the rules name no agent");
  if (normalised(rules) !== normalised(expectedFor(org, rules, agentIdOf)))
    refused("an identity has other topics than its own");
  return rules;
}

export function checkConfiguration(text: string): ReturnType<typeof settingsIn> {
  const settings = settingsIn(text);
  if (configurationFor(settings) !== text) refused("mosquitto.conf is not what the generator writes");
  return settings;
}

function readCapped(path: string): string {
  if (statSync(path).size > FILE_BYTES_MAX) refused(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
  return readFileSync(path, "utf8");
}

export function checkStart(org: OrgId, configurationPath: string): void {
  const settings = checkConfiguration(readCapped(configurationPath));
  checkRules(org, readCapped(settings.rules));
}

if (import.meta.main) {
  const [org, path] = process.argv.slice(2);
  try {
    const id = OrgId.safeParse(org);
    checkStart(id.success ? id.data : refused("the first word must be the organisation"), path ?? "");
  } catch (error) {
    console.error(error instanceof FarhandError ? error.message : `BROKER_RULES: ${String(error)}`);
    process.exitCode = 1;
  }
}
