import { ERRORS, type FarhandError } from "../../../shared/errors.ts";
import { escapeJson, escapeLine } from "./escape.ts";
import { styleFor, type Style } from "./style.ts";

export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/**
 * Data goes to standard output, words about it to standard error. With `--json` every document is one line:
 * `{"schema":"farhand.<noun>/1", …}`. Members are only ever added within a version.
 */
export class Output {
  readonly json: boolean;
  readonly style: Style;
  readonly noteStyle: Style;
  readonly #out: Stream;
  readonly #err: Stream;

  constructor(out: Stream, err: Stream, env: Readonly<Partial<Record<string, string>>>, json: boolean) {
    this.json = json;
    this.style = json ? styleFor(false, {}) : styleFor(out.isTTY === true, env);
    this.noteStyle = styleFor(err.isTTY === true, env);
    this.#out = out;
    this.#err = err;
  }

  /** One result. `human` must have escaped whatever came from outside. */
  data(noun: string, value: Readonly<Record<string, unknown>>, human: () => string): void {
    if (this.json) this.document(noun, value);
    else this.text(human());
  }

  document(noun: string, value: Readonly<Record<string, unknown>>): void {
    this.#out.write(`${escapeJson(JSON.stringify({ schema: `farhand.${noun}/1`, ...value }))}\n`);
  }

  text(text: string): void {
    this.#out.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
  }

  /** A word about what happens, for the person at the terminal. */
  note(text: string): void {
    this.#err.write(`${text}\n`);
  }

  /** The command that usually follows. */
  next(commandLine: string): void {
    if (!this.json) this.note(this.noteStyle.dim(`next: ${commandLine}`));
  }

  error(error: FarhandError): void {
    if (this.json) {
      const { code, what, next } = error;
      this.#err.write(
        `${escapeJson(JSON.stringify({ schema: "farhand.error/1", code, what, detail: error.detail ?? null, next }))}\n`,
      );
      return;
    }
    const { red, dim } = this.noteStyle;
    // A detail of several lines (a list of faults) keeps its lines; each is escaped on its own.
    const [first = "", ...rest] = (error.detail ?? "").split("\n").map(escapeLine);
    const head = `farhand: ${red(error.code)}: ${ERRORS[error.code].what}${first === "" ? "" : ` (${first})`}`;
    this.note([head, ...rest.map((line) => `  ${line}`), dim(`  ${error.next}`)].join("\n"));
  }
}
