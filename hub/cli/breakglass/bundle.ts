import { buildCommand } from "@stricli/core";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { fromBase64url, jcs, sha256, toBase64url, type Bytes } from "../../../shared/bytes.ts";
import { Deadlines, Manifest, type ChangeTask } from "../../../shared/documents/manifest.ts";
import { PlanReceipt, type PlannedDevice } from "../../../shared/documents/receipt.ts";
import { Warrant } from "../../../shared/documents/warrant.ts";
import { peekPayload, readAs } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { JobId, type Digest } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { taskFrom } from "../review/check-task.ts";
import { derive } from "../review/derive.ts";
import { Receipts } from "../review/receipts.ts";
import { reviewText } from "../review/render.ts";
import { signExactly } from "../review/sign.ts";
import { confirm } from "../terminal/confirm.ts";
import { requireInventory } from "../trust/load.ts";
import { standing, writeBrought, type Standing } from "./brought.ts";
import { readBroughtPlan, readDraft, type Draft } from "./kit.ts";
import { draftPath, planJobOf } from "./plan.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly kit: string;
  readonly plan: string;
  readonly out: string;
  readonly yes: boolean;
}

const needed = (brief: string, placeholder: string) => ({ kind: "parsed", parse: text, brief, placeholder }) as const;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export const breakglassBundle = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Sign the planned change alone and write it for the agent, where the hub is dead",
    [
      "farhand breakglass bundle --kit ams-night.kit --plan plan.json --key oli.key.json --out change.bundle",
      "farhand breakglass bundle --kit ams-night.kit --plan plan.json --key oli.key.json --out change.bundle --yes --no-input",
    ],
    "Shows the review of what farhand breakglass plan asked for on this machine and the agent planned, asks, and signs. On the agent's host:\n" +
      "farhand-agent import change.bundle. The agent takes it once; the hub hears of it when it is there again.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      kit: needed("What farhand breakglass carry wrote", "KIT"),
      plan: needed("What farhand-agent plan wrote", "PLAN.json"),
      out: needed("Bundle to write; never over another file", "BUNDLE"),
      yes: { kind: "boolean", brief: "Sign without asking", default: false, withNegated: false },
    },
  },
  func: command(bundle),
});

async function bundle(cli: Cli, flags: Flags) {
  const { plan, texts } = readBroughtPlan(resolve(cli.cwd, flags.plan));
  // Only to find the draft and the agent: it is believed once its signature is checked against these two.
  const claimed = readAs(PlanReceipt, peekPayload(plan));
  const job = JobId.parse(claimed.job.replace(/-plan$/, ""));
  const draft = readDraft(draftPath(cli, job));
  const { record } = draft;
  const at = await standing(cli, { ...flags, agent: claimed.agent });
  const { trusted, held, kit, signer, person } = at;
  if (record.author !== person.id) throw new FarhandError("BREAKGLASS", `${record.author} asked for this plan`);
  const inventory = requireInventory(trusted);
  const claim = { job: planJobOf(job), inventory: inventory.digest };
  // Opened and verified before anything of it is used.
  await Receipts.open([plan], trusted, claim);
  const digest = sha256(fromBase64url(plan.payload));
  const made = makeChange(draft, at, { receipt: claimed, digest }, cli.clock.nowMs());

  const blobs = new Map<Digest, Bytes>([...texts, ...draft.texts.map((bytes) => [sha256(bytes), bytes] as const)]);
  const shown = {
    job,
    trust: kit.trust,
    blobs,
    warrant: {
      payload: toBase64url(jcs(made.warrant)),
      signatures: [],
      breakglass: kit.breakglass,
      manifests: [toBase64url(made.manifest)],
      plans: [plan],
    },
  };
  const nowMs = cli.clock.nowMs();
  const review = await derive(shown, trusted, { job, nowMs, record, plannedAs: claim.job });
  if (review.refusals.length > 0) throw new FarhandError("BREAKGLASS", review.refusals.join("; ").slice(0, 400));
  cli.out.note(reviewText(review, cli.out.noteStyle));
  if (!(await confirm(cli, flags, `Use break-glass ${held.breakglass.id} for this, alone?`))) return EXIT.canceled;
  const envelope = await signExactly({ bundle: shown, trusted, review, client: undefined }, signer);
  const file = resolve(cli.cwd, flags.out);
  const index = await writeBrought(file, at, {
    authority: "warrant",
    payload: review.digest,
    envelope,
    manifest: made.manifest,
    texts: namedBy(made.tasks, blobs),
    iat: made.warrant.iat,
    exp: made.warrant.exp,
  });
  const devices = made.tasks.map((task) => task.device);
  cli.out.data(
    "breakglass-bundle",
    { file, sha256: index, job, warrantSha256: review.digest, agent: at.agent, devices, until: made.warrant.exp },
    () => `${flags.out}: BREAK-GLASS ${held.breakglass.id}, ${devices.join(", ")}, for ${at.agent}`,
  );
  cli.out.next(`on ${at.agent}: farhand-agent import ${flags.out}; farhand-agent jobs`);
  return undefined;
}

interface Made {
  readonly manifest: Bytes;
  readonly tasks: readonly ChangeTask[];
  readonly warrant: Warrant;
}

function makeChange(draft: Draft, at: Standing, plan: { receipt: PlanReceipt; digest: Digest }, nowMs: number): Made {
  const { record } = draft;
  const { trusted, held, agent } = at;
  const { breakglass, digest: breakglassSha256 } = held;
  const failed = plan.receipt.devices.flatMap((device) => (device.ok ? [] : [`${device.device}: ${device.code}`]));
  if (failed.length > 0) throw new FarhandError("PLAN_INCOMPLETE", failed.join(", ").slice(0, 400));
  const planned = plan.receipt.devices.filter((device): device is PlannedDevice => device.ok);
  const isDestructive = planned.some(({ warnings }) => warnings.some(({ code }) => code === "DESTRUCTIVE"));
  if (isDestructive) throw new FarhandError("BREAKGLASS", "it covers a change, and nothing destructive");
  const { drift, verify } = record;
  const tasks = planned.map((device) => taskFrom(device, { drift, verify, plan: plan.digest }));
  const inventory = requireInventory(trusted);
  const manifest = jcs(
    readAs(Manifest, {
      type: "manifest",
      v: 1,
      org: trusted.store.org,
      salt: toBase64url(new Uint8Array(randomBytes(16))),
      job: record.job,
      site: breakglass.site,
      agents: [agent],
      inventory: inventory.digest,
      platforms: Object.fromEntries(planned.map((device) => [device.platform, device.platformDigest])),
      deadlines: readAs(Deadlines, draft.deadlines),
      outputBytesMax: OUTPUT_BYTES_MAX,
      tasks,
    }),
  );
  const iat = Math.floor(nowMs / 1000);
  const warrant = readAs(Warrant, {
    type: "warrant",
    v: 1,
    org: trusted.store.org,
    job: record.job,
    kind: "change",
    title: record.title,
    reason: record.reason,
    author: record.author,
    policy: breakglass.policy,
    keysVersion: trusted.store.keys.document.version,
    inventory: inventory.digest,
    risk: "change",
    sites: [breakglass.site],
    iat,
    nbf: iat,
    exp: Math.min(iat + breakglass.useSecondsMax, breakglass.exp),
    attemptsMax: 1,
    breakglass: breakglassSha256,
    accepts: record.accepts,
    waves: [{ notBefore: iat, manifests: [0] }],
    manifests: [sha256(manifest)],
  });
  return { manifest, tasks, warrant };
}

function namedBy(tasks: readonly ChangeTask[], blobs: ReadonlyMap<Digest, Bytes>): Bytes[] {
  const digests = new Set(tasks.flatMap((task) => [task.text.sha256, task.diff.sha256, task.commands.sha256]));
  return [...digests].map((digest) => {
    const bytes = blobs.get(digest);
    if (!bytes) throw new FarhandError("BUNDLE_INCOMPLETE", digest);
    return bytes;
  });
}
