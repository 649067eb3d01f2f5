/** Readers that are wrong on purpose, each in one way: what finds nothing in them would find nothing in ours. */
import { FarhandError } from "../../../shared/errors.ts";
import { anyBytes } from "./mutate-bytes.ts";
import { meaning, part, type Input, type Target } from "./target.ts";

const samples: readonly Input[] = [[new TextEncoder().encode("a sample of twenty-eight bytes")]];
const LENGTH = samples[0]?.[0]?.length ?? 0;

/** Wrong when the input is of another length. */
const planted = (name: string, wrong: (bytes: Uint8Array) => unknown): Target => ({
  name,
  prepare: () => ({
    samples,
    mutate: anyBytes,
    async take(input) {
      const bytes = part(input);
      if (bytes.length !== LENGTH) await wrong(bytes);
      else if (meaning(bytes) !== meaning(part(samples[0] ?? []))) throw new FarhandError("SCHEMA");
      return meaning(part(samples[0] ?? []));
    },
  }),
});

const kept: Uint8Array[] = [];

export const PLANTED: readonly Target[] = [
  planted("throws", () => {
    throw new TypeError("undefined is not a function");
  }),
  planted("internal", () => {
    throw new FarhandError("INTERNAL");
  }),
  {
    ...planted("believes", () => undefined),
    prepare: () => ({ samples, mutate: anyBytes, take: (input) => meaning(part(input)) }),
  },
  planted("hangs", () => {
    for (;;);
  }),
  planted("slow", () => {
    const from = process.cpuUsage();
    for (let used = process.cpuUsage(from); used.user + used.system < 1_100_000;) used = process.cpuUsage(from);
  }),
  planted("waits", () => new Promise(() => setInterval(() => undefined, 1000))),
  planted("exits", () => process.exit(0)),
  planted("hoards", () => kept.push(new Uint8Array(8 * 1024 * 1024).fill(1))),
  planted("bursts", () => {
    for (;;) kept.push(new Uint8Array(64 * 1024 * 1024).fill(1));
  }),
];
