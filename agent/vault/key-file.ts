import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { FarhandError } from "../../shared/errors.ts";

export const KEY_BYTES = 32;
const KEY_FILE_BYTES_MAX = 4096;

/** A key file is the agent's alone, mode 0400. systemd hands over a file of its own, which others may not read either. */
type Owner = "agent" | "systemd";

/** The mode is checked on the open file, not on its path, and the file is read through the same descriptor. */
export function readKeyFile(path: string, owner: Owner): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new FarhandError("VAULT_LOCKED", path, { cause: error });
  }
  try {
    const stat = fstatSync(fd);
    // systemd gives the unit's user its access by an ACL, whose mask shows as the group's bits; the owner may be root.
    const tooOpen = owner === "systemd" ? 0o137 : 0o377;
    if (!stat.isFile() || (stat.mode & tooOpen) !== 0)
      throw new FarhandError("VAULT_KEY_MODE", `${path} has mode ${(stat.mode & 0o777).toString(8)}`);
    const user = process.getuid?.();
    if (user !== undefined && stat.uid !== user && !(owner === "systemd" && stat.uid === 0))
      throw new FarhandError("VAULT_KEY_MODE", `${path} belongs to another user`);
    if (stat.size < KEY_BYTES || stat.size > KEY_FILE_BYTES_MAX)
      throw new FarhandError("VAULT_LOCKED", `${path} must hold ${KEY_BYTES} to ${KEY_FILE_BYTES_MAX} bytes`);
    const bytes = Buffer.alloc(stat.size);
    const got = readSync(fd, bytes, 0, bytes.length, 0);
    if (got !== bytes.length) throw new FarhandError("VAULT_LOCKED", `${path} was cut while it was read`);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** On disk before anything is sealed under it. Never over a file that is there. */
export function makeKeyFile(path: string): void {
  const fd = openSync(path, "wx", 0o400);
  try {
    writeSync(fd, randomBytes(KEY_BYTES));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  chmodSync(path, 0o400);
}
