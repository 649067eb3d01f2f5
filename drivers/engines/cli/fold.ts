import { FarhandError } from "../../../shared/errors.ts";

/**
 * Turns a terminal's byte stream into lines as a person would see them: carriage returns, backspaces and escape sequences are
 * played, not kept. Costs one pass over the bytes: only the last, unfinished line is ever looked at again.
 */
const LINE_MAX = 1024 * 1024;
/** A prompt or question is short. A longer unfinished line is output, and is not folded again for every chunk. */
const TAIL_MAX = 1024;
/** No terminal is wider: a cursor that is sent further stays here, or a few bytes would become gigabytes of blanks. */
const COLUMNS_MAX = 32_768;

// oxlint-disable-next-line no-control-regex -- control bytes are what this file is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;
const ESCAPE =
  // oxlint-disable-next-line no-control-regex -- as above
  /^\u001b(?:\[(?<count>[0-?]*)[ -/]*(?<final>[@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()*+][0-9A-Za-z]|[ -/]*[0-Z\\^-~])/;

/** One line as it stands on the screen after all of `raw` has been written to it. */
export function foldLine(raw: string): string {
  const text = raw.replace(/\r+$/, "");
  if (!CONTROL.test(text)) return text;
  const cells: string[] = [];
  let column = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 0x1b) {
      const found = ESCAPE.exec(text.slice(at, at + 256));
      if (!found) break;
      const count = Math.min(Number.parseInt(found.groups?.["count"] ?? "", 10) || 1, 4096);
      if (found.groups?.["final"] === "D") column = Math.max(0, column - count);
      else if (found.groups?.["final"] === "C") column = Math.max(column, Math.min(column + count, COLUMNS_MAX));
      else if (found.groups?.["final"] === "K") cells.length = Math.min(cells.length, column);
      at += found[0].length;
      continue;
    }
    if (code === 0x0d) column = 0;
    else if (code === 0x08) column = Math.max(0, column - 1);
    else if (code === 0x09 || (code >= 0x20 && code !== 0x7f)) {
      while (cells.length < column) cells.push(" ");
      cells[column++] = text.charAt(at);
    }
    at += 1;
  }
  return cells.join("").trimEnd();
}

export class LineFolder {
  readonly #decoder = new TextDecoder("utf-8");
  #raw = "";

  /** Takes bytes, gives the lines that they complete. Throws OUTPUT_TOO_LARGE for a line without end. */
  push(bytes: Uint8Array): string[] {
    const text = this.#decoder.decode(bytes, { stream: true });
    const lines: string[] = [];
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      lines.push(foldLine(this.#raw + text.slice(start, end)));
      this.#raw = "";
      start = end + 1;
    }
    this.#raw += text.slice(start);
    if (this.#raw.length > LINE_MAX)
      throw new FarhandError("OUTPUT_TOO_LARGE", "a line of more than a million characters");
    return lines;
  }

  /** The unfinished last line; undefined when it is too long to be a prompt. */
  tail(): string | undefined {
    return this.#raw.length > TAIL_MAX ? undefined : foldLine(this.#raw);
  }

  /** The tail was answered: it is gone. */
  takeTail(): void {
    this.#raw = "";
  }

  /** A pager's line was answered: blanks take its place, since the device will back over it. */
  blankTail(): void {
    this.#raw = " ".repeat(foldLine(this.#raw.trimEnd()).length + (this.#raw.length - this.#raw.trimEnd().length));
  }
}
