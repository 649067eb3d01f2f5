import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { Breakglass } from "../../../shared/documents/breakglass.ts";
import { envelopeBytes, readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, BreakglassId, PersonId, SiteId } from "../../../shared/ids.ts";
import { holdsRole } from "../../../shared/trust.ts";
import { verifyBreakglass } from "../../../shared/verify/breakglass.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, passphraseFlag, text, whole, type HubFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { meant } from "../nearest.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory, type Trusted } from "../trust/load.ts";
import { describe } from "./describe.ts";

interface Flags extends HubFlags {
  readonly id: BreakglassId;
  readonly reason: string;
  readonly oncall: readonly PersonId[];
  readonly agent?: readonly AgentId[];
  readonly minutes: number;
  readonly days: number;
  readonly key: readonly string[];
  readonly passphraseFile?: string;
  readonly out?: string;
}

const several = { variadic: true } as const;

export const breakglassCreate = buildCommand<Flags, [SiteId], CliContext>({
  docs: docs(
    "Sign, in calm, what one on-call person may do alone later",
    [
      "farhand breakglass create ams --id ams-night --reason 'nights and weekends' --oncall oli --key ann.key.json --key bob.key.json",
      "farhand breakglass create ams --id ams-night --reason 'nights and weekends' --oncall oli --key ann.key.json --out ams-night.json",
    ],
    "Needs the signatures that a change at the site needs: the owner of the first key is its author. Each use is one change, once for each\n" +
      "agent, where a device's own timer can undo it, nothing destructive, and told loudly. With --out it goes into a file, to be signed by\n" +
      "others and to be kept where the hub is not.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      id: { kind: "parsed", parse: as(BreakglassId), brief: "Its id", placeholder: "ID" },
      reason: { kind: "parsed", parse: text, brief: "What it is for", placeholder: "TEXT" },
      oncall: {
        kind: "parsed",
        parse: as(PersonId),
        brief: "Who may use it, alone; give it again for more",
        placeholder: "PERSON",
        ...several,
      },
      agent: {
        kind: "parsed",
        parse: as(AgentId),
        brief: "At which agents of the site; all that are approved, unless given",
        placeholder: "AGENT",
        ...several,
        optional: true,
      },
      minutes: {
        kind: "parsed",
        parse: whole(1, 1440),
        brief: "How long each use may take to start",
        default: "60",
        placeholder: "N",
      },
      days: { kind: "parsed", parse: whole(1, 90), brief: "How long it holds", default: "30", placeholder: "N" },
      key: {
        kind: "parsed",
        parse: text,
        brief: "Key file of the author; then of each approver that the policy asks for",
        placeholder: "KEYFILE",
        ...several,
      },
      passphraseFile: passphraseFlag,
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write it here, to be signed by others, instead of handing it to the hub",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(SiteId), brief: "Site", placeholder: "SITE" }] },
  },
  func: command(create),
});

async function create(cli: Cli, flags: Flags, site: SiteId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  checkNames(trusted, site, flags.oncall);
  const signers = [];
  for (const file of flags.key) signers.push(await signerFromFile(cli, flags, file));
  const author = signers[0] && trusted.store.personOf(signers[0].kid);
  if (!author) throw new FarhandError("NO_AUTHOR", "keys.json does not list the first key");
  const policy = trusted.store.policyOf(site);
  if (!policy) throw new FarhandError("POLICY_UNKNOWN", site);
  const nowMs = cli.clock.nowMs();
  const iat = Math.floor(nowMs / 1000);
  const breakglass = readAs(Breakglass, {
    type: "breakglass",
    v: 1,
    org: trusted.store.org,
    id: flags.id,
    author: author.id,
    policy: { id: policy.id, version: policy.version },
    keysVersion: trusted.store.keys.document.version,
    site,
    agents: agentsOf(trusted, site, flags.agent),
    oncall: [...new Set(flags.oncall)],
    useSecondsMax: flags.minutes * 60,
    reason: flags.reason,
    iat,
    nbf: iat,
    exp: iat + flags.days * 86_400,
  });
  const envelope = await signEnvelope("farhand-breakglass+jws", breakglass, signers);
  if (flags.out !== undefined) {
    const file = resolve(cli.cwd, flags.out);
    writeFile(file, envelopeBytes(envelope), { mode: 0o644 });
    cli.out.data("breakglass", { breakglass, file }, () => [...describe(breakglass), `in ${file}`].join("\n"));
    cli.out.next(`farhand breakglass sign ${flags.out} --key KEYFILE --publish`);
    return undefined;
  }
  // What the hub would refuse is said here, before anything is sent.
  await verifyBreakglass(envelope, { trust: trusted.store, time: { nowMs, errorMs: 0, floorMs: 0 } });
  const { sha256 } = await client.call("putBreakglass", { body: envelope });
  cli.out.data("breakglass", { breakglass, sha256 }, () => describe(breakglass).join("\n"));
  cli.out.next(`farhand breakglass ${site} --reason TEXT --template FILE --key KEYFILE`);
  return undefined;
}

function checkNames(trusted: Trusted, site: SiteId, oncall: readonly PersonId[]): void {
  const inventory = requireInventory(trusted);
  if (!inventory.site(site)) {
    const sites = inventory.inventory.document.sites.map((known) => known.id);
    throw new FarhandError("NOT_FOUND", `no site ${site}${meant(site, sites)}`);
  }
  for (const id of oncall) {
    const person = trusted.store.person(id);
    if (!person || !holdsRole(person, "oncall", [site]))
      throw new FarhandError("BREAKGLASS", `${id} does not hold the role oncall at ${site} in keys.json`);
  }
}

function agentsOf(trusted: Trusted, site: SiteId, asked: readonly AgentId[] | undefined): AgentId[] {
  const own = (trusted.agents?.document.agents ?? [])
    .filter((agent) => agent.site === site && agent.status === "active")
    .map((agent) => agent.id);
  const stranger = asked?.find((id) => !own.includes(id));
  if (stranger !== undefined) throw new FarhandError("WRONG_AGENT", `${stranger} is no approved agent of ${site}`);
  const agents = [...new Set(asked ?? own)];
  if (agents.length === 0) throw new FarhandError("NOT_FOUND", `site ${site} has no approved agent`);
  return agents;
}
