import type { DeviceId } from "../../../shared/ids.ts";
import type { PlatformFile } from "../../platform.ts";
import type { Tagger } from "../../types.ts";

/** Makes one line of a transcript safe to leave the site. */
export type LineRedactor = (line: string) => string;

/**
 * Secrets that the platform file recognises become `‹secret:tag›`; values that we know ourselves (what was typed) become
 * `‹secret›` wherever they stand.
 */
export function lineRedactor(file: PlatformFile, device: DeviceId, tagger: Tagger, known: readonly string[]): LineRedactor {
  const patterns = file.language.redact.map((entry) => new RegExp(typeof entry === "string" ? entry : entry.pattern, "dgv"));
  const secrets = known.filter((value) => value.length > 0).toSorted((a, b) => b.length - a.length);
  return (line) => {
    let out = line;
    for (const pattern of patterns) out = redactGroup(out, pattern, (shown) => `‹secret:${tagger.tag(device, shown)}›`);
    for (const secret of secrets) out = out.replaceAll(secret, "‹secret›");
    return out;
  };
}

function redactGroup(line: string, pattern: RegExp, replacement: (shown: string) => string): string {
  let out = "";
  let from = 0;
  for (const found of line.matchAll(pattern)) {
    const span = found.indices?.groups?.["secret"];
    const shown = found.groups?.["secret"];
    if (!span || shown === undefined || shown.startsWith("‹secret")) continue;
    out += line.slice(from, span[0]) + replacement(shown);
    from = span[1];
  }
  return out + line.slice(from);
}
