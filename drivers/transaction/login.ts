import { FarhandError } from "../../shared/errors.ts";
import type { PlatformFile } from "../platform.ts";
import type { LoginChange, TransactionToken } from "../types.ts";
import { substitute } from "../engines/answers.ts";
import type { Undo } from "./undo.ts";

/** A local user of the device's own configuration: the password is a line of it, under the timer that undoes any line. */
export function configuredLogin(
  file: PlatformFile,
  undo: Undo,
  username: string,
  commands: readonly string[],
): LoginChange {
  return {
    begin: async ({ id, confirmMs, preImage }): Promise<TransactionToken> => {
      const start = { id, mode: "merge", confirmMs, preImage, text: "", comment: "" } as const;
      const data = await undo.begin(start);
      return {
        platform: file.id,
        id,
        mode: "merge",
        confirmMs: undo.timer(confirmMs),
        preImage: preImage.publicDigest,
        data,
      };
    },
    arm: (token) => undo.arm(token),
    write: async (token, password) => {
      const value = password.reveal();
      // One that the CLI would read as something else must not be half typed.
      if (!/^[\x21-\x7e]{8,64}$/.test(value) || /[?\\"'`{}^]/.test(value))
        throw new FarhandError("TEXT_REFUSED", "the password holds a character that this CLI does not take");
      if (!/^[\w.@-]{1,64}$/.test(username)) throw new FarhandError("TEXT_REFUSED", "the user's name");
      await undo.apply(
        token,
        commands.map((command) => substitute(command, { username, password: value })),
      );
    },
    pending: (token) => undo.pending(token),
    confirm: (token) => undo.confirm(token),
    revert: (token) => undo.revert(token),
    save: (token) => undo.save(token),
    cleanup: (token) => undo.cleanup(token),
  };
}
