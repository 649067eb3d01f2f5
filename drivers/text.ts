import { FarhandError } from "../shared/errors.ts";
import type { DeviceId } from "../shared/ids.ts";
import type { LineRedactor } from "./engines/cli/redactor.ts";
import { diffTexts } from "./model/diff.ts";
import { readAuthor } from "./model/author.ts";
import { asTyped, compileLanguage, type Language } from "./model/language.ts";
import { normalise } from "./model/normalise.ts";
import { predict } from "./model/predict.ts";
import { hider, publicForm, publicFormOf } from "./model/public-form.ts";
import { redactStream } from "./model/redact-stream.ts";
import { refuseUpload, replaceBy } from "./model/whole-text.ts";
import { sameDiff } from "./model/same-diff.ts";
import type { PlatformFile } from "./platform.ts";
import type { Configuration, Driver, OpenOptions, Tagger } from "./types.ts";

/** What a driver answers without a device. */
type Pure = Pick<Driver, "predict" | "diff" | "sameDiff" | "publicForm" | "isDestructive" | "notRestorable">;

export interface DeviceText extends Pure {
  configuration(device: DeviceId, raw: string, tagger: Tagger): Configuration;
  /** For transcripts: one line at a time, each whole. */
  lineRedactor(device: DeviceId, tagger: Tagger, known: readonly string[]): LineRedactor;
}

/** What every driver takes from its text as it is. */
export const pureOf = ({ predict, diff, sameDiff, publicForm, isDestructive, notRestorable }: DeviceText): Pure => ({
  predict,
  diff,
  sameDiff,
  publicForm,
  isDestructive,
  notRestorable,
});

/** What a session's transcript hides by value: all that logs in, here and at the hops, and what the caller knows besides. */
export const secretsOf = ({ credential, via = [], secrets }: OpenOptions): readonly string[] => [
  ...[credential, ...via.map((hop) => hop.credential)].flatMap(({ password, enable, privateKey }) =>
    [password, enable, privateKey].flatMap((secret) => (secret ? [secret.reveal()] : [])),
  ),
  ...secrets,
];

/** drivers/model bound to one platform's language. */
export function deviceText(file: PlatformFile): DeviceText {
  const language = compileLanguage(file.language);
  return {
    predict: (change) => {
      // A snapshot was judged when it was taken.
      if (change.source !== "sealed") refuseUpload(file.transactions[change.mode], change.text);
      return predict(language, { ...change, replaceBy: replaceBy(file.transactions) });
    },
    notRestorable: restorer(file, language),
    diff: (before, after) => diffTexts(language, before, after),
    sameDiff: (signed, measured) => sameDiff(language, signed, measured),
    publicForm: (device, raw, tagger) => publicForm(language, device, raw, tagger),
    isDestructive: (line, how = "typed") => {
      const typed = how === "typed" ? line : (language.positive(line) ?? language.negative(line));
      return language.destructive.some((pattern) => pattern.test(asTyped(typed)));
    },
    configuration: (device, raw, tagger) => {
      const shown = normalise(language, raw);
      return { raw: shown, ...publicFormOf(language, device, shown, tagger), keyGeneration: tagger.keyGeneration };
    },
    lineRedactor: (device, tagger, known) => {
      const stream = redactStream(language, device, tagger, known);
      return (line) => (stream.push(line) + stream.flush()).replace(/\n$/, "");
    },
  };
}

function restorer(file: PlatformFile, language: Language): Driver["notRestorable"] {
  const { replace } = file.transactions;
  const rules = [
    ...(replace?.upload?.refuse ?? []).map((pattern) => ({ pattern, reason: NOT_WRITABLE })),
    ...file.notRestorable,
  ].map(({ pattern, reason }) => ({ pattern: new RegExp(pattern, "v"), reason }));
  return (device, raw, tagger) => {
    if (!replace) return `this driver replaces no whole configuration of ${file.id}`;
    for (const [at, line] of raw.split("\n").entries()) {
      const rule = rules.find(({ pattern }) => pattern.test(line));
      if (rule) return `line ${at + 1}: ${rule.reason}`;
    }
    try {
      readAuthor(language, "replace", raw, "", hider(device, tagger), "sealed");
      return null;
    } catch (error) {
      if (error instanceof FarhandError) return error.detail ?? error.what;
      throw error;
    }
  };
}

const NOT_WRITABLE =
  "a banner, a brace, a backslash or a question mark, which this driver cannot write to the device's file system";
