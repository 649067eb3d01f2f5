import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { GrantKind, CommandText } from "../../../shared/documents/common.ts";
import { Grant } from "../../../shared/documents/grant.ts";
import { envelopeBytes, readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { GrantId, PlatformId, SiteId } from "../../../shared/ids.ts";
import { authorise, type TrustStore } from "../../../shared/trust.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, passphraseFlag, text, whole, type HubFlags } from "../flags.ts";
import { tableCommands } from "../job/parsed.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { meant } from "../nearest.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";

interface Flags extends HubFlags {
  readonly id: GrantId;
  readonly site: readonly SiteId[];
  readonly kind: readonly GrantKind[];
  readonly command?: readonly string[];
  readonly tables?: readonly PlatformId[];
  readonly select?: string;
  readonly rate: number;
  readonly every?: number;
  readonly dailyAt?: number;
  readonly days: number;
  readonly key: readonly string[];
  readonly passphraseFile?: string;
  readonly out?: string;
}

export const grantCreate = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Sign a standing permission for enumerated reads",
    [
      "farhand grant create --id nightly --site ams --site lon --kind collect --kind check --kind plan --key ann.key.json",
      "farhand grant create --id backup --site ams --kind collect --daily-at 02:00 --days 366 --key ann.key.json",
      "farhand grant create --id ask --site ams --kind run --command 'show version' --command 'show ip bgp summary' --days 30 --key ann.key.json",
    ],
    "The owner of the first key is its author. `run` may send exactly the commands that are named. Devices that join\nits sites later are covered as the selector says.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      id: { kind: "parsed", parse: as(GrantId), brief: "The grant's id", placeholder: "GRANT" },
      site: {
        kind: "parsed",
        parse: as(SiteId),
        brief: "Site; give it again for more",
        placeholder: "SITE",
        variadic: true,
      },
      kind: {
        kind: "enum",
        values: GrantKind.options,
        brief: "What may be done; give it again for more",
        variadic: true,
      },
      tables: {
        kind: "parsed",
        parse: as(PlatformId),
        brief: "All that farhand run --parse asks of this platform",
        placeholder: "PLATFORM",
        variadic: true,
        optional: true,
      },
      command: {
        kind: "parsed",
        parse: as(CommandText),
        brief: "Exact command that run may send; give it again for more",
        placeholder: "COMMAND",
        variadic: true,
        optional: true,
      },
      select: {
        kind: "parsed",
        parse: text,
        brief: "Only these devices of the sites: platform=frr_linux,tag.role=edge,device=r1",
        placeholder: "SELECTOR",
        optional: true,
      },
      rate: { kind: "parsed", parse: whole(1, 100_000), brief: "Devices per minute", default: "600", placeholder: "N" },
      every: {
        kind: "parsed",
        parse: period,
        brief: "The sites' agents collect and check by themselves this often, with or without a hub: 15m to 31d",
        placeholder: "6h",
        optional: true,
      },
      dailyAt: {
        kind: "parsed",
        parse: timeOfDay,
        brief: "The same once a day at this time, UTC",
        placeholder: "HH:MM",
        optional: true,
      },
      days: { kind: "parsed", parse: whole(1, 366), brief: "How long it holds", default: "90", placeholder: "N" },
      key: {
        kind: "parsed",
        parse: text,
        brief: "Key file of the author; then of each approver that the policy asks for",
        placeholder: "KEYFILE",
        variadic: true,
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
  },
  func: command(create),
});

async function create(cli: Cli, flags: Flags) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const inventory = requireInventory(trusted);
  for (const site of flags.site) {
    if (!inventory.site(site))
      throw new FarhandError(
        "NOT_FOUND",
        `no site ${site}${meant(
          site,
          inventory.inventory.document.sites.map((known) => known.id),
        )}`,
      );
  }
  const commands = [...(flags.command ?? []), ...(flags.tables ?? []).flatMap(tableCommands)];
  if (flags.kind.includes("run") && commands.length === 0)
    throw new FarhandError("USAGE", "--kind run needs at least one --command, or --tables");
  const signers = [];
  for (const file of flags.key) signers.push(await signerFromFile(cli, flags, file));
  const author = signers[0] && trusted.store.personOf(signers[0].kid);
  if (!author) throw new FarhandError("NO_AUTHOR", "keys.json does not list the first key");
  const policy = policyFor(trusted.store, flags.site);
  const nowSeconds = Math.floor(cli.clock.nowMs() / 1000);
  const grant = readAs(Grant, {
    type: "grant",
    v: 1,
    org: trusted.store.org,
    id: flags.id,
    author: author.id,
    policy: { id: policy.id, version: policy.version },
    keysVersion: trusted.store.keys.document.version,
    sites: [...new Set(flags.site)],
    selectors: [selectorOf(flags, inventory)],
    kinds: [...new Set(flags.kind)],
    commands: [...new Set(commands)],
    rate: { devicesPerMinute: flags.rate },
    ...scheduleOf(flags),
    inventory: inventory.digest,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + flags.days * 86_400,
  });
  const envelope = await signEnvelope("farhand-grant+jws", grant, signers);
  if (flags.out !== undefined) {
    const file = resolve(cli.cwd, flags.out);
    writeFile(file, envelopeBytes(envelope), { mode: 0o644 });
    cli.out.data("grant", { grant, file }, () => `grant ${grant.id} in ${file}`);
    cli.out.next(`farhand grant sign ${flags.out} --key KEYFILE --publish`);
    return undefined;
  }
  // What the hub would refuse is said here, before anything is sent.
  authorise(
    trusted.store,
    signers.map((signer) => signer.kid),
    { author: grant.author, sites: grant.sites, policy, risk: "read" },
  );
  const stored = await client.call("putGrant", { body: envelope });
  cli.out.data(
    "grant",
    { grant, sha256: stored.sha256 },
    () => `grant ${grant.id}: ${grant.kinds.join(", ")} at ${grant.sites.join(", ")} for ${flags.days} days`,
  );
  if (grant.kinds.includes("collect"))
    cli.out.next(`farhand job submit collect --grant ${grant.id} --select site=${grant.sites[0] ?? ""}`);
  return undefined;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const PERIOD = /^(?<count>[1-9]\d{0,4})(?<unit>[mhd])$/v;

function period(value: string): number {
  const found = PERIOD.exec(value)?.groups;
  const unit = found?.["unit"] === "m" ? MINUTE : found?.["unit"] === "h" ? HOUR : DAY;
  const seconds = Number(found?.["count"]) * unit;
  if (!found || seconds < 15 * MINUTE || seconds > 31 * DAY) throw new FarhandError("USAGE", "15m to 31d: 30m, 6h, 1d");
  return seconds;
}

/** Seconds after midnight. */
function timeOfDay(value: string): number {
  const found = /^(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)$/v.exec(value)?.groups;
  if (!found) throw new FarhandError("USAGE", "HH:MM, in UTC");
  return Number(found["hour"]) * HOUR + Number(found["minute"]) * MINUTE;
}

/** What an agent does by its own clock are collects and checks: nobody is there to ask for anything else. */
function scheduleOf(flags: Flags): Pick<Grant, "schedule"> {
  const { every, dailyAt } = flags;
  if (every === undefined && dailyAt === undefined) return {};
  if (every !== undefined && dailyAt !== undefined) throw new FarhandError("USAGE", "--every or --daily-at, not both");
  const kinds = flags.kind.filter((kind) => kind === "collect" || kind === "check");
  if (kinds.length === 0) throw new FarhandError("USAGE", "a schedule needs --kind collect or --kind check");
  const when = { everySeconds: every ?? DAY, offsetSeconds: dailyAt ?? 0 };
  return { schedule: [...new Set(kinds)].map((kind) => ({ kind, ...when })) };
}

function selectorOf(flags: Flags, inventory: ReturnType<typeof requireInventory>): Grant["selectors"][number] {
  if (flags.select === undefined) return {};
  const selection = parseSelector(flags.select);
  if (selection.sites.length > 0)
    throw new FarhandError("USAGE", "a grant's sites are named with --site, not in --select");
  pick({ ...selection, sites: flags.site }, inventory);
  return selection.selector;
}

function policyFor(store: TrustStore, sites: readonly SiteId[]) {
  const policies = sites.map((site) => store.policyOf(site));
  const [first] = policies;
  if (!first || policies.some((policy) => policy?.id !== first.id || policy.version !== first.version)) {
    throw new FarhandError("POLICY_UNKNOWN", "these sites are governed by different policies: make a grant for each");
  }
  return first;
}
