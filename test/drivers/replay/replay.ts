import type { PlatformFile } from "../../../drivers/platform.ts";
import { parseDiff } from "../../../drivers/model/diff.ts";
import { deviceName } from "../../../drivers/transaction/recipes.ts";
import type { Configuration, Facts } from "../../../drivers/types.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { tagger } from "../support.ts";
import type { Way } from "./cut.ts";
import { Peer, type Standing } from "./peer.ts";
import { answerTo, type RecordedChange, type ReplayPlatform } from "./platforms.ts";
import { renamed, type Recording } from "./recording.ts";
import { device, openOn, type Opened } from "./session.ts";

/** What came of one recording, arriving in one way: plain data, to be compared. */
export interface Replayed {
  readonly facts: Facts;
  readonly digest: string;
  /** What was recorded and is not in it, and the other way round. */
  readonly otherwise: readonly string[];
  /** The same to what oxidized keeps of the device. */
  readonly kept: readonly string[];
  readonly change: ReplayedChange | null;
  readonly transcript: readonly string[];
}

export interface ReplayedChange {
  /** What the model says that the change will do. */
  readonly predicted: readonly string[];
  /** What the candidate then held, where the device shows it, and the device's own words. */
  readonly staged: {
    readonly same: boolean;
    readonly measured: readonly string[];
    readonly native: string | null;
  } | null;
  readonly steps: readonly string[];
  readonly refused: string | null;
}

export interface Coverage {
  /** Recorded exchanges that were gone through, by recording, and all that there are. */
  readonly gone: Map<string, { readonly through: number; readonly of: number }>;
  /** What stood for an answer, by what was typed and why, how often. */
  readonly stood: Map<string, number>;
}

const CHANGE_ID = "a change that was recorded";

export async function replay(
  platform: ReplayPlatform,
  file: PlatformFile,
  { recording: as, way, kept }: { recording: Recording; way: Way; kept?: string | undefined },
  coverage: Coverage,
): Promise<Replayed> {
  const recording = renamed(as, platform.names?.(deviceName(CHANGE_ID)) ?? []);
  const peer = new Peer(recording, [...platform.standings, ...unrecordedFacts(file)], way);
  const opened = await openOn(peer, file);
  try {
    const facts = await opened.session.facts();
    const before = await opened.session.running();
    const against = (text: string): string[] =>
      shown(opened.model.diff(opened.model.publicForm(device, text, tagger).publicText, before.publicText));
    const change = platform.changes[recording.name.split("__")[0] ?? ""];
    const result = change ? await replayChange(opened, change, recording, before) : null;
    return {
      facts,
      digest: before.publicDigest,
      otherwise: against(answerTo(recording, ...platform.shown)),
      kept: kept === undefined ? [] : against(kept),
      change: result,
      transcript: opened.transcript,
    };
  } finally {
    await opened.session.close();
    const { name, exchanges } = recording;
    coverage.gone.set(name, { through: peer.recorded.size, of: exchanges.filter(({ typed }) => typed !== "").length });
    for (const [{ typed, why }, count] of peer.stood) {
      const told = `${typed.source}: ${why}`;
      coverage.stood.set(told, (coverage.stood.get(told) ?? 0) + count);
    }
  }
}

/** Whatever else the driver reads for facts, and nobody asked when it was recorded: a device that has nothing to say. */
function unrecordedFacts({ facts }: PlatformFile): Standing[] {
  const sends = [...facts.commands, ...JSON.stringify(facts).matchAll(/"send":"(?<send>[^"]+)"/g)].map((found) =>
    typeof found === "string" ? found : (found.groups?.["send"] ?? ""),
  );
  return [...new Set(sends)].map((send) => ({
    typed: new RegExp(`^${RegExp.escape(send)}$`),
    answer: () => "",
    why: "a fact that nobody asked for when it was recorded",
  }));
}

/** One line for each entry, without the body of a block. */
const shown = (diff: string): string[] => parseDiff(diff).map(({ op, line }) => `${op} ${line.split("\n")[0] ?? ""}`);

async function replayChange(
  { session, model }: Opened,
  { mode, text: textOf, end }: RecordedChange,
  recording: Recording,
  before: Configuration,
): Promise<ReplayedChange> {
  const text = textOf(recording);
  const prediction = model.predict({ device, mode, text, before, tagger });
  const commands = prediction.render(() => undefined);
  const steps: string[] = [];
  let staged: ReplayedChange["staged"] = null;
  let refused: string | null = null;
  const token = await session.begin({
    id: CHANGE_ID,
    mode,
    confirmMs: 300_000,
    preImage: before,
    text,
    comment: "recorded",
  });
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const result = await work();
    steps.push(typeof result === "string" ? `${name}: ${result}` : name);
    return result;
  };
  try {
    await step("arm", () => session.arm(token));
    const candidate = session.candidate(token);
    if (candidate) {
      const { configuration, diff } = await step("stage", () => candidate.stage(commands));
      const measured = configuration ? model.diff(before.publicText, configuration.publicText) : "[]";
      staged = { same: model.sameDiff(prediction.diff, measured), measured: shown(measured), native: diff };
    }
    if (end === "abort") await step("abort", async () => candidate?.abort());
    else {
      await step("apply", () => session.apply(token, commands));
      await step("pending", () => session.pending(token));
      await step("confirm", () => session.confirm(token));
      await step("pending", () => session.pending(token));
      await step("save", () => session.save(token));
    }
  } catch (error) {
    if (!(error instanceof FarhandError)) throw error;
    refused = `${errorCode(error)}: ${error.detail ?? ""}`;
  }
  await step("cleanup", () => session.cleanup(token));
  return { predicted: shown(prediction.diff), staged, steps, refused };
}
