import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { FarhandError } from "../../shared/errors.ts";
import { readPolicyText, type LocalPolicy } from "./document.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

const refuse = (detail: string, cause?: unknown): never => {
  throw new FarhandError("LOCAL_POLICY_FILE", detail, { cause });
};

/**
 * Reads the file if only root and the agent's own user can have written it: it, its folder and each folder above. Where there are no such
 * owners (Windows) the folder's access list has to see to that. Checked on the open file, and read through the same descriptor.
 */
export function readPolicyFile(path: string): LocalPolicy {
  const text = readOwnFile(path);
  try {
    return readPolicyText(text);
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    return refuse(`${path} cannot be read: ${reasonOf(error)}`, error);
  }
}

/** The text of a file of the host's owner, under the same conditions. LOCAL_POLICY_FILE. */
export function readOwnFile(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    return refuse(`${path} cannot be opened: ${reasonOf(error)}`, error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) refuse(`${path} is not a file`);
    requireOwn(path, stat);
    for (let folder = realpathSync(dirname(path)); ; folder = dirname(folder)) {
      requireOwn(folder, statSync(folder));
      if (dirname(folder) === folder) break;
    }
    if (stat.size > FILE_BYTES_MAX) refuse(`${path} is larger than 1 MiB`);
    const bytes = Buffer.alloc(stat.size);
    if (readSync(fd, bytes, 0, bytes.length, 0) !== bytes.length) refuse(`${path} was cut while it was read`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    return refuse(`${path} cannot be read: ${reasonOf(error)}`, error);
  } finally {
    closeSync(fd);
  }
}

/** Whether a file that stops everything stands there. What cannot be told counts as yes. */
export function stands(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return reasonOf(error) !== "ENOENT";
  }
}

function requireOwn(path: string, stat: Stats): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  if (stat.uid !== 0 && stat.uid !== user) refuse(`${path} belongs to another user`);
  // In a sticky folder nobody moves or removes what is another's.
  const isGuarded = stat.isDirectory() && (stat.mode & STICKY) !== 0;
  if ((stat.mode & OTHERS_WRITE) !== 0 && !isGuarded)
    refuse(`${path} can be written by others (mode ${(stat.mode & 0o777).toString(8)})`);
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "not readable";
