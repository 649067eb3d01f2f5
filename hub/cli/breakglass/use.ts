import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { ChangeMode, TEXT_SOURCE } from "../../../shared/documents/manifest.ts";
import { checkEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { BreakglassId, GrantId, PlatformId, SiteId } from "../../../shared/ids.ts";
import type { Person } from "../../../shared/documents/keys.ts";
import { verifyBreakglass, type VerifiedBreakglass } from "../../../shared/verify/breakglass.ts";
import type { HubClient } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { confirmFlag, deadlineFlags, type DeadlineFlags } from "../deadlines.ts";
import { EXIT } from "../exit.ts";
import { as, hubFlags, keyFlags, neededText, optionalText, waitFlag, type HubFlags, type KeyFlags } from "../flags.ts";
import { watchToEnd } from "../job/watch.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { readVerifications } from "../plan/inputs.ts";
import { reportPlan } from "../plan/report.ts";
import { planned } from "../plan/submit.ts";
import { renderTexts, upload } from "../plan/texts.ts";
import { openReview } from "../review/open.ts";
import { reviewText } from "../review/render.ts";
import { personFor, signExactly } from "../review/sign.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf, readText } from "../settings.ts";
import { confirm } from "../terminal/confirm.ts";
import { loadTrust, requireInventory, type Trusted } from "../trust/load.ts";
import { usesOf } from "./list.ts";

interface Flags extends HubFlags, KeyFlags, DeadlineFlags {
  readonly reason: string;
  readonly template: string;
  readonly vars?: string;
  readonly select?: string;
  readonly mode: ChangeMode;
  readonly verify?: string;
  readonly title?: string;
  readonly id?: BreakglassId;
  readonly grant?: GrantId;
  readonly acceptSimulated?: readonly PlatformId[];
  readonly wait: number;
  readonly yes: boolean;
}

export const breakglassUse = buildCommand<Flags, [SiteId], CliContext>({
  docs: docs(
    "Change devices of a site alone, under a break-glass",
    [
      "farhand breakglass use ams --reason 'uplink down' --template fix.j2 --key oli.key.json --verify bgp.yaml --yes --no-input",
      "farhand breakglass ams --reason 'uplink down, peer moved' --template fix.j2 --select device=ams-r1 --key oli.key.json",
    ],
    "Plans, shows the review, asks, signs with your one key, and watches. It is used up by the first change that the agent accepts.\n" +
      "Everybody will see it: in the job, in the receipt and in the audit log, with your reason.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      reason: neededText("Why, for everybody who asks later", "TEXT"),
      template: neededText("Jinja template of the configuration text", "FILE.j2"),
      vars: optionalText("Variables in YAML", "FILE.yaml"),
      select: optionalText("Only these devices of the site: device=r1,tag.role=edge", "SELECTOR"),
      mode: {
        kind: "enum",
        values: ChangeMode.options,
        brief: "merge adds the text; replace makes it the whole configuration",
        default: "merge",
      },
      verify: optionalText("Checks after the change, in YAML", "FILE.yaml"),
      title: optionalText("What it is, in one line", "TEXT"),
      id: {
        kind: "parsed",
        parse: as(BreakglassId),
        brief: "Which one; of those that are ready the one that ends first",
        placeholder: "ID",
        optional: true,
      },
      grant: {
        kind: "parsed",
        parse: as(GrantId),
        brief: "Grant under which the agent reads and plans; the first that allows it",
        placeholder: "GRANT",
        optional: true,
      },
      acceptSimulated: {
        kind: "parsed",
        parse: as(PlatformId),
        brief: "Accept a driver proved on simulators only",
        placeholder: "PLATFORM",
        variadic: true,
        optional: true,
      },
      ...deadlineFlags,
      confirmSeconds: confirmFlag,
      wait: waitFlag("Seconds to wait for the plan", 300),
      yes: { kind: "boolean", brief: "Sign without asking", default: false, withNegated: false },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(SiteId), brief: "Site", placeholder: "SITE" }] },
  },
  func: command(use),
});

async function use(cli: Cli, flags: Flags, site: SiteId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const inventory = requireInventory(trusted);
  const devices = pick(parseSelector([`site=${site}`, flags.select ?? ""].join(",")), inventory);
  const signer = await signerFromFile(cli, flags, flags.key);
  const person = trusted.store.personOf(signer.kid);
  if (!person) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key, or it is revoked");
  const held = await choose(cli, client, trusted, { site, person, id: flags.id });
  const grant = flags.grant ?? (await grantFor(cli, client, site));
  const verify =
    flags.verify === undefined ? [] : readVerifications(flags.verify, readText(resolve(cli.cwd, flags.verify)));
  const rendered = await renderTexts(cli, flags, devices, inventory);
  await upload(client, rendered);

  const title = flags.title ?? `Break-glass ${held.breakglass.id} at ${site}`;
  const asked = { ...flags, title, author: person.id, grant };
  const { view, record } = await planned(cli, client, asked, {
    mode: flags.mode,
    drift: "exact",
    texts: rendered.map(({ device, ref }) => ({ device, source: TEXT_SOURCE, text: ref })),
    verify,
    waves: null,
    inventory: inventory.digest,
    breakglass: held.digest,
  });
  if (view.state !== "PENDING_APPROVAL")
    return reportPlan(cli, client, view, { devices: devices.map((device) => device.id), record });

  const opened = await openReview(cli, flags, view.id);
  if (opened.review.breakglass?.digest !== held.digest)
    throw new FarhandError("RECEIPT_MISMATCH", "the warrant names another break-glass than was asked for");
  cli.out.note(reviewText(opened.review, cli.out.noteStyle));
  if (!(await confirm(cli, flags, `Use break-glass ${held.breakglass.id} for this, alone?`))) {
    await client.call("cancelJob", { params: { id: view.id }, body: { reason: "not signed" } });
    return EXIT.canceled;
  }
  personFor(signer, opened);
  await client.call("addSignatures", { params: { id: view.id }, body: await signExactly(opened, signer) });
  cli.out.note(cli.out.noteStyle.red(`BREAK-GLASS ${held.breakglass.id} is being used by ${person.id}`));
  return watchToEnd(cli, client, view.id, 0);
}

/** One that holds, names this person, and that the hub knows of no use of; the agent's journal has the last word. */
async function choose(
  cli: Cli,
  client: HubClient,
  trusted: Trusted,
  want: { readonly site: SiteId; readonly person: Person; readonly id: BreakglassId | undefined },
): Promise<VerifiedBreakglass> {
  const { site, person, id } = want;
  const { breakglass: views } = await client.call("listBreakglass", {});
  const ready: VerifiedBreakglass[] = [];
  const reasons: string[] = [];
  for (const view of views) {
    try {
      const time = { nowMs: cli.clock.nowMs(), errorMs: 0, floorMs: 0 };
      const held = await verifyBreakglass(checkEnvelope(view.envelope), { trust: trusted.store, time });
      const { breakglass } = held;
      if (breakglass.site !== site || (id !== undefined && breakglass.id !== id)) continue;
      if (!breakglass.oncall.includes(person.id)) reasons.push(`${breakglass.id} does not name ${person.id}`);
      else if (id === undefined && usesOf(view).length > 0) reasons.push(`${breakglass.id} was used`);
      else ready.push(held);
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      reasons.push(`${view.sha256.slice(0, 12)}: ${error.code}`);
    }
  }
  const [first] = ready.toSorted((a, b) => a.breakglass.exp - b.breakglass.exp);
  if (first) return first;
  throw new FarhandError(
    "BREAKGLASS",
    `none is ready for ${person.id} at ${site}${reasons.length > 0 ? `: ${reasons.slice(0, 8).join("; ")}` : ""}`,
  );
}

async function grantFor(cli: Cli, client: HubClient, site: SiteId): Promise<GrantId> {
  const { grants } = await client.call("listGrants", {});
  const nowSeconds = cli.clock.nowMs() / 1000;
  const found = grants.find(
    ({ grant }) =>
      grant.kinds.includes("plan") && grant.sites.includes(site) && grant.nbf <= nowSeconds && grant.exp > nowSeconds,
  );
  if (found) return found.grant.id;
  throw new FarhandError("NOT_FOUND", `no grant lets the agent at ${site} plan: give one with --grant`);
}
