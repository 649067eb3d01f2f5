import { readFileSync } from "node:fs";
import { open, rename, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { FarhandError } from "../shared/errors.ts";
import { KeyId } from "../shared/ids.ts";
import { Epoch } from "../shared/wire/epoch.ts";

/**
 * How far the journal was, kept where a copy of the state folder does not reach. The journal commits first and the mark follows, so a journal
 * that knows less than its mark is an older copy of itself.
 */
export const StateMark = z.strictObject({
  v: z.literal(1),
  /** Whose: a mark that another enrolment left behind says nothing. */
  kid: KeyId,
  epoch: Epoch,
  counter: z.int().min(0),
});
export type StateMark = z.infer<typeof StateMark>;

/** Beside the state folder unless the configuration names a better place. */
export const markPath = (stateDir: string, configured: string | undefined): string =>
  configured ?? `${resolve(stateDir)}.mark`;

/** Null where there is none. Throws STATE_ROLLBACK for one that cannot be understood: what it knew is lost. */
export function readMark(path: string): StateMark | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new FarhandError("STATE_ROLLBACK", `${path} cannot be read`, { cause: error });
  }
  try {
    return StateMark.parse(JSON.parse(text));
  } catch (error) {
    throw new FarhandError("STATE_ROLLBACK", `${path} is not a mark`, { cause: error });
  }
}

/** The epoch that it names, if there is one to be read. */
export function markedEpoch(path: string): string | undefined {
  try {
    return readMark(path)?.epoch;
  } catch {
    return undefined;
  }
}

/** On disk whole, or the one before it. */
export async function writeMark(path: string, mark: StateMark): Promise<void> {
  await synced(await open(`${path}.new`, "w", 0o600), (file) => file.writeFile(`${JSON.stringify(mark)}\n`));
  await rename(`${path}.new`, path);
  if (process.platform !== "win32") await synced(await open(dirname(path), "r"));
}

async function synced(file: FileHandle, write?: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write?.(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
