import { parse as parseYaml } from "yaml";
import { jcs, sha256 } from "../shared/bytes.ts";
import { FarhandError } from "../shared/errors.ts";
import { Cli } from "./engines/cli/cli.ts";
import { readChecker } from "./engines/cli/reads.ts";
import { CliSession } from "./engines/cli/session.ts";
import type { SshConnection } from "./engines/ssh/client.ts";
import { connectSshVia, readHostKeys } from "./engines/ssh/via.ts";
import { PlatformFile } from "./platform.ts";
import { deviceText, type DeviceText } from "./text.ts";
import { hooks } from "./transaction/hooks.ts";
import { linuxLogin } from "./transaction/linux-login.ts";
import { configuredLogin } from "./transaction/login.ts";
import { RecipeUndo } from "./transaction/recipes.ts";
import type { Undo } from "./transaction/undo.ts";
import type { Configuration, Driver, LoginChange, OpenOptions, Session } from "./types.ts";

/** Parses and checks a platform file. Throws SCHEMA with the path of the first fault. */
export function readPlatform(text: string): PlatformFile {
  const parsed = PlatformFile.safeParse(parseYaml(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FarhandError("SCHEMA", `platform file: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
}

/** One driver for each transport that the platform file names, the usual one first. */
export function makeDrivers(file: PlatformFile): readonly Driver[] {
  return [makeDriver(file)];
}

/** The CLI over SSH plus a platform file. */
export function makeDriver(file: PlatformFile): Driver {
  const model = deviceText(file);
  const isRead = readChecker(file);
  return {
    platform: file.id,
    transport: "cli",
    digest: sha256(jcs(file)),
    evidence: file.evidence,
    isRead,
    isDestructive: model.isDestructive,
    predict: model.predict,
    diff: model.diff,
    sameDiff: model.sameDiff,
    publicForm: model.publicForm,
    notRestorable: model.notRestorable,
    hostKeys: ({ via = [], ...options }) => readHostKeys(via, options),
    open: (options) => open(file, model, isRead, options),
  };
}

async function open(
  file: PlatformFile,
  model: DeviceText,
  isRead: (command: string) => boolean,
  o: OpenOptions,
): Promise<Session> {
  const { target, credential, clock, signal, via = [], guard = (login) => login() } = o;
  const ofHops = via.map((hop) => hop.credential);
  const known = [credential, ...ofHops].flatMap(({ password, enable, privateKey }) =>
    [password, enable, privateKey].flatMap((secret) => (secret ? [secret.reveal()] : [])),
  );
  const redact = model.lineRedactor(target.id, o.tagger, [...known, ...o.secrets]);
  const options = { target, credential, clock, signal, connectMs: o.connectMs, redact };
  return connectSshVia(via, options, (connect) =>
    guard(async () => {
      const startedMs = clock.monotonicMs();
      const connection = await connect();
      try {
        return await begin(connection, Math.max(1, o.connectMs - (clock.monotonicMs() - startedMs)));
      } catch (error) {
        connection.close();
        throw error;
      }
    }),
  );

  async function begin(connection: SshConnection, connectMs: number): Promise<Session> {
    const { ptyColumns, ptyRows, program } = file.transport;
    const stream = await connection.shell({ columns: ptyColumns, rows: ptyRows }, program);
    const cli = new Cli({
      file,
      stream,
      credential,
      clock,
      signal,
      connectMs,
      commandMs: o.commandMs,
      transcript: o.transcript,
      redact,
    });
    await openCli(cli, program);
    const configuration = (raw: string): Configuration => model.configuration(target.id, raw, o.tagger);
    const undo = undoFor(file, cli, connection, o, configuration);
    return new CliSession({
      file,
      cli,
      isRead,
      undo,
      login: loginFor(file, undo, connection, o),
      configuration,
      disconnect: () => connection.close(),
    });
  }
}

async function openCli(cli: Cli, program: string | undefined): Promise<void> {
  try {
    await cli.open();
  } catch (error) {
    const ended = error instanceof FarhandError && error.code === "CONNECTION_LOST" && cli.hostname === "";
    if (program !== undefined && ended)
      throw new FarhandError("PRIVILEGE", `"${program}" ended before its prompt`, { cause: error });
    throw error;
  }
}

function loginFor(file: PlatformFile, undo: Undo, connection: SshConnection, o: OpenOptions): LoginChange | undefined {
  const { loginChange } = file;
  switch (loginChange?.kind) {
    case undefined:
      return undefined;
    case "lines":
      return configuredLogin(file, undo, o.credential.username, loginChange.commands);
    case "linux-account":
      return linuxLogin(file, connection, o);
    default:
      return loginChange satisfies never;
  }
}

function undoFor(
  file: PlatformFile,
  cli: Cli,
  connection: SshConnection,
  o: OpenOptions,
  configuration: (raw: string) => Configuration,
): Undo {
  const name = file.transactions.merge?.hook ?? file.transactions.replace?.hook;
  const hook = name === undefined ? undefined : hooks[name];
  if (name !== undefined && !hook)
    throw new FarhandError("INTERNAL", `${file.id} names the hook ${name}, which does not exist`);
  return hook ? hook(file, cli, connection, o, configuration) : new RecipeUndo(file, cli, o.credential.username);
}
