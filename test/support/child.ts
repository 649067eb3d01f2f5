import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

export const ROOT = new URL("../..", import.meta.url).pathname;
export const BUN = process.execPath;

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ChildOptions {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs it somewhere else: a network namespace, say. */
  readonly launch?: (
    argv: readonly [string, ...string[]],
    options: { env: Record<string, string>; cwd: string },
  ) => ChildProcess;
}

/** A process of ours under test: its lines can be waited for, its end is known, and it never outlives us by accident. */
export class Child {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly #lines: string[] = [];
  readonly #errors: string[] = [];
  #watchers: (() => void)[] = [];
  exit: Exit | undefined;

  constructor(options: ChildOptions) {
    const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/", ...options.env };
    const cwd = options.cwd ?? ROOT;
    const [command, ...args] = options.argv;
    this.process =
      options.launch?.(options.argv, { env, cwd }) ??
      spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    this.exited = new Promise((resolve) => {
      this.process.once("error", (error) => {
        this.#errors.push(String(error));
        this.#ended({ code: null, signal: null }, resolve);
      });
      this.process.once("close", (code, signal) => this.#ended({ code, signal }, resolve));
    });
    this.#collect(this.process.stdout, this.#lines);
    this.#collect(this.process.stderr, this.#errors);
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  get stdout(): readonly string[] {
    return this.#lines;
  }

  get stderr(): readonly string[] {
    return this.#errors;
  }

  write(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** The first line of either stream, from `from` on, that `pick` accepts; fails when the process ends or time is up. */
  async waitFor<T>(what: string, pick: (line: string) => T | undefined, timeoutMs = 30_000): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    let [out, err] = [0, 0];
    for (;;) {
      for (; out < this.#lines.length; out++) {
        const found = pick(this.#lines[out] ?? "");
        if (found !== undefined) return found;
      }
      for (; err < this.#errors.length; err++) {
        const found = pick(this.#errors[err] ?? "");
        if (found !== undefined) return found;
      }
      if (this.exit) throw new Error(`${what}: the process ended (${JSON.stringify(this.exit)})\n${this.tail()}`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`${what}: nothing in ${timeoutMs} ms\n${this.tail()}`);
      await this.#change(leftMs);
    }
  }

  /** Sends the signal and waits for the end. A process that ignores SIGTERM for 10 s is killed. */
  async stop(signal: "SIGTERM" | "SIGKILL" | "SIGINT" = "SIGTERM"): Promise<Exit> {
    if (this.exit) return this.exit;
    this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 10_000);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  tail(lines = 40): string {
    return [...this.#lines.slice(-lines), ...this.#errors.slice(-lines)].join("\n");
  }

  #collect(stream: NodeJS.ReadableStream | null, into: string[]): void {
    if (!stream) return;
    createInterface({ input: stream }).on("line", (line) => {
      into.push(line);
      this.#wake();
    });
  }

  #ended(exit: Exit, resolve: (exit: Exit) => void): void {
    if (this.exit) return;
    this.exit = exit;
    resolve(exit);
    this.#wake();
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#watchers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
