import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { sha256, fromBase64url } from "../../../shared/bytes.ts";
import { parseEnvelope, peekPayload, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { TrustStore } from "../../../shared/trust.ts";
import { openAgents, openInventory } from "../../../shared/trust.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { readBytes } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { loadAnchor, openAnchor } from "./load.ts";

export const trustShow = buildCommand<HubFlags, [string], CliContext>({
  docs: docs(
    "Show a trust document and its fingerprint",
    ["farhand trust show trust/keys.json", "farhand trust show agents.json --trust trust/keys.json --json"],
    "The fingerprint is the SHA-256 of the signed payload: compare it by voice or on paper before you trust a keys.json.\nagents.json and inventory.json are verified against the keys.json that you trust.",
  ),
  parameters: {
    flags: hubFlags,
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, brief: "keys.json, agents.json or inventory.json", placeholder: "FILE" }],
    },
  },
  func: command(show),
});

async function show(cli: Cli, flags: HubFlags, file: string) {
  const envelope = parseEnvelope(readBytes(resolve(cli.cwd, file)));
  const type = typeOf(envelope);
  const fingerprint = sha256(fromBase64url(envelope.payload));
  if (type === "keys") {
    const store = await openAnchor(envelope);
    cli.out.data("trust", { type, fingerprint, document: store.keys.document }, () => keysText(store, fingerprint));
    return undefined;
  }
  const anchor = await loadAnchor(cli, flags);
  const verified =
    type === "agents" ? await openAgents(envelope, anchor) : (await openInventory(envelope, anchor)).inventory;
  const { document } = verified;
  cli.out.data("trust", { type, fingerprint, document }, () =>
    [
      `${type}.json version ${document.version} of ${document.org}, signed by a keyadmin of your keys.json`,
      `fingerprint ${fingerprint}`,
    ].join("\n"),
  );
  return undefined;
}

export function typeOf(envelope: Envelope): "keys" | "agents" | "inventory" {
  const payload = peekPayload(envelope);
  const type = typeof payload === "object" && payload !== null && "type" in payload ? payload.type : undefined;
  if (type === "keys" || type === "agents" || type === "inventory") return type;
  throw new FarhandError("ENVELOPE_TYPE", "not keys.json, agents.json or inventory.json");
}

function keysText(store: TrustStore, fingerprint: string): string {
  const { document } = store.keys;
  const revoked = new Set<string>(document.revoked.map((entry) => entry.kid));
  const people = document.people.flatMap((person) => [
    `  ${person.id}  ${escapeLine(person.name)}  ${person.roles.map(({ role, sites }) => `${role} at ${sites.join(",")}`).join("; ")}`,
    ...person.keys.map((key) => `    ${key.kid}${revoked.has(key.kid) ? "  REVOKED" : ""}`),
  ]);
  const policies = document.policies.map(({ id, version, rules }) => {
    const rule = (name: keyof typeof rules) =>
      `${name} ${rules[name].onePerson ? "author alone" : `author + ${rules[name].approvers}`}`;
    return `  ${id} v${version}: ${rule("read")}, ${rule("change")}, ${rule("destructive")}`;
  });
  return [
    `keys.json version ${document.version} of ${document.org}, valid until ${new Date(document.exp * 1000).toISOString()}`,
    `fingerprint ${fingerprint}`,
    `hub ${escapeLine(document.hub.id)}  ${document.hub.keys.map((key) => key.kid).join(", ")}`,
    "people",
    ...people,
    "policies",
    ...policies,
  ].join("\n");
}
