import { resolve } from "node:path";
import type { Accepted } from "../../../shared/documents/accepted.ts";
import type { Checks } from "../../../shared/documents/checks.ts";
import type { Verification } from "../../../shared/documents/common.ts";
import type { ChangeMode, DriftMode, Source, TextRef } from "../../../shared/documents/manifest.ts";
import type { AgentId, DeviceId, Digest, GrantId, PersonId, PlatformId } from "../../../shared/ids.ts";
import type { HubClient, InputOf, JobView } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { deadlinesOf, type DeadlineFlags } from "../deadlines.ts";
import type { HubFlags } from "../flags.ts";
import { followJob } from "../job/follow.ts";
import type { WaveLine } from "./inputs.ts";
import { recordPath, writeRecord, type PlanRecord } from "./record.ts";
import { reportPlan } from "./report.ts";

/** What every plan of a change is asked with, whatever its texts are. */
export interface PlanFlags extends HubFlags, DeadlineFlags {
  readonly author: PersonId;
  readonly grant: GrantId;
  readonly title: string;
  readonly reason?: string;
  readonly notBefore?: number;
  readonly lifetimeHours?: number;
  readonly attempts?: number;
  readonly standby?: readonly AgentId[];
  readonly acceptLevelE?: readonly DeviceId[];
  readonly acceptSimulated?: readonly PlatformId[];
  readonly accept?: readonly Accepted[];
  readonly record?: string;
  readonly wait: number;
}

export interface PlannedChange {
  readonly mode: ChangeMode;
  readonly drift: DriftMode;
  readonly texts: readonly { readonly device: DeviceId; readonly source: Source; readonly text: TextRef }[];
  readonly verify: readonly Verification[];
  readonly checks?: Checks | undefined;
  readonly waves: readonly WaveLine[] | null;
  readonly inventory: Digest;
  /** What lets its author, who is on call, sign alone. */
  readonly breakglass?: Digest;
}

/** Has the agents plan a change, and tells what they found. */
export async function submitPlan(cli: Cli, client: HubClient, flags: PlanFlags, change: PlannedChange) {
  const { view, record } = await planned(cli, client, flags, change);
  return reportPlan(cli, client, view, { devices: change.texts.map(({ device }) => device), record });
}

/** Has the agents plan a change whose texts the hub holds, and remembers what was asked for. */
export async function planned(
  cli: Cli,
  client: HubClient,
  flags: PlanFlags,
  change: PlannedChange,
): Promise<{ readonly view: JobView; readonly record: string }> {
  const { mode, drift, waves, inventory } = change;
  const texts = [...change.texts];
  const verify = [...change.verify];
  const accepts = { levelE: [...(flags.acceptLevelE ?? [])], simulatedEvidence: [...(flags.acceptSimulated ?? [])] };
  const body: InputOf<"submitJob">["body"] = {
    kind: "change",
    title: flags.title,
    reason: flags.reason ?? "",
    author: flags.author,
    grant: flags.grant,
    drift,
    mode,
    texts,
    verify,
    ...(change.checks && { checks: change.checks }),
    ...(flags.accept !== undefined && { accepted: [...flags.accept] }),
    accepts,
    ...deadlinesOf(flags),
    ...(change.breakglass !== undefined && { breakglass: change.breakglass }),
    ...(waves && {
      waves: waves.map((wave) => ({
        devices: [...wave.devices],
        ...(wave.notBefore !== null && { notBefore: wave.notBefore }),
      })),
    }),
    ...(flags.notBefore !== undefined && { notBefore: flags.notBefore }),
    ...(flags.lifetimeHours !== undefined && { lifetimeSeconds: flags.lifetimeHours * 3_600 }),
    ...(flags.attempts !== undefined && { attemptsMax: flags.attempts }),
    ...(flags.standby !== undefined && { standbys: [...flags.standby] }),
  };
  const job = await client.submit(body);
  const record: PlanRecord = {
    schema: "farhand.plan-record/1",
    job: job.id,
    author: flags.author,
    title: flags.title,
    reason: flags.reason ?? "",
    inventory,
    mode,
    drift,
    verify,
    ...(change.checks && { checks: change.checks }),
    ...(flags.accept !== undefined && { accepted: [...flags.accept] }),
    accepts,
    attemptsMax: flags.attempts ?? null,
    standbys: [...(flags.standby ?? [])],
    waves: waves?.map((wave) => ({ devices: [...wave.devices], notBefore: wave.notBefore })) ?? null,
    texts,
  };
  const path = flags.record === undefined ? recordPath(cli, job.id) : resolve(cli.cwd, flags.record);
  writeRecord(path, record);
  cli.out.note(`job ${job.id}: planning on ${texts.length} devices`);
  const view = await followJob(cli, client, {
    job: job.id,
    until: (state) => state !== "DRAFT",
    waitMs: flags.wait * 1000,
  });
  return { view, record: path };
}
