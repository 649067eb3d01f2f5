import { readFileSync } from "node:fs";

const field = (pid: number, name: string): number => {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? Number.NaN) / 1024;
};

/** Resident now, and the most it ever was since `resetPeak`; MiB, as the kernel counts. */
export const residentMiB = (pid: number): number => field(pid, "VmRSS");
export const peakMiB = (pid: number): number => field(pid, "VmHWM");
