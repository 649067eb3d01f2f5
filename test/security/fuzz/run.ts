import { FarhandError } from "../../../shared/errors.ts";
import { SeededRandom } from "../../simulation/random.ts";
import { meaning, type Input, type Prepared, type Target } from "./target.ts";

/** What one target made of its inputs. */
export interface Tally {
  readonly target: string;
  inputs: number;
  refused: Record<string, number>;
  /** Believed, and it said what a sample said. */
  same: number;
  /** Taken by a reader of what nobody signs. */
  taken: number;
}

export interface Fault {
  readonly target: string;
  readonly seed: number;
  readonly what: string;
}

/** Told before an input is read, so that whoever watches can name it when it is never done. */
export type Beat = (seed: number) => void;

export const INPUT_CPU_MS_MAX = 1000;
/** What a target may hold on to. A garbage collector is late by as much as it likes, so it is asked before this counts. */
const MEMORY_BYTES_MAX = 192 * 1024 * 1024;
const MEMORY_EVERY = 100;

function numberOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

export const inputOf = (target: string, prepared: Prepared, seed: number): Input =>
  prepared.mutate(prepared.samples, new SeededRandom((numberOf(target) ^ Math.imul(seed, 0x9e3779b1)) >>> 0));

/** What the samples say: all that a target may ever believe. Throws when a sample is refused, for then nothing here would show anything. */
export async function believable(target: string, prepared: Prepared): Promise<ReadonlySet<string | undefined>> {
  const said = new Set<string | undefined>();
  for (const [place, sample] of prepared.samples.entries()) {
    try {
      said.add(await prepared.take(sample));
    } catch (error) {
      throw new Error(`${target}: sample ${place} is not taken`, { cause: error });
    }
  }
  return said;
}

/** Runs `count` inputs from seed `first` on. Faults end nothing: one target's fault must not hide another's. */
export async function runTarget(
  target: Target,
  seeds: { readonly first: number; readonly count: number },
  beat: Beat,
): Promise<{ tally: Tally; faults: Fault[] }> {
  const prepared = await target.prepare();
  const said = await believable(target.name, prepared);
  const tally: Tally = { target: target.name, inputs: 0, refused: {}, same: 0, taken: 0 };
  const faults: Fault[] = [];
  const fail = (seed: number, what: string): number => faults.push({ target: target.name, seed, what });
  collect();
  const baseBytes = process.memoryUsage.rss();
  for (let seed = seeds.first; seed < seeds.first + seeds.count; seed += 1) {
    beat(seed);
    const input = inputOf(target.name, prepared, seed);
    const before = process.cpuUsage();
    const wrong = await one(prepared, input, said, tally);
    const { user, system } = process.cpuUsage(before);
    if (wrong !== undefined) fail(seed, wrong);
    if ((user + system) / 1000 > INPUT_CPU_MS_MAX)
      fail(seed, `took ${Math.round((user + system) / 1000)} ms of CPU time`);
    if (tally.inputs % MEMORY_EVERY === 0 && process.memoryUsage.rss() - baseBytes > MEMORY_BYTES_MAX) {
      collect();
      const grownBytes = process.memoryUsage.rss() - baseBytes;
      if (grownBytes > MEMORY_BYTES_MAX) {
        fail(seed, `holds ${grownBytes >> 20} MiB more than when it began`);
        break;
      }
    }
    if (faults.length >= 20) break;
  }
  return { tally, faults };
}

const collect = (): void => Bun.gc(true);

async function one(
  prepared: Prepared,
  input: Input,
  said: ReadonlySet<string | undefined>,
  tally: Tally,
): Promise<string | undefined> {
  tally.inputs += 1;
  try {
    const believed = await prepared.take(input);
    if (!said.has(believed)) return `believes what nobody signed (${believed ?? "something"})`;
    if (believed === undefined) tally.taken += 1;
    else tally.same += 1;
    return undefined;
  } catch (error) {
    if (error instanceof FarhandError && error.code !== "INTERNAL") {
      tally.refused[error.code] = (tally.refused[error.code] ?? 0) + 1;
      return undefined;
    }
    return errorText(error);
  }
}

const errorText = (error: unknown): string =>
  (error instanceof Error ? (error.stack ?? error.message) : String(error)).split("\n").slice(0, 6).join("\n    ");

/** One name for one input: two runs that print the same have read the same. */
export const inputDigest = (input: Input): string => meaning(...input).slice(0, 16);
