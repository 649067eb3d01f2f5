/**
 * Watches a process that reads hostile inputs: kills it when one input takes too much of its processor or memory, and names that input.
 * Time is the child's own processor time: a machine that others use must not look like a hang.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Order, Report } from "./child.ts";
import { readHeartbeat, type Heartbeat } from "./heartbeat.ts";
import { INPUT_CPU_MS_MAX, type Fault } from "./run.ts";
import type { Target } from "./target.ts";

const LOOK_EVERY_MS = 100;
/** An input that waits for what never comes uses no processor. */
const INPUT_WALL_MS_MAX = 60_000;
/** Between two looks a child may use its processor for an input that has ended since. */
const SLACK_CPU_MS = 250;
const RESIDENT_BYTES_MAX = 1024 * 1024 * 1024;
const TICKS_PER_SECOND = 100;

export interface Watched {
  readonly reports: readonly Report[];
  /** What ended the child before its time, if anything did. */
  readonly ended: Fault | undefined;
}

/** Processor time and resident memory of a process; undefined where the system does not tell, or the process is gone. */
function usageOf(pid: number): { cpuMs: number; residentBytes: number } | undefined {
  try {
    // After the name in brackets, which may hold anything: state is field 3, utime 14, stime 15, rss in pages 24.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, residentBytes: Number(fields[21]) * 4096 };
  } catch {
    return undefined;
  }
}

export async function watch(
  command: readonly string[],
  order: Omit<Order, "heartbeat">,
  known: readonly Target[],
  wallMsMax = INPUT_WALL_MS_MAX,
): Promise<Watched> {
  const dir = mkdtempSync(join(tmpdir(), "farhand-fuzz-"));
  const heartbeat = join(dir, "heartbeat");
  const child = Bun.spawn([...command, JSON.stringify({ ...order, heartbeat } satisfies Order)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const killed = Promise.withResolvers<string>();
  let since: { beat: Heartbeat | undefined; cpuMs: number; wallMs: number } | undefined;
  const timer = setInterval(() => {
    const beat = readHeartbeat(heartbeat);
    const usage = usageOf(child.pid);
    const wallMs = performance.now();
    const kill = (why: string): void => {
      killed.resolve(why);
      child.kill("SIGKILL");
    };
    if (usage && usage.residentBytes > RESIDENT_BYTES_MAX) return kill(`uses ${usage.residentBytes >> 20} MiB`);
    if (!since || beat?.seed !== since.beat?.seed || beat?.target !== since.beat?.target) {
      since = { beat, cpuMs: usage?.cpuMs ?? 0, wallMs };
      return;
    }
    // Before its first beat it loads the product.
    if (!beat) return;
    if (usage && usage.cpuMs - since.cpuMs > INPUT_CPU_MS_MAX + SLACK_CPU_MS)
      return kill(`hangs: ${Math.round(usage.cpuMs - since.cpuMs)} ms of CPU time and no end`);
    if (wallMs - since.wallMs > wallMsMax) kill("waits without an end");
  }, LOOK_EVERY_MS);
  try {
    const [out, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    const code = await child.exited;
    const lines = out.split("\n").filter((line) => line !== "");
    const reports = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Report);
    if (lines.at(-1) === "done" && code === 0) return { reports, ended: undefined };
    killed.resolve(`ends the process (status ${code}): ${said.trim().slice(-600)}`);
    const beat = readHeartbeat(heartbeat);
    const target = known[beat?.target ?? -1]?.name ?? order.targets[0] ?? "";
    return { reports, ended: { target, seed: beat?.seed ?? order.first, what: await killed.promise } };
  } finally {
    clearInterval(timer);
    rmSync(dir, { recursive: true, force: true });
  }
}
