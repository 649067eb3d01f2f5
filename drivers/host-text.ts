import { FarhandError } from "../shared/errors.ts";
import { diffJson } from "./model/diff.ts";
import { diffHosts } from "./model/files/diff.ts";
import { parseHost, printHost } from "./model/files/host.ts";
import { compileHostLanguage, hostLineRedactor, hostPublicForm, type HostLanguage } from "./model/files/language.ts";
import { readHostAuthor } from "./model/files/author.ts";
import { isDestructiveHost, predictHost } from "./model/files/predict.ts";
import type { HostPlatformFile } from "./model/files/schema.ts";
import { hider } from "./model/public-form.ts";
import { anyOf } from "./model/rewrite.ts";
import { sameDiffBy } from "./model/same-diff.ts";
import type { DeviceText } from "./text.ts";

/** drivers/model/files bound to one platform file: what `text.ts` gives for languages of lines. */
export function hostText(file: HostPlatformFile): DeviceText {
  const language = compileHostLanguage(file);
  const rules = {
    // Every line tells its number: no order is left to be judged.
    listOf: () => undefined,
    shownAs: (_path: readonly string[], typed: string) => anyOf([typed]),
    isImplied: () => false,
  };
  return {
    predict: (change) => predictHost(language, change),
    diff: (before, after) => diffJson(diffHosts(parseHost(before), parseHost(after))),
    sameDiff: (signed, measured) => sameDiffBy(rules, signed, measured),
    publicForm: (device, raw, tagger) => hostPublicForm(language, device, raw, tagger),
    isDestructive: (line, how) => isDestructiveHost(language, line, how),
    notRestorable: (device, raw, tagger) => notRestorable(language, raw, (text) => hider(device, tagger)(text)),
    configuration: (device, raw, tagger) => ({
      raw: printHost(parseHost(raw)),
      ...hostPublicForm(language, device, raw, tagger),
      keyGeneration: tagger.keyGeneration,
    }),
    lineRedactor: (device, tagger, known) => hostLineRedactor(language, device, tagger, known),
  };
}

/** What is only seen cannot be put back; all else is put back byte for byte. */
function notRestorable(language: HostLanguage, raw: string, hide: (text: string) => string): string | null {
  try {
    const host = parseHost(raw);
    const lost = [...host.foreign.values()].find(({ line }) => /^(?:binary|large|odd-names) /v.test(line));
    if (lost) return `${lost.path} holds what is no text of its size, and was not kept`;
    readHostAuthor(language, "replace", raw, host, hide, "sealed");
    return null;
  } catch (error) {
    if (error instanceof FarhandError) return error.detail ?? error.what;
    throw error;
  }
}
