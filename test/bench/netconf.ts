import { spawnSync } from "node:child_process";
import { z } from "zod";
import type { BenchOptions } from "./main.ts";
import { round } from "./statistics.ts";

const Line = z.strictObject({
  characters: z.number(),
  calls: z.number(),
  seconds: z.number(),
  idleMiB: z.number(),
  aboveIdleMiB: z.number(),
  framing: z.string(),
});

/** One reply larger than memory ought to be, in a process of its own, whose resident memory is read from the kernel. */
export function measureReply(mebibytes: number, version: "1.0" | "1.1"): z.infer<typeof Line> {
  const child = new URL("netconf-child.ts", import.meta.url).pathname;
  const done = spawnSync(process.execPath, [child, String(mebibytes), version], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`the child ended with ${done.status ?? "a signal"}: ${done.stderr}`);
  return Line.parse(JSON.parse(done.stdout));
}

/** A gibibyte of `<data>` over either framing: memory must not grow with it. */
export function benchNetconf(options: BenchOptions): object {
  const mebibytes = Number(options.mebibytes ?? 1024);
  const framings = (["1.0", "1.1"] as const).map((version) => {
    const { seconds, idleMiB, aboveIdleMiB, framing } = measureReply(mebibytes, version);
    return {
      framing,
      seconds: round(seconds),
      mebibytesPerSecond: round(mebibytes / seconds),
      idleMiB: round(idleMiB),
      aboveIdleMiB: round(aboveIdleMiB),
    };
  });
  return { schema: "farhand.bench-netconf/1", replyMiB: mebibytes, framings, budget: { aboveIdleMiB: 96 } };
}
