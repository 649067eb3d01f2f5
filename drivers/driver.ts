import { jcs, sha256 } from "../shared/bytes.ts";
import { FarhandError } from "../shared/errors.ts";
import type { CommandChannel } from "./engines/channel.ts";
import { Cli } from "./engines/cli/cli.ts";
import { readChecker } from "./engines/cli/reads.ts";
import type { LineRedactor } from "./engines/cli/redactor.ts";
import { CliSession } from "./engines/cli/session.ts";
import { Api } from "./engines/http/api.ts";
import { ApiChannel, type CommandRunner, type RunnerOptions } from "./engines/http/channel.ts";
import { Eapi } from "./engines/http/eapi.ts";
import { SrlinuxRpc } from "./engines/http/srlinux.ts";
import type { SshConnection } from "./engines/ssh/client.ts";
import { ExecChannel } from "./engines/ssh/exec-channel.ts";
import { connectSshVia, readHostKeys } from "./engines/ssh/via.ts";
import { withState } from "./model/state/packs.ts";
import { makeNetconfDriver } from "./netconf-platform.ts";
import type { PlatformFile } from "./platform.ts";
import { deviceText, pureOf, secretsOf, type DeviceText } from "./text.ts";
import { hooks } from "./transaction/hooks.ts";
import { linuxLogin } from "./transaction/linux-login.ts";
import { configuredLogin } from "./transaction/login.ts";
import { RecipeUndo } from "./transaction/recipes.ts";
import type { Undo } from "./transaction/undo.ts";
import type { Configuration, Driver, LoginChange, OpenOptions, Session } from "./types.ts";

/** One driver for each transport that the platform file names, the usual one first. */
export function makeDrivers(file: PlatformFile): readonly Driver[] {
  const { netconf } = file;
  return [
    makeDriver(file),
    ...(file.https ? [makeDriver(file, "https")] : []),
    ...(netconf ? [makeNetconfDriver({ ...file, netconf })] : []),
  ];
}

/** The commands of a platform file, over its CLI on SSH or over an HTTPS API that runs them. */
export function makeDriver(file: PlatformFile, transport: CommandTransport = "cli"): Driver {
  const model = deviceText(file);
  const isRead = readChecker(file);
  return {
    platform: file.id,
    transport,
    digest: sha256(jcs(withState(file))),
    evidence: file.evidence,
    ...(file.limits && { limits: file.limits }),
    ...(file.rights && { rights: file.rights }),
    isRead,
    ...pureOf(model),
    hostKeys: ({ via = [], ...options }) => readHostKeys(via, options),
    open: (options) => open({ file, model, isRead, transport }, options),
  };
}

type CommandTransport = "cli" | "https";

interface Parts {
  readonly file: PlatformFile;
  readonly model: DeviceText;
  readonly isRead: (command: string) => boolean;
  readonly transport: CommandTransport;
}

async function open(parts: Parts, o: OpenOptions): Promise<Session> {
  const redact = parts.model.lineRedactor(o.target.id, o.tagger, secretsOf(o));
  switch (parts.transport) {
    case "cli":
      return await openOverSsh(parts, o, redact);
    case "https":
      return await openOverHttps(parts, o, redact);
    default:
      return parts.transport satisfies never;
  }
}

async function openOverSsh(parts: Parts, o: OpenOptions, redact: LineRedactor): Promise<Session> {
  const { file } = parts;
  const { target, credential, clock, signal, via = [], guard = (login) => login() } = o;
  const channelsMax = file.limits?.channelsPerConnection;
  const options = { target, credential, clock, signal, connectMs: o.connectMs, redact, channelsMax };
  return await connectSshVia(via, options, (connect) =>
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
    const { kind, ptyColumns, ptyRows, program } = file.transport;
    if (kind === "ssh-exec") {
      const { commandMs, transcript } = o;
      const channel = new ExecChannel({ file, connection, signal, connectMs, commandMs, transcript, redact });
      await channel.open();
      return sessionOn(parts, o, channel, connection);
    }
    const stream = await connection.shell({ columns: ptyColumns, rows: ptyRows }, program);
    const { commandMs, transcript } = o;
    const cli = new Cli({ file, stream, credential, clock, signal, connectMs, commandMs, transcript, redact });
    await openCli(cli, program);
    return sessionOn(parts, o, cli, connection);
  }
}

async function openOverHttps({ file, ...parts }: Parts, o: OpenOptions, redact: LineRedactor): Promise<Session> {
  const { https } = file;
  if (!https) throw new FarhandError("INTERNAL", `${file.id} has no HTTPS API`);
  const { target, credential, clock, signal, connectMs, commandMs, transcript } = o;
  const { via = [], guard = (login) => login() } = o;
  const { token } = https;
  const api = new Api({ target, via, credential, guard, clock, signal, connectMs, redact, token });
  const runner = runners[https.api]({
    api,
    path: https.path,
    enable: credential.enable,
    errors: file.errors,
    redact,
  });
  const channel = new ApiChannel({ file, runner, commandMs, transcript, redact, isRead: parts.isRead });
  try {
    await channel.open();
    return sessionOn({ file, ...parts }, o, channel, undefined);
  } catch (error) {
    await channel.close();
    throw error;
  }
}

/** How each API runs commands. */
const runners: Readonly<Record<NonNullable<PlatformFile["https"]>["api"], (options: RunnerOptions) => CommandRunner>> =
  {
    eapi: (options) => new Eapi(options),
    srlinux: (options) => new SrlinuxRpc(options),
  };

function sessionOn(
  { file, model, isRead }: Parts,
  o: OpenOptions,
  cli: CommandChannel,
  connection: SshConnection | undefined,
): Session {
  const configuration = (raw: string): Configuration => model.configuration(o.target.id, raw, o.tagger);
  const undo = undoFor(file, cli, connection, o, configuration);
  const login = loginFor(file, undo, connection, o);
  const host = connection && file.transport.program !== undefined ? hostOf(connection, o) : undefined;
  return new CliSession({
    file,
    cli,
    isRead,
    undo,
    login,
    configuration,
    host,
    isTerminal: connection !== undefined,
    disconnect: () => connection?.close(),
  });
}

const HOST_BYTES_MAX = 64 * 1024;

/** On a channel of its own. COMMAND_REFUSED with what it said where it fails. */
function hostOf(connection: SshConnection, { commandMs, signal }: OpenOptions): (command: string) => Promise<string> {
  return async (command) => {
    const options = { outputBytesMax: HOST_BYTES_MAX, deadlineMs: commandMs, signal };
    const { code, stdout, stderr } = await connection.exec(command, options);
    if (code !== 0) throw new FarhandError("COMMAND_REFUSED", `${command}: ${(stderr || stdout).trim().slice(0, 200)}`);
    return stdout;
  };
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

function loginFor(
  file: PlatformFile,
  undo: Undo,
  connection: SshConnection | undefined,
  o: OpenOptions,
): LoginChange | undefined {
  const { loginChange } = file;
  switch (loginChange?.kind) {
    case undefined:
      return undefined;
    case "lines":
      return configuredLogin(file, undo, o.credential.username, loginChange.commands);
    case "linux-account":
      return connection && linuxLogin(file, connection, o);
    default:
      return loginChange satisfies never;
  }
}

function undoFor(
  file: PlatformFile,
  cli: CommandChannel,
  connection: SshConnection | undefined,
  o: OpenOptions,
  configuration: (raw: string) => Configuration,
): Undo {
  const name = file.transactions.merge?.hook ?? file.transactions.replace?.hook;
  const hook = name === undefined ? undefined : hooks[name];
  if (name !== undefined && !hook)
    throw new FarhandError("INTERNAL", `${file.id} names the hook ${name}, which does not exist`);
  if (!hook) return new RecipeUndo(file, cli, o.credential.username);
  if (!connection) throw new FarhandError("INTERNAL", `the hook ${name} needs SSH`);
  return hook(file, cli, connection, o, configuration);
}
