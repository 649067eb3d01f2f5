import type { DeviceId } from "../shared/ids.ts";
import type { LineRedactor } from "./engines/cli/redactor.ts";
import { diffTexts } from "./model/diff.ts";
import { asTyped, compileLanguage } from "./model/language.ts";
import { normalise } from "./model/normalise.ts";
import { predict } from "./model/predict.ts";
import { publicForm } from "./model/public-form.ts";
import { redactStream } from "./model/redact-stream.ts";
import { sameDiff } from "./model/same-diff.ts";
import type { PlatformFile } from "./platform.ts";
import type { Configuration, Driver, Tagger } from "./types.ts";

type Pure = Pick<Driver, "predict" | "diff" | "sameDiff" | "publicForm" | "isDestructive">;

export interface DeviceText extends Pure {
  configuration(device: DeviceId, raw: string, tagger: Tagger): Configuration;
  /** For transcripts: one line at a time, each whole. */
  lineRedactor(device: DeviceId, tagger: Tagger, known: readonly string[]): LineRedactor;
}

/** drivers/model bound to one platform's language. */
export function deviceText(file: PlatformFile): DeviceText {
  const language = compileLanguage(file.language);
  return {
    predict: (change) => predict(language, change),
    diff: (before, after) => diffTexts(language, before, after),
    sameDiff: (signed, measured) => sameDiff(language, signed, measured),
    publicForm: (device, raw, tagger) => publicForm(language, device, raw, tagger),
    isDestructive: (line) => language.destructive.some((pattern) => pattern.test(asTyped(line))),
    configuration: (device, raw, tagger) => {
      const shown = normalise(language, raw);
      return { raw: shown, ...publicForm(language, device, raw, tagger), keyGeneration: tagger.keyGeneration };
    },
    lineRedactor: (device, tagger, known) => {
      const stream = redactStream(language, device, tagger, known);
      return (line) => (stream.push(line) + stream.flush()).replace(/\n$/, "");
    },
  };
}
