import { buildCommand } from "@stricli/core";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { jcs, toBase64url } from "../../../shared/bytes.ts";
import { ChangeMode, Manifest, TEXT_SOURCE } from "../../../shared/documents/manifest.ts";
import { readAs } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, PlatformId, type JobId } from "../../../shared/ids.ts";
import { checkGrantScope } from "../../../shared/verify/grant-scope.ts";
import { verifyGrant } from "../../../shared/verify/work.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { confirmFlag, deadlineFlags, wholeDeadlines, type DeadlineFlags } from "../deadlines.ts";
import { as, hubFlags, keyFlags, neededText, optionalText, type HubFlags, type KeyFlags } from "../flags.ts";
import { readVerifications } from "../plan/inputs.ts";
import type { PlanRecord } from "../plan/record.ts";
import { renderTexts } from "../plan/texts.ts";
import { parseSelector, pick } from "../select.ts";
import { readText, statePath } from "../settings.ts";
import { requireInventory } from "../trust/load.ts";
import { standing, writeBrought } from "./brought.ts";
import { writeDraft } from "./kit.ts";

interface Flags extends HubFlags, KeyFlags, DeadlineFlags {
  readonly kit: string;
  readonly agent?: AgentId;
  readonly reason: string;
  readonly template: string;
  readonly vars?: string;
  readonly select?: string;
  readonly mode: ChangeMode;
  readonly verify?: string;
  readonly title?: string;
  readonly acceptSimulated?: readonly PlatformId[];
  readonly out: string;
}

/** One manifest goes home in one record of the agent's. */
const DEVICES_MAX = 50;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const HOUR_SECONDS = 3_600;

export const draftPath = (cli: Cli, job: JobId): string => statePath(cli, "breakglass", `${job}.json`);
export const planJobOf = (job: JobId): JobId => `${job}-plan` as JobId;

export const breakglassPlan = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Have an agent plan by hand, where the hub is dead",
    [
      "farhand breakglass plan --kit ams-night.kit --reason 'hub and uplink down' --template fix.j2 --select device=ams-r1 --key oli.key.json --out plan.bundle",
    ],
    "Needs no hub: the kit has what others signed. On the agent's host: farhand-agent import plan.bundle, then farhand-agent plan JOB --out\n" +
      "plan.json. A plan only reads, and may be asked for again; the break-glass is not used up by it.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      kit: neededText("What farhand breakglass carry wrote", "KIT"),
      agent: {
        kind: "parsed",
        parse: as(AgentId),
        brief: "Which agent of the site; the first in the break-glass",
        placeholder: "AGENT",
        optional: true,
      },
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
      out: neededText("Bundle to write; never over another file", "BUNDLE"),
    },
  },
  func: command(plan),
});

async function plan(cli: Cli, flags: Flags) {
  const at = await standing(cli, flags);
  const { held, trusted, kit, person, agent } = at;
  const { site, id } = held.breakglass;
  const inventory = requireInventory(trusted);
  const devices = pick(parseSelector([`site=${site}`, flags.select ?? ""].join(",")), inventory);
  if (devices.length > DEVICES_MAX) throw new FarhandError("BREAKGLASS", `by hand at most ${DEVICES_MAX} devices`);
  const nowMs = cli.clock.nowMs();
  const time = { nowMs, errorMs: 0, floorMs: 0 };
  const { grant, digest } = await verifyGrant({ authority: kit.grant }, { trust: trusted.store, time });
  const rendered = await renderTexts(cli, flags, devices, inventory);
  const verify =
    flags.verify === undefined ? [] : readVerifications(flags.verify, readText(resolve(cli.cwd, flags.verify)));

  const job = `bg-${Buffer.from(randomBytes(6)).toString("hex")}` as JobId;
  const deadlines = wholeDeadlines(flags);
  const texts = rendered.map(({ device, ref }) => ({ device, source: TEXT_SOURCE, text: ref }));
  const manifest = readAs(Manifest, {
    type: "manifest",
    v: 1,
    org: trusted.store.org,
    salt: toBase64url(new Uint8Array(randomBytes(16))),
    job: planJobOf(job),
    site,
    agents: [agent],
    inventory: inventory.digest,
    platforms: {},
    deadlines,
    outputBytesMax: OUTPUT_BYTES_MAX,
    tasks: texts.map((entry) => ({ kind: "plan", mode: flags.mode, verify, ...entry })),
  });
  checkGrantScope(grant, manifest, inventory);
  const record: PlanRecord = {
    schema: "farhand.plan-record/1",
    job,
    author: person.id,
    title: flags.title ?? `Break-glass ${id} at ${site}`,
    reason: flags.reason,
    inventory: inventory.digest,
    mode: flags.mode,
    drift: "exact",
    verify,
    accepts: { levelE: [], simulatedEvidence: [...(flags.acceptSimulated ?? [])] },
    attemptsMax: 1,
    standbys: [],
    waves: null,
    texts,
  };
  const bytes = rendered.map((entry) => entry.bytes);
  const iat = Math.floor(nowMs / 1000);
  const bundle = resolve(cli.cwd, flags.out);
  const index = await writeBrought(bundle, at, {
    authority: "grant",
    payload: digest,
    envelope: kit.grant,
    manifest: jcs(manifest),
    texts: bytes,
    iat,
    exp: iat + HOUR_SECONDS,
  });
  writeDraft(draftPath(cli, job), { record, deadlines: { ...deadlines }, texts: bytes });
  cli.out.data(
    "breakglass-plan",
    { file: bundle, sha256: index, job, planJob: planJobOf(job), agent, devices: devices.map((device) => device.id) },
    () => `${flags.out}: ${devices.length} devices, job ${planJobOf(job)}, for ${agent}`,
  );
  cli.out.next(
    `on ${agent}: farhand-agent import ${flags.out}; farhand-agent plan ${planJobOf(job)} --out plan.json; then here: farhand breakglass bundle --kit ${flags.kit} --plan plan.json --key KEYFILE --out change.bundle`,
  );
  return undefined;
}
