import type { CommandChannel } from "../engines/channel.ts";
import type { SshConnection } from "../engines/ssh/client.ts";
import type { PlatformFile } from "../platform.ts";
import type { Configuration, OpenOptions } from "../types.ts";
import { FrrReloadUndo } from "./frr-reload.ts";
import type { Undo } from "./undo.ts";

export type UndoHook = (
  file: PlatformFile,
  cli: CommandChannel,
  connection: SshConnection,
  options: OpenOptions,
  configuration: (raw: string) => Configuration,
) => Undo;

/** Code that platform files name where their transaction is more than instruction lists. */
export const hooks: Readonly<Record<string, UndoHook>> = {
  "frr-reload": (file, cli, connection, { signal, commandMs, clock }, configuration) =>
    new FrrReloadUndo({ file, cli, connection, signal, commandMs, clock, configuration }),
};
