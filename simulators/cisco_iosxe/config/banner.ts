/**
 * Banners. IOS holds the delimiter as the byte 0x03 and shows it as the two characters `^C`. Whoever types or uploads the
 * shown text sends a caret and a C: the caret becomes the delimiter and the C the first letter of the banner, which is
 * why so many boxes in the world show `banner motd ^CC`. A file that the box wrote itself holds the byte and is safe.
 */

const START = /^(banner (?:motd|login|exec|incoming|prompt-timeout|slip-ppp)) (\S)(.*)$/s;

export type TypedBanner =
  | { kind: "open"; isLast: (line: string) => boolean }
  | { kind: "whole"; line: string; body?: string[] };

export function typedBanner(line: string, body: readonly string[] | undefined): TypedBanner | undefined {
  const found = START.exec(line);
  if (!found) return undefined;
  const [, command = "", delimiter = "", text = ""] = found;
  const closedAt = text.indexOf(delimiter);
  if (closedAt >= 0) return { kind: "whole", line: `${command} ^C${text.slice(0, closedAt)}^C` };
  if (!body) return { kind: "open", isLast: (next) => next.includes(delimiter) };
  // What follows the closing delimiter on its line is dropped.
  const last = body.at(-1) ?? "";
  return {
    kind: "whole",
    line: `${command} ^C${text}`,
    body: [...body.slice(0, -1), `${last.slice(0, last.indexOf(delimiter))}^C`],
  };
}

/** The text of a file, as `show` would show it once loaded. */
export function shownFromFile(text: string): string {
  const lines = text.split(/\r?\n/);
  const out: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    let banner = typedBanner(line, undefined);
    if (banner?.kind === "open") {
      const { isLast } = banner;
      const length = lines.slice(at + 1).findIndex((next) => isLast(next)) + 1;
      if (length > 0) banner = typedBanner(line, lines.slice(at + 1, at + 1 + length));
      at += length;
    }
    if (banner?.kind === "whole") out.push(banner.line, ...(banner.body ?? []));
    else out.push(line);
  }
  return out.join("\n");
}

/** What the box itself writes to a file: the byte, not its picture. */
export function fileFromShown(text: string): string {
  let inside = false;
  const out = text.split("\n").map((line) => {
    const start = /^banner \w+ \^C/.test(line);
    if (!start && !inside) return line;
    const marks = line.split("^C").length - 1;
    inside = start ? marks < 2 : marks === 0;
    return line.replaceAll("^C", "\x03");
  });
  return out.join("\n");
}
