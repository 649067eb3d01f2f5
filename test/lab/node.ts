// One machine of the lab: namespaces held by one process, the keeper, which waits on a pipe from us.
// When we end, however we end, the pipe closes, the keeper kills what lives in its namespaces and ends, and the kernel
// takes back the interfaces and mounts. Nothing has a name outside, so nothing is left behind and two labs never meet.

import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { poll } from "./poll.ts";

export type SpawnOptions = {
  signal?: AbortSignal | undefined;
  env?: Record<string, string>;
  cwd?: string;
  stdio?: StdioOptions;
};
export type ExecOptions = Omit<SpawnOptions, "stdio"> & { input?: string; timeoutMs?: number };
export type ExecResult = { code: number | null; signal: string | null; stdout: string; stderr: string };

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// A host shares our process ids and files, so a process spawned there is the program itself and can be killed by its pid.
const hostKeeper = `
hostname "$1"; ip link set lo up; echo ready
while read -r _; do :; done
mine=$(readlink /proc/self/ns/net)
for round in 1 2 3; do
  for entry in /proc/[0-9]*; do
    pid=\${entry#/proc/}
    [ "$pid" != $$ ] && [ "$(readlink $entry/ns/net 2>/dev/null)" = "$mine" ] && kill -9 "$pid" 2>/dev/null
  done
done`;
// A router has its own process ids: when its first process ends, the kernel kills all others.
const routerKeeper = `hostname "$1"; ip link set lo up; echo ready; while read -r _; do :; done`;

export class Node {
  readonly name: string;
  readonly pid: number;
  readonly isolated: boolean;
  readonly #keeper: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #network: string;

  private constructor(name: string, isolated: boolean, keeper: ChildProcess, ended: Promise<void>, pid: number) {
    this.name = name;
    this.isolated = isolated;
    this.#keeper = keeper;
    this.#ended = ended;
    this.pid = pid;
    this.#network = readlinkSync(`/proc/${pid}/ns/net`);
  }

  /** `isolated`: own files and process ids as well (a router), or only network and hostname (a host). */
  static async start(name: string, isolated: boolean, signal?: AbortSignal): Promise<Node> {
    const flags = isolated ? ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] : [];
    const script = isolated ? routerKeeper : hostKeeper;
    const argv = ["--net", "--uts", ...flags, "/bin/bash", "-c", script, `lab-${name}`, name];
    const keeper = spawn("unshare", argv, { detached: true, stdio: ["pipe", "pipe", "pipe"], env: { PATH: path } });
    const ended = new Promise<void>((resolve) => {
      keeper.once("close", () => resolve());
      keeper.once("error", () => resolve());
    });
    let said = "";
    let complaint = "";
    keeper.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    keeper.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    keeper.stdin.on("error", () => undefined);
    try {
      const pid = await poll(
        `namespaces of ${name}`,
        () => {
          if (keeper.exitCode !== null || keeper.pid === undefined) throw new Error(complaint);
          if (!said.includes("ready")) return undefined;
          return isolated ? firstChild(keeper.pid) : keeper.pid;
        },
        { within: 10_000, every: 5, signal },
      );
      return new Node(name, isolated, keeper, ended, pid);
    } catch (error) {
      keeper.stdin.end();
      keeper.kill("SIGKILL");
      await ended;
      throw error;
    }
  }

  /** Where this node's files are seen from outside (a router's own; a host's are ours). */
  get root(): string {
    return this.isolated ? `/proc/${this.pid}/root` : "";
  }

  /** This node's network with our process ids and files: for `ip` commands that name another node by pid. */
  outside(): Node {
    return new Node(this.name, false, this.#keeper, this.#ended, this.pid);
  }

  /** A process in this node, leader of its own process group. On a host its pid is the program's own. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    options.signal?.throwIfAborted();
    const enter = this.isolated ? ["--mount", "--pid"] : [];
    const nsenter = ["-t", String(this.pid), "--net", "--uts", ...enter, "--", ...argv];
    const child = spawn("nsenter", nsenter, {
      detached: true,
      env: { PATH: path, ...options.env },
      stdio: options.stdio ?? "pipe",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const abort = (): void => killGroup(child);
    options.signal?.addEventListener("abort", abort, { once: true });
    child.once("exit", () => options.signal?.removeEventListener("abort", abort));
    return child;
  }

  /** Runs to the end and collects the output. A failing program is a result, not an exception; a missed deadline is. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const { input, timeoutMs = 30_000, signal, ...rest } = options;
    const late = AbortSignal.timeout(timeoutMs);
    const child = this.spawn(argv, { ...rest, signal: signal ? AbortSignal.any([signal, late]) : late });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input ?? "");
    const [code, by] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit, killer) => resolve([exit, killer]));
    });
    signal?.throwIfAborted();
    if (late.aborted) throw new Error(`${this.name}: ${argv.join(" ")}: not done within ${timeoutMs} ms\n${stderr}`);
    return { code, signal: by, stdout, stderr };
  }

  /** As exec, but a failing program throws with what it said. */
  async must(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(argv, options);
    if (code !== 0) throw new Error(`${this.name}: ${argv.join(" ")}: exit ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Pids, as we see them, of everything in this node's network namespace. */
  processes(): number[] {
    return processesIn(this.#network);
  }

  /** Ends the keeper, and with it everything in the node. Resolves when no process of the node is left. */
  async stop(): Promise<void> {
    this.#keeper.stdin?.end();
    const patience = setTimeout(() => this.#keeper.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(patience);
    await poll(
      `end of ${this.name}`,
      () => {
        const left = this.processes();
        for (const pid of left) kill(pid);
        return left.length === 0 ? true : undefined;
      },
      { within: 5_000, every: 10 },
    );
  }
}

/** Pids of all processes whose network namespace is `network`, such as `net:[4026532201]`. */
export function processesIn(network: string): number[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => networkOf(pid) === network).map(Number);
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // gone, or a zombie
  }
}

function firstChild(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? undefined : Number(children.split(" ")[0]);
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) kill(-child.pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // already gone
  }
}
