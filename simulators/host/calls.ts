/** Programs of a simulated host that the simulator itself answers: a file in the jail that calls out over a socket. */
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Files } from "./files.ts";
import { SHARED } from "./scripts.ts";

/** One run of a program. */
export interface Call {
  readonly argv: readonly string[];
  /** Empty where the program does not read it. */
  readonly stdin: Buffer;
  /** Of the jail's own numbering. */
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  /** Ends when the program is killed, and with the host. */
  readonly signal: AbortSignal;
  /** As that process sees them, which may be in a mount namespace of its own. */
  readonly files: Files;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Returns the exit status. What it throws is told on standard error, with status 70. */
export type Serve = (call: Call) => number | Promise<number>;

const HEAD_BYTES_MAX = 256 * 1024;
const STDIN_BYTES_MAX = 16 * 1024 * 1024;
const CALLS_MAX = 256;

/** Whether a program takes all of its input before it calls: always, never, or where one of its words is this. */
export type ReadsStdin = boolean | { readonly word: string };

const reader = (reads: ReadsStdin): string => {
  if (reads === false) return "";
  const all = "while (sysread(STDIN, my $part, 65536)) { $in .= $part }";
  return reads === true ? `${all}\n` : `if (grep { $_ eq '${reads.word}' } @ARGV) { ${all} }\n`;
};

/** The program's file. */
export const clientFor = (name: string, reads: ReadsStdin): string => `#!/usr/bin/perl
use Socket;
my $in = '';
${reader(reads)}socket(my $c, PF_UNIX, SOCK_STREAM, 0) or exit 70;
connect($c, sockaddr_un('${SHARED}/socket')) or do { print STDERR "${name}: the simulator is gone\\n"; exit 70 };
my $head = join(' ', map { 'x' . unpack('H*', $_) } '${name}', $$, getppid(), $<, length($in), @ARGV) . "\\n" . $in;
while (length $head) { my $n = syswrite($c, $head); defined $n or exit 70; $head = substr($head, $n) }
my $said = '';
while (1) {
  while ($said =~ /\\A([oex]) (\\d+)\\n/) {
    my ($kind, $size, $start) = ($1, $2, $+[0]);
    exit $size if $kind eq 'x';
    last if length($said) < $start + $size;
    my $text = substr($said, $start, $size);
    $said = substr($said, $start + $size);
    syswrite($kind eq 'o' ? STDOUT : STDERR, $text);
  }
  sysread($c, my $part, 65536) or exit 70;
  $said .= $part;
}
`;

export interface CallServer {
  /** How many programs wait for an answer. */
  readonly open: number;
  close(): Promise<void>;
}

export async function serveCalls(
  path: string,
  programs: ReadonlyMap<string, Serve>,
  seenBy: (pid: number) => Files,
): Promise<CallServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (sockets.size >= CALLS_MAX) return void socket.destroy();
    sockets.add(socket);
    const gone = new AbortController();
    socket.on("close", () => {
      sockets.delete(socket);
      gone.abort(new Error("the program is gone"));
    });
    let got: Buffer = Buffer.alloc(0);
    const read = (part: Buffer): void => {
      got = Buffer.concat([got, part]);
      const end = got.indexOf(10);
      if (end < 0) {
        if (got.length > HEAD_BYTES_MAX) socket.destroy();
        return;
      }
      const words = got
        .subarray(0, end)
        .toString("latin1")
        .split(" ")
        .map((word) => Buffer.from(word.slice(1), "hex").toString("utf8"));
      const [name = "", pid, parentPid, uid, size, ...argv] = words;
      const bytes = Number(size);
      if (!(bytes <= STDIN_BYTES_MAX)) return void socket.destroy();
      if (got.length < end + 1 + bytes) return;
      socket.off("data", read);
      const say = (kind: "o" | "e", text: string): void => {
        const body = Buffer.from(text, "utf8");
        if (body.length > 0 && !socket.destroyed)
          socket.write(Buffer.concat([Buffer.from(`${kind} ${body.length}\n`), body]));
      };
      const call: Call = {
        argv,
        stdin: got.subarray(end + 1, end + 1 + bytes),
        pid: Number(pid),
        parentPid: Number(parentPid),
        uid: Number(uid),
        signal: gone.signal,
        files: seenBy(Number(pid)),
        out: (text) => say("o", text),
        err: (text) => say("e", text),
      };
      void answer(programs.get(name), call).then((code) => {
        if (!socket.destroyed) socket.end(`x ${code}\n`);
      });
    };
    socket.on("data", read);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
  // The jail's root is another user than ours.
  chmodSync(path, 0o777);
  return {
    get open() {
      return sockets.size;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(serve: Serve | undefined, call: Call): Promise<number> {
  try {
    if (!serve) throw new Error("no such program");
    return await serve(call);
  } catch (error) {
    if (!call.signal.aborted) call.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 70;
  }
}
