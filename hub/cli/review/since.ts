import { existsSync } from "node:fs";
import { z } from "zod";
import { jcs, sha256 } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId, Digest, JobId, PersonId } from "../../../shared/ids.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { readText, statePath } from "../settings.ts";
import type { Review } from "./derive.ts";
import { keyOf } from "./groups.ts";

/**
 * What this person saw when they last reviewed the job, or an earlier job of the same title and author: after a plan was made again nobody should
 * have to read four hundred devices to find the two that differ. Kept on this machine; a hub has no say in it.
 */
const Remembered = z.strictObject({
  schema: z.literal("farhand.reviewed/1"),
  job: JobId,
  warrant: Digest,
  atMs: z.int(),
  signed: z.array(PersonId),
  /** By device: what was shown of it, and the configuration that it was planned on. */
  devices: z.record(DeviceId, z.strictObject({ shown: Digest, preImage: Digest.nullable() })),
});
type Remembered = z.infer<typeof Remembered>;

export interface Since {
  readonly job: JobId;
  readonly atMs: number;
  readonly sameBytes: boolean;
  /** Shown otherwise than then. */
  readonly changed: readonly DeviceId[];
  /** Shown as then, but planned on another configuration: somebody changed the device in between. */
  readonly replanned: readonly DeviceId[];
  readonly added: readonly DeviceId[];
  readonly gone: readonly DeviceId[];
  readonly signedSince: readonly PersonId[];
}

type Place = Pick<CliContext, "env" | "home">;

const ofJob = (cli: Place, job: JobId): string => statePath(cli, "reviews", `${job}.json`);
/** A title is anybody's text: its digest is the file's name. */
const ofTitle = (cli: Place, { warrant }: Review): string =>
  statePath(cli, "reviews", `title-${sha256(jcs([warrant.org, warrant.author, warrant.title]))}.json`);

/** Null where this person has not seen it before. */
export function sinceLastReview(cli: Place, review: Review): Since | null {
  const before = read(ofJob(cli, review.warrant.job)) ?? read(ofTitle(cli, review));
  return before === undefined ? null : compare(before, remembered(review, 0));
}

export function rememberReview(cli: Place, review: Review, nowMs: number): void {
  const text = `${JSON.stringify(remembered(review, nowMs))}\n`;
  writeFile(ofJob(cli, review.warrant.job), text);
  writeFile(ofTitle(cli, review), text);
}

function remembered(review: Review, atMs: number): Remembered {
  const { signing } = review;
  return {
    schema: "farhand.reviewed/1",
    job: review.warrant.job,
    warrant: review.digest,
    atMs,
    signed: [...(signing.author.signed ? [signing.author.id] : []), ...signing.approvers],
    devices: Object.fromEntries(
      review.targets.map((target) => [
        target.device,
        { shown: keyOf(target), preImage: target.change?.task.preImage ?? null },
      ]),
    ),
  };
}

function compare(before: Remembered, now: Remembered): Since {
  const ids = Object.keys(now.devices).map((device) => DeviceId.parse(device));
  const held = ids.filter((device) => before.devices[device] !== undefined);
  const changed = held.filter((device) => before.devices[device]?.shown !== now.devices[device]?.shown);
  return {
    job: before.job,
    atMs: before.atMs,
    sameBytes: before.warrant === now.warrant,
    changed,
    replanned: held.filter(
      (device) => !changed.includes(device) && before.devices[device]?.preImage !== now.devices[device]?.preImage,
    ),
    added: ids.filter((device) => before.devices[device] === undefined),
    gone: Object.keys(before.devices)
      .map((device) => DeviceId.parse(device))
      .filter((device) => now.devices[device] === undefined),
    // Signatures of other bytes say nothing about these.
    signedSince: before.warrant === now.warrant ? now.signed.filter((person) => !before.signed.includes(person)) : [],
  };
}

function read(path: string): Remembered | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return Remembered.parse(JSON.parse(readText(path)));
  } catch (error) {
    throw new FarhandError("IO", `${path}: not understood; remove it to review without it`, { cause: error });
  }
}
