import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { rootFingerprint } from "../../../shared/tuf/set.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { readBytes } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { openAnchor, type Anchor } from "./anchor.ts";

export const trustShow = buildCommand<OutputFlags, [string], CliContext>({
  docs: docs(
    "Show a trust file and its fingerprint",
    ["farhand trust show trust/trust.json", "farhand trust show trust-draft.json --json"],
    "The fingerprint is that of its first root.json: compare it by voice or on paper before you trust the file.",
  ),
  parameters: {
    flags: outputFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Trust file", placeholder: "FILE" }] },
  },
  func: command(show),
});

async function show(cli: Cli, _flags: OutputFlags, file: string) {
  const anchor = await openAnchor(readBytes(resolve(cli.cwd, file)));
  const fingerprint = rootFingerprint(anchor.roots[0] ?? anchor.set.root);
  const { keys, agents, inventory } = anchor;
  cli.out.data(
    "trust",
    {
      fingerprint,
      root: readMetadata("root", anchor.set.root).signed,
      keys: keys.keys.document,
      agents: agents?.document ?? null,
      inventory: inventory?.inventory.document ?? null,
    },
    () => textOf(anchor, fingerprint),
  );
  return undefined;
}

function textOf({ set, keys: store, agents, inventory }: Anchor, fingerprint: string): string {
  const root = readMetadata("root", set.root).signed;
  const targets = readMetadata("targets", set.targets).signed;
  const { document } = store.keys;
  const revoked = new Map(document.revoked.map((entry) => [entry.kid as string, entry.reason]));
  const keyadmins = new Set<string>(root.roles.targets.keyids);
  const people = document.people.flatMap((person) => [
    `  ${person.id}  ${escapeLine(person.name)}  ${person.roles.map(({ role, sites }) => `${role} at ${sites.join(",")}`).join("; ")}`,
    ...person.keys.map((key) => {
      const reason = revoked.get(key.kid);
      return `    ${key.kid}${reason ? `  REVOKED (${reason})` : ""}${keyadmins.has(key.kid) ? "  keyadmin by root" : ""}`;
    }),
  ]);
  const policies = document.policies.map(({ id, version, rules }) => {
    const rule = (name: keyof typeof rules) =>
      `${name} ${rules[name].onePerson ? "author alone" : `author + ${rules[name].approvers}`}`;
    return `  ${id} v${version}: ${rule("read")}, ${rule("change")}, ${rule("destructive")}`;
  });
  const { roles } = root;
  return [
    `fingerprint ${fingerprint}`,
    `root.json version ${root.version} of ${document.org}, valid until ${root.expires}: ${roles.root.threshold} of ${roles.root.keyids.length} root keys, ${roles.targets.threshold} of ${roles.targets.keyids.length} keyadmins`,
    `documents version ${targets.version}, valid until ${targets.expires}`,
    `keys.json version ${document.version}, valid until ${new Date(document.exp * 1000).toISOString()}`,
    `agents.json ${agents ? `version ${agents.document.version}: ${agents.document.agents.length} agents` : "not yet"}`,
    `inventory.json ${inventory ? `version ${inventory.inventory.document.version}: ${inventory.inventory.document.devices.length} devices` : "not yet"}`,
    `hub ${escapeLine(document.hub.id)}  ${document.hub.keys.map((key) => key.kid).join(", ")}`,
    "people",
    ...people,
    "policies",
    ...policies,
  ].join("\n");
}
