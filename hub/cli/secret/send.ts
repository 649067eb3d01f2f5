import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import type { AgentEntry } from "../../../shared/documents/agents.ts";
import type { SealedCredential } from "../../../shared/documents/credential.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, CredentialName, SiteId } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import { sealCredential, type SealedValue } from "../../../shared/sealed-credential.ts";
import { CREDENTIAL_LIFETIME_SECONDS_MAX, verifyCredential } from "../../../shared/verify/credential.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, keyFlags, text, whole, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, type Trusted } from "../trust/load.ts";
import { readValue } from "./value.ts";

const DAYS = 30;

interface Flags extends HubFlags, KeyFlags {
  readonly agent?: AgentId;
  readonly site?: SiteId;
  readonly username?: string;
  readonly valueFile?: string;
  readonly enable: boolean;
  readonly privateKey: boolean;
  readonly snmp?: string;
  readonly days: number;
  readonly version?: number;
  readonly out?: string;
}

export const secretSend = buildCommand<Flags, [CredentialName], CliContext>({
  docs: docs(
    "Send a credential or a secret to agents, sealed so that the hub cannot read it",
    [
      "farhand secret send lab --site ams --username ops --key sam.key.json",
      "farhand secret send snmp --site ams --username monitor --snmp 3:sha256:aes128 --key sam.key.json",
      "farhand secret send bgp-md5 --agent agent-ams --value-file md5.txt --key sam.key.json",
    ],
    'With --username it is what logs in to devices; without, a value that texts name as secret("NAME"). It is asked for on the terminal, or\nread from --value-file: the value is the first line, the enable secret the second. It is sealed to the agents that the signed agents.json\nlists, and to nobody else. An agent without a line gets it when it next connects.',
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      agent: {
        kind: "parsed",
        parse: as(AgentId),
        brief: "The agent that gets it",
        placeholder: "AGENT",
        optional: true,
      },
      site: {
        kind: "parsed",
        parse: as(SiteId),
        brief: "Every agent of this site",
        placeholder: "SITE",
        optional: true,
      },
      username: {
        kind: "parsed",
        parse: text,
        brief: "The login: it is a device credential",
        placeholder: "USER",
        optional: true,
      },
      valueFile: {
        kind: "parsed",
        parse: text,
        brief: "File that holds the value",
        placeholder: "FILE",
        optional: true,
      },
      enable: { kind: "boolean", brief: "Also an enable secret", default: false, withNegated: false },
      privateKey: {
        kind: "boolean",
        brief: "The value file is a private SSH key, not a password",
        default: false,
        withNegated: false,
      },
      snmp: {
        kind: "parsed",
        parse: text,
        brief: "It is for SNMP: 2c, 3:AUTH or 3:AUTH:PRIVACY (3:sha256:aes128)",
        placeholder: "FORM",
        optional: true,
      },
      days: {
        kind: "parsed",
        parse: whole(1, CREDENTIAL_LIFETIME_SECONDS_MAX / 86_400),
        brief: "How long it may be on its way",
        placeholder: "N",
        default: String(DAYS),
      },
      version: {
        kind: "parsed",
        parse: whole(1, Number.MAX_SAFE_INTEGER),
        brief: "Instead of the seconds of now; only higher ones are taken",
        placeholder: "N",
        optional: true,
      },
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write it to a folder for a courier; the hub gets nothing",
        placeholder: "DIR",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(CredentialName), brief: "Its name", placeholder: "NAME" }] },
  },
  func: command(send),
});

async function send(cli: Cli, flags: Flags, name: CredentialName) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const agents = recipientsOf(trusted, flags);
  const value = await readValue(cli, flags);
  const signer = await signerFromFile(cli, flags, flags.key);
  const envelopes: { agent: AgentEntry; envelope: Envelope; document: SealedCredential }[] = [];
  for (const agent of agents)
    envelopes.push({ agent, ...(await sealFor(cli, trusted, agent, signer, { flags, name, value })) });
  const sent: { agent: AgentId; version: number; state: string; file: string | null }[] = [];
  for (const { agent, envelope, document } of envelopes) {
    const { version } = document.context;
    if (flags.out === undefined) {
      const { state } = await client.call("putSecret", { body: envelope });
      sent.push({ agent: agent.id, version, state, file: null });
    } else {
      const file = resolve(cli.cwd, flags.out, `${agent.id}.${value.kind}.${name}.json`);
      writeFile(file, envelopeBytes(envelope));
      sent.push({ agent: agent.id, version, state: "written", file });
    }
  }
  cli.out.data("secret-sent", { kind: value.kind, name, sent }, () =>
    sent
      .map((one) => `${value.kind} ${name} version ${one.version} for ${one.agent}: ${one.file ?? one.state}`)
      .join("\n"),
  );
  if (flags.out === undefined) cli.out.next("farhand secret list");
  return undefined;
}

/** From the signed agents.json alone: what else the hub shows of an agent is not looked at. */
function recipientsOf(trusted: Trusted, flags: Flags): AgentEntry[] {
  if ((flags.agent === undefined) === (flags.site === undefined))
    throw new FarhandError("USAGE", "give --agent or --site");
  const active = (trusted.agents?.document.agents ?? []).filter((entry) => entry.status === "active");
  const chosen = active.filter((entry) =>
    flags.agent === undefined ? entry.site === flags.site : entry.id === flags.agent,
  );
  if (chosen.length === 0)
    throw new FarhandError(
      "NOT_FOUND",
      `no keyadmin has countersigned ${flags.agent === undefined ? `an agent at ${flags.site ?? ""}` : flags.agent}; nothing was sealed`,
    );
  return chosen;
}

async function sealFor(
  cli: Cli,
  trusted: Trusted,
  agent: AgentEntry,
  signer: Signer,
  { flags, name, value }: { flags: Flags; name: CredentialName; value: SealedValue },
): Promise<{ envelope: Envelope; document: SealedCredential }> {
  const person = trusted.store.personOf(signer.kid);
  if (!person) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key");
  const nowMs = cli.clock.nowMs();
  const iat = Math.floor(nowMs / 1000);
  const context = {
    org: trusted.store.org,
    site: agent.site,
    agent: agent.id,
    kind: value.kind,
    name,
    version: flags.version ?? iat,
    exp: iat + flags.days * 86_400,
  };
  const jwe = await sealCredential(value, context, agent.boxKey);
  const document: SealedCredential = { type: "credential", v: 1, sender: person.id, iat, context, jwe };
  const envelope = await signEnvelope("farhand-credential+jws", document, [signer]);
  // What the agent would refuse is refused here.
  await verifyCredential(envelope, { trust: trusted.store, time: { nowMs, errorMs: 0, floorMs: 0 } });
  return { envelope, document };
}
