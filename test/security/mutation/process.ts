/** A bench as its caller sees it: an order at a time, each within a deadline, after which the process is ended and made anew. */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../../house/files.ts";
import type { Order } from "./bench.ts";

const Test = z.strictObject({ id: z.string(), name: z.string(), passed: z.array(z.int()), ms: z.number() });
const Ran = z.strictObject({
  tests: z.array(Test),
  between: z.array(z.int()),
  failed: z.string().nullable(),
  ms: z.number(),
});
export type Ran = z.infer<typeof Ran>;
const Answer = z.union([
  z.strictObject({ ready: z.literal(true) }),
  z.strictObject({ ran: Ran }),
  z.strictObject({ broken: z.string() }),
]);

const START_MS_MAX = 120_000;

export class Bench {
  #child: ChildProcess | undefined;

  /** What came of it; undefined where it did not end in time. */
  async run(order: Order, msMax: number): Promise<Ran | undefined> {
    const child = await this.#started();
    const answer = await this.#answer(child, msMax, () => child.send(order));
    if (!answer) return undefined;
    if ("ran" in answer) return answer.ran;
    throw new Error("broken" in answer ? `${order.file}: ${answer.broken}` : `${order.file}: an answer out of turn`);
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  async #started(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const child = fork(join(import.meta.dirname, "bench.ts"), {
      cwd: repositoryRoot,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    if (!(await this.#answer(child, START_MS_MAX, () => undefined))) throw new Error("a bench did not start");
    return child;
  }

  #answer(child: ChildProcess, msMax: number, ask: () => void): Promise<z.infer<typeof Answer> | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        act();
      };
      const timer = setTimeout(
        () =>
          settle(() => {
            this.stop();
            resolve(undefined);
          }),
        msMax,
      );
      child.once("message", (message) => settle(() => resolve(Answer.parse(message))));
      child.once("exit", (code, signal) =>
        settle(() => {
          this.#child = undefined;
          reject(new Error(`a bench ended by itself (${code ?? signal ?? ""})`));
        }),
      );
      ask();
    });
  }
}
