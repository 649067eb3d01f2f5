/** An exec channel of SSH that leads into a simulated host: what is said there really runs, and meets the faults of any command. */
import type { Readable } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import type { CommandRecord } from "../device.ts";
import type { FaultBoard } from "../faults.ts";
import { Output, SessionClosed } from "../ssh/output.ts";
import type { ExecRequest } from "../ssh/server.ts";
import type { Jail } from "./jail.ts";

export interface ExecChannelOptions {
  readonly jail: Pick<Jail, "spawn">;
  readonly clock: Clock;
  readonly faults: FaultBoard;
  readonly log: CommandRecord[];
  readonly sessionId: number;
  /** The program has ended; its client does not know yet. What the change that it made calls for is done here. */
  readonly done?: (said: string) => void;
  /** Asked when it has ended: whether a fault in the middle of it has taken its answer away. */
  readonly isSilenced?: () => boolean;
}

/** A shell that reads its program from its input: then the program, too, is what was said. */
const READS_PROGRAM = /^(?:sudo (?:-\S+ )*)?(?:sh|bash|dash) -s\b/;
const PROGRAM_BYTES_MAX = 8 * 1024 * 1024;

export async function serveExec(request: ExecRequest, o: ExecChannelOptions): Promise<void> {
  const closing = new AbortController();
  request.stream.on("close", () => closing.abort(new SessionClosed("the connection is closed")));
  try {
    request.exit(await runCommand(request, o, closing.signal));
  } catch (error) {
    if (!(error instanceof SessionClosed)) throw error;
  }
}

async function runCommand(request: ExecRequest, o: ExecChannelOptions, signal: AbortSignal): Promise<number> {
  const { clock, faults, log, sessionId } = o;
  const { command, username: user } = request;
  const program = READS_PROGRAM.test(command) ? await all(request.stream, signal) : undefined;
  const said = program === undefined ? command : `${command}\n${program.toString("utf8")}`;
  log.push({ atMs: clock.nowMs(), sessionId, user, mode: "exec", line: said });
  const before = faults.bites("drop", said);
  if (before?.kind === "drop") dropped(request, before.how);
  if (faults.bites("hang", said)) await closed(signal);
  const asked = faults.get("command-authorization");
  if (asked) await clock.sleep(asked.delayMs, signal);
  const [out, err] = outputs(request, o, signal);
  const noise = faults.get("log-noise");
  // What somebody wrote into the login shell's own files comes before every answer.
  if (noise) await out.raw(Buffer.from(`${noise.text}\n`));
  const denied = faults.get("authorization-denied");
  if (denied?.match !== undefined && new RegExp(denied.match, "i").test(said)) {
    // As sudo says it where its rules ask nobody for a password (`!authenticate`), or a server has been asked.
    const wanted = command.replace(/^sudo (?:-\S+ )*/, "");
    await err.raw(Buffer.from(`Sorry, user ${user} is not allowed to execute '${wanted}' as root on this host.\n`));
    return 1;
  }
  const running = o.jail.spawn(command, user);
  const ended = Promise.all([copy(running.stdout, out), copy(running.stderr, err), running.ended]);
  if (program) running.stdin.end(program);
  else request.stream.pipe(running.stdin);
  const gone = (): void => {
    // As sshd does it: what runs goes on, and meets a closed pipe when it next says something.
    for (const stream of [running.stdin, running.stdout, running.stderr]) stream.destroy();
  };
  signal.addEventListener("abort", gone, { once: true });
  const [, , status] = await ended.finally(() => signal.removeEventListener("abort", gone));
  o.done?.(said);
  if (o.isSilenced?.() === true) await closed(signal);
  if (signal.aborted) throw new SessionClosed("the connection is closed");
  const after = faults.bites("drop", said, "after");
  if (after?.kind === "drop") dropped(request, after.how);
  return status;
}

function outputs(request: ExecRequest, { clock, faults }: ExecChannelOptions, signal: AbortSignal): [Output, Output] {
  let sent = 0;
  const common = {
    clock,
    signal,
    // What is to be cut in the middle goes out in pieces, or all of it would be in the network by then.
    pace: () =>
      faults.pace ?? (faults.get("drop")?.afterBytes === undefined ? undefined : { chunkBytes: 64, delayMs: 0 }),
    onBytes: (count: number) => {
      sent += count;
      const drop = faults.get("drop");
      if (drop?.afterBytes !== undefined && sent >= drop.afterBytes) request.drop(drop.how);
    },
  };
  return [new Output({ ...common, stream: request.stream }), new Output({ ...common, stream: request.stderr })];
}

/** As fast as the client reads; what comes after it is gone goes nowhere. */
async function copy(from: Readable, to: Output): Promise<void> {
  try {
    for await (const part of from) await to.raw(part as Buffer);
  } catch {
    from.destroy();
  }
}

/** By events: an iterator would end the channel's other direction too. */
function all(from: Readable, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    closed(signal).catch(reject);
    from.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= PROGRAM_BYTES_MAX) parts.push(part);
      else reject(new SessionClosed("a program that is too large"));
    });
    from.once("end", () => resolve(Buffer.concat(parts)));
  });
}

function dropped(request: ExecRequest, how: "reset" | "close"): never {
  request.drop(how);
  throw new SessionClosed("dropped by a fault");
}

function closed(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const over = (): void => reject(new SessionClosed("closed while it was waited"));
    if (signal.aborted) over();
    else signal.addEventListener("abort", over, { once: true });
  });
}
