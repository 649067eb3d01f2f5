import { FarhandError } from "../../shared/errors.ts";
import { programAsRoot } from "../engines/ssh/answer-mark.ts";
import type { SshConnection } from "../engines/ssh/client.ts";
import type { ExecResult } from "../engines/ssh/stream.ts";
import type { LoginChange, OpenOptions, Pending, TransactionToken } from "../types.ts";
import type { PlatformFile } from "../platform.ts";
import { CLEAN, DISARM, FIRE, LOGIN_START, STATUS } from "./frr-scripts.ts";
import { deviceName } from "./recipes.ts";

const BYTES_MAX = 64 * 1024;

/**
 * The account of the host. The undo is a process on the router, as for a change: it puts the old hash back into the shadow file. The
 * password goes to chpasswd on its standard input, never into an argument.
 */
export function linuxLogin(
  file: Pick<PlatformFile, "id">,
  connection: Pick<SshConnection, "exec">,
  { credential, commandMs, signal }: Pick<OpenOptions, "credential" | "commandMs" | "signal">,
): LoginChange {
  const exec = (command: string, stdin: string): Promise<ExecResult> =>
    connection.exec(command, { outputBytesMax: BYTES_MAX, deadlineMs: commandMs, signal, stdin });
  const script = (text: string, token: TransactionToken, ...words: string[]): Promise<ExecResult> =>
    programAsRoot(exec, text, [String(token.data["name"]), ...words]);
  const user = (): string => {
    if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(credential.username))
      throw new FarhandError("TEXT_REFUSED", "the user's name is none of a Linux account");
    return credential.username;
  };
  return {
    begin: ({ id, confirmMs, preImage }) => {
      const seconds = Math.max(5, Math.ceil(confirmMs / 1000));
      const data = { name: deviceName(`login ${id}`), seconds };
      const token = { platform: file.id, id, mode: "merge" as const, confirmMs: seconds * 1000, data };
      return Promise.resolve({ ...token, preImage: preImage.publicDigest });
    },
    arm: async (token) => {
      const { code } = await script(LOGIN_START, token, String(token.data["seconds"]), user());
      if (code !== 0) throw new FarhandError("ARM_FAILED", `the undo timer did not start (${code})`);
    },
    write: async (_token, password) => {
      const value = password.reveal();
      if (!/^[\x21-\x7e]{8,64}$/.test(value)) throw new FarhandError("TEXT_REFUSED", "the password's characters");
      const { code } = await exec(
        "sudo -n env PATH=/usr/sbin:/usr/bin:/sbin:/bin chpasswd -c SHA512",
        `${user()}:${value}\n`,
      );
      if (code !== 0) throw new FarhandError("COMMAND_REFUSED", `chpasswd ended with ${code}`);
    },
    pending: async (token): Promise<Pending> => {
      const status = (await script(STATUS, token)).stdout.trim();
      if (status === "armed" || status === "other" || status === "none") return status;
      return status === "done" || status === "disarmed" ? "none" : "unknown";
    },
    confirm: async (token) => {
      if ((await script(DISARM, token)).code !== 0)
        throw new FarhandError("COMMAND_REFUSED", "the undo timer has fired already");
    },
    revert: async (token) => {
      const { code } = await script(FIRE, token, String(Math.max(1, Math.floor(commandMs / 1000) - 1)));
      if (code === 4) throw new FarhandError("COMMAND_TIMEOUT", "the undo is still at work");
      if (code !== 0) throw new FarhandError("REVERT_FAILED", `the old password was not put back (${code})`);
    },
    save: () => Promise.resolve(),
    cleanup: async (token) => void (await script(CLEAN, token)),
  };
}
