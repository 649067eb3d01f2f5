/**
 * A machine of its own for one simulated host: namespaces of users, mounts, processes, network and names, with this machine's /usr under it,
 * read-only, and a disk of its own in memory. Its root is nobody here: whatever runs in it can change nothing outside, and all of it
 * ends with the process that holds it. It knows no platform.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import { clientFor, serveCalls, type CallServer, type ReadsStdin, type Serve } from "./calls.ts";
import { end, linesOf, statusOf } from "./children.ts";
import { Files, processesBeside, rootBeside, rootOf } from "./files.ts";
import { accountFiles, homeOf, planOf, type Account, type JailFile } from "./plan.ts";
import { AWAIT_MAPPING, BOOT, DATE, DISK, ENTER, OWN, PATH, SUDO, SUDO_RULES } from "./scripts.ts";
import { hasAccounts, hostVerdict, OUTER_UID, UIDS } from "./requirements.ts";
import { Sleeps } from "./sleeps.ts";

/** A file that is run: its own text, or one that asks the simulator. */
export type JailProgram = { readonly path: string } & (
  | { readonly text: string }
  | { readonly serve: Serve; readonly readsStdin?: ReadsStdin }
);

export interface JailOptions {
  readonly hostname: string;
  readonly clock: Clock;
  /** How far its `date` is ahead of that clock. */
  readonly clockSkewMs?: () => number;
  readonly accounts?: readonly Account[];
  /** What lies on the disk when it is new; over what every host has. */
  readonly files?: readonly JailFile[];
  readonly folders?: readonly string[];
  readonly links?: readonly { readonly path: string; readonly target: string }[];
  readonly programs?: readonly JailProgram[];
  /** A program in it that runs at every boot, as root, before anybody may come in. */
  readonly boot?: string;
  readonly diskMiB?: number;
  readonly processesMax?: number;
}

export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The exit status, or 128 and the signal's number. Its output may go on where something that it started holds it. */
  readonly exited: Promise<number>;
  /** Its status, when all its output is out too. */
  readonly ended: Promise<number>;
}

export interface RunOptions {
  /** An account; root without it. */
  readonly login?: string;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Of both streams together; an error beyond. */
  readonly outputBytesMax?: number;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
const SYNC_PATIENCE_MS = 20_000;

export class Jail {
  readonly clock: Clock;
  readonly sleeps: Sleeps;
  readonly #o: JailOptions;
  /** Where it and its simulator meet, on this machine's disk: gone when it is closed. */
  readonly folder: string;
  readonly #accounts: ReadonlyMap<string, Account>;
  #calls: CallServer | undefined;
  #disk: ChildProcess | undefined;
  #machine: { readonly child: ChildProcess; pid?: number } | undefined;
  /** Its files, as its running processes see them. */
  readonly running = new Files(() => rootOf(this.#machine?.pid ?? 0));
  /** Its disk, which is there while the host is down, too; /run, /tmp and /proc are not on it. */
  readonly disk = new Files(() => rootOf(this.#disk?.pid ?? 0));
  readonly #halted = new WeakSet<ChildProcess>();
  #running = 0;
  #changing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: JailOptions, folder: string) {
    this.#o = options;
    this.folder = folder;
    this.clock = options.clock;
    this.sleeps = new Sleeps(options.clock, (pid) => this.up && existsSync(this.inside(`/proc/${pid}`)));
    this.#accounts = new Map([{ name: "root", uid: 0 }, ...(options.accounts ?? [])].map((one) => [one.name, one]));
  }

  /** Throws with the reason where this machine cannot. */
  static async start(options: JailOptions): Promise<Jail> {
    const verdict = hostVerdict();
    if (!verdict.run) throw new Error(verdict.reason);
    const folder = mkdtempSync(join(tmpdir(), "farhand-host-"));
    const jail = new Jail(options, folder);
    try {
      await jail.#make();
      await jail.boot();
      return jail;
    } catch (error) {
      await jail.close();
      throw error;
    }
  }

  get up(): boolean {
    return this.#machine?.pid !== undefined;
  }

  /** Whether accounts have user numbers of their own. Where we are not root ourselves, all of them are the jail's root. */
  static get hasAccounts(): boolean {
    return hasAccounts();
  }

  /** Where `disk` is, for tests that know what lies there: from here an absolute link leads out of the host. */
  at(path: string): string {
    return `/proc/${this.#disk?.pid ?? 0}/root${path}`;
  }

  /** The same of `running`. */
  inside(path: string): string {
    return `/proc/${this.#machine?.pid ?? 0}/root${path}`;
  }

  /** A program that was let in and told all is at work, or a boot, or what has just woken: not what only waits for the clock, which would wait for ever. */
  get busy(): boolean {
    // What waits for a moment does so inside one of them.
    return this.#running > this.sleeps.brief || this.sleeps.awake;
  }

  /** What sudo allows is asked a password for, or is not. */
  setSudoAsks(asks: boolean): void {
    const flag = join(this.folder, "shared/sudo-asks");
    rmSync(flag, { force: true });
    if (asks) writeFileSync(flag, "", { flag: "wx" });
  }

  /** Through the account's shell. Where the host is down it is as if nobody were there: status 255. */
  spawn(command: string, login = "root", more: Readonly<Record<string, string>> = {}): Running {
    const child = spawn("/usr/bin/nsenter", this.#enter(command, login), {
      env: { ...this.#environment(login), ...more },
      stdio: "pipe",
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => undefined);
    const exited = new Promise<number>((resolve) => {
      child.once("error", () => resolve(255));
      child.once("exit", (code, signal) => resolve(statusOf(code, signal)));
    });
    const ended = new Promise<number>((resolve) => {
      child.once("error", () => resolve(255));
      child.once("close", (code, signal) => resolve(statusOf(code, signal)));
    });
    // What it is still being told comes over a line that may go by the same clock: it is at work once it has been told all.
    let isOver = false;
    child.stdin.once("finish", () => {
      if (isOver) return;
      this.#running += 1;
      void exited.then(() => (this.#running -= 1));
    });
    void exited.then(() => (isOver = true));
    return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exited, ended };
  }

  async run(
    command: string,
    { login, stdin = "", signal, outputBytesMax = OUTPUT_BYTES_MAX }: RunOptions = {},
  ): Promise<Ran> {
    signal?.throwIfAborted();
    const running = this.spawn(command, login);
    const texts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let bytes = 0;
    return await new Promise((resolve, reject) => {
      const give = (error: unknown): void => {
        for (const stream of [running.stdin, running.stdout, running.stderr]) stream.destroy();
        reject(error as Error);
      };
      const abort = (): void => give(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      for (const which of ["stdout", "stderr"] as const)
        running[which].on("data", (part: Buffer) => {
          bytes += part.length;
          if (bytes > outputBytesMax) give(new Error(`more than ${outputBytesMax} bytes of output`));
          else texts[which].push(part);
        });
      running.stdin.end(stdin);
      void running.ended.then((code) => {
        signal?.removeEventListener("abort", abort);
        const text = (which: "stdout" | "stderr"): string => Buffer.concat(texts[which]).toString("utf8");
        resolve({ code, stdout: text("stdout"), stderr: text("stderr") });
      });
    });
  }

  /** As root, while everything else of this process stands still: nothing that asks the simulator may be in it. */
  runSync(command: string, input = ""): Ran {
    const { status, signal, stdout, stderr, error } = spawnSync("/usr/bin/nsenter", this.#enter(command, "root"), {
      env: this.#environment("root"),
      encoding: "utf8",
      input,
      timeout: SYNC_PATIENCE_MS,
      killSignal: "SIGKILL",
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    if (error) throw error;
    return { code: statusOf(status, signal), stdout, stderr };
  }

  /** Power on. Whoever halts it meanwhile ends this too. */
  boot(): Promise<void> {
    return this.#change(async () => {
      if (this.#machine || this.#closed) return;
      const into = [
        "-t",
        String(this.#disk?.pid),
        "--user",
        "--mount",
        ...this.#credentials(0),
        "--",
        ...this.#limits(),
      ];
      const flags = ["--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child"];
      const { hostname, boot = "" } = this.#o;
      const argv = [...into, "/usr/bin/unshare", ...flags, "/bin/sh", "-eu", "-c", BOOT, "sh", hostname, boot];
      const child = spawn("/usr/bin/nsenter", argv, { env: this.#environment("root"), stdio: "pipe" });
      const machine: { child: ChildProcess; pid?: number } = { child };
      this.#machine = machine;
      child.once("exit", () => this.#isDown(machine));
      const lines = linesOf(child);
      this.#running += 1;
      try {
        machine.pid = Number(await lines.next("the host's first process"));
        await lines.next("the end of its boot");
      } catch (error) {
        if (!this.#halted.has(child)) throw error;
      } finally {
        this.#running -= 1;
      }
    });
  }

  /** Its root can switch it off, too: then its number may soon be another process's. */
  #isDown(machine: { readonly child: ChildProcess }): void {
    if (this.#machine !== machine) return;
    this.#machine = undefined;
    this.sleeps.forget();
  }

  /** Power off: every process of it ends, and what lay in /run and /tmp is gone. */
  halt(): Promise<void> {
    const off = async (): Promise<void> => {
      const machine = this.#machine;
      if (!machine) return;
      this.#halted.add(machine.child);
      this.#isDown(machine);
      await end(machine.child, machine.pid);
      this.sleeps.forget();
    };
    // Now, as a boot may be on that never ends; and what was to boot before.
    const now = off();
    return this.#change(async () => {
      await now;
      await off();
    });
  }

  async reboot(): Promise<void> {
    await this.halt();
    await this.boot();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.halt();
    await this.#change(async () => {
      if (this.#disk) await end(this.#disk);
      this.#disk = undefined;
      await this.#calls?.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** The processes that `pid` comes from, its parent first: numbers of the host. */
  ancestorsOf(pid: number): number[] {
    const all = processesBeside(this.#machine?.pid ?? 0);
    const inner = new Map([...all].map(([number, { outer }]) => [outer, number]));
    const found: number[] = [];
    for (let at = all.get(pid); at && found.length < 64;) {
      const parent = inner.get(at.parentOuter);
      if (parent === undefined) break;
      found.push(parent);
      at = all.get(parent);
    }
    return found;
  }

  /** One after the other, whoever asks. */
  #change(step: () => Promise<void>): Promise<void> {
    const next = this.#changing.then(step);
    this.#changing = next.catch(() => undefined);
    return next;
  }

  async #make(): Promise<void> {
    chmodSync(this.folder, 0o755);
    for (const name of ["root", "shared"]) mkdirSync(join(this.folder, name), { mode: 0o755 });
    const now: Serve = ({ out }) => {
      out(`${((this.clock.nowMs() + (this.#o.clockSkewMs?.() ?? 0)) / 1000).toFixed(3)}\n`);
      return 0;
    };
    const programs: JailProgram[] = [
      ...(this.#o.programs ?? []),
      { path: "/usr/local/sbin/sleep", serve: (call) => this.sleeps.serve(call) },
      { path: "/usr/local/sbin/date", text: DATE },
      { path: `${OWN}/now`, serve: now },
    ];
    const served = programs.flatMap((one) => ("serve" in one ? [[one.path, one.serve] as const] : []));
    const socket = join(this.folder, "shared/socket");
    this.#calls = await serveCalls(
      socket,
      new Map(served),
      (pid) => new Files(() => rootBeside(this.#machine?.pid ?? 0, pid)),
    );
    const files = [
      ...accountFiles([...this.#accounts.values()], this.#o.hostname),
      ...(this.#o.files ?? []),
      { path: "/usr/local/sbin/sudo", content: SUDO, mode: "0755" },
      { path: `${OWN}/sudo`, content: SUDO_RULES },
      ...programs.map((one) => ({
        path: one.path,
        content: "serve" in one ? clientFor(one.path, one.readsStdin ?? false) : one.text,
        mode: "0755",
      })),
    ];
    const homes = [...this.#accounts.values()].map((one) => ({ path: homeOf(one.name), uid: one.uid }));
    const plan = planOf(files, this.#o.folders ?? [], homes, this.#o.links ?? []);
    for (const [at, { content }] of plan.files.entries()) writeFileSync(join(this.folder, `shared/${at}`), content);
    writeFileSync(join(this.folder, "plan"), plan.lines.map((line) => `${line}\n`).join(""));
    await this.#makeDisk();
    for (const at of plan.files.keys()) rmSync(join(this.folder, `shared/${at}`));
    // Its root has come in; who else is on this machine has no business with its socket.
    chmodSync(this.folder, 0o700);
  }

  async #makeDisk(): Promise<void> {
    const own = [DISK, this.folder, `${this.#o.diskMiB ?? 128}m`];
    const argv = Jail.hasAccounts
      ? ["--user", "--keep-caps", "--mount", "/bin/sh", "-eu", "-c", AWAIT_MAPPING, "sh", ...own]
      : ["--user", "--map-root-user", "--mount", "/bin/sh", "-eu", "-c", DISK, "sh", ...own.slice(1)];
    const child = spawn("/usr/bin/unshare", argv, { env: { PATH }, stdio: "pipe" });
    this.#disk = child;
    const lines = linesOf(child);
    if (Jail.hasAccounts) {
      await lines.next("a user namespace");
      for (const which of ["uid_map", "gid_map"])
        writeFileSync(`/proc/${child.pid}/${which}`, `0 ${OUTER_UID} ${UIDS}\n`);
      child.stdin.write("go\n");
    }
    await lines.next("a disk");
  }

  #account(login: string): Account {
    const account = this.#accounts.get(login);
    if (!account) throw new Error(`the host has no account ${login}`);
    return account;
  }

  #credentials(uid: number): string[] {
    return Jail.hasAccounts ? ["--setuid", String(uid), "--setgid", String(uid)] : ["--preserve-credentials"];
  }

  #limits(): string[] {
    return ["/usr/bin/prlimit", `--nproc=${this.#o.processesMax ?? 512}`, "--core=0"];
  }

  #enter(command: string, login: string): string[] {
    const spaces = ["--user", "--mount", "--pid", "--net", "--uts", "--ipc"];
    const into = [
      "-t",
      String(this.#machine?.pid ?? 0),
      ...spaces,
      ...this.#credentials(this.#account(login).uid),
      "--",
    ];
    return [...into, ...this.#limits(), "/bin/sh", "-c", ENTER, "sh", command];
  }

  #environment(login: string): Record<string, string> {
    const home = homeOf(login);
    const { shell = "/bin/sh" } = this.#account(login);
    return { PATH, HOME: home, LOGNAME: login, USER: login, SHELL: shell, LANG: "C.UTF-8", SIMULATED_LOGIN: login };
  }
}
