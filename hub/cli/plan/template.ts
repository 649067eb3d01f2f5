import { Environment } from "./engine.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { strict, UNDEFINED } from "./strict.ts";
import { hasStrayMark, nameToken } from "../../../drivers/model/token.ts";

/** Instructions of the template engine for one device: a loop without end stops here. */
const FUEL = 20_000_000;
const TEXT_BYTES_MAX = 16 * 1024 * 1024;
/** The engine walks values by recursion on a small stack; one that runs over takes its whole module down with it. */
const DEPTH_MAX = 64;
const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9._\-/]{0,62}$/;
/** Not `.html` or the like: the engine escapes by the name's ending. */
const TEMPLATE_NAME = "template";

/**
 * One template, rendered for many devices. The engine is MiniJinja in WebAssembly: values go in as data, text comes out, and nothing
 * of JavaScript can be reached from inside. An undefined variable is an error wherever it is used.
 */
export class Template {
  readonly #name: string;
  readonly #source: string;
  readonly #engine: Environment;
  /** The first reference to nothing, as the rewritten template reported it. */
  #undefined: string | undefined;
  /** The last name that `secret(…)` was wrongly given. A function that throws would take the engine's whole module down with it. */
  #misnamed: string | undefined;

  constructor(name: string, source: string) {
    this.#name = name;
    this.#source = source;
    this.#engine = this.#guard(() => new Environment(), undefined);
    this.#engine.undefinedBehavior = "strict";
    this.#engine.keepTrailingNewline = true;
    this.#engine.trimBlocks = true;
    this.#engine.lstripBlocks = true;
    this.#engine.addGlobal(UNDEFINED, (reference: unknown, line: unknown) => {
      this.#undefined ??= `${this.#name}:${String(line)}: undefined value: ${String(reference)}`;
      return "";
    });
    // Errors then quote the source around them, from which the variable's name is taken. Values are never shown.
    this.#engine.debug = true;
    this.#engine.addGlobal("secret", (given: unknown) => this.#secret(given));
    this.#guard(() => this.#engine.addTemplate(TEMPLATE_NAME, strict(source)), undefined);
  }

  render(device: string, variables: Readonly<Record<string, unknown>>): string {
    if (isDeeperThan(DEPTH_MAX, variables))
      throw new FarhandError("TEMPLATE", `${this.#name}: variables nested more than ${DEPTH_MAX} deep (${device})`);
    this.#engine.fuel = FUEL;
    this.#forget();
    const rendered = this.#guard(() => this.#engine.renderTemplate(TEMPLATE_NAME, variables), device);
    if (this.#undefined !== undefined) throw new FarhandError("TEMPLATE", `${this.#undefined} (${device})`);
    if (this.#misnamed !== undefined) throw this.#secretFault(this.#misnamed, device);
    const text = ending(rendered.replaceAll("\r\n", "\n"));
    if (hasStrayMark(text))
      throw new FarhandError("TEMPLATE", `${this.#name}: ‹ or › outside a secret's token (${device})`);
    if (utf8(text).length > TEXT_BYTES_MAX)
      throw new FarhandError("TEMPLATE", `${this.#name}: renders to more than 16 MiB (${device})`);
    return text;
  }

  #forget(): void {
    this.#misnamed = undefined;
    this.#undefined = undefined;
  }

  /** In a template: the agent puts the value in after it has verified the signatures. */
  #secret(given: unknown): string {
    if (typeof given === "string" && SECRET_NAME.test(given)) return nameToken(given);
    this.#misnamed = typeof given === "string" ? given : typeof given;
    return "";
  }

  #secretFault(given: string, device: string): FarhandError {
    const line = this.#source.split("\n").findIndex((text) => text.includes("secret") && text.includes(given)) + 1;
    const place = line > 0 ? `${this.#name}:${line}` : this.#name;
    return new FarhandError(
      "TEMPLATE",
      `${place}: secret(…) needs the name of a secret in the agent's vault, not ${given} (${device})`,
    );
  }

  #guard<T>(run: () => T, device: string | undefined): T {
    try {
      return run();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new FarhandError("TEMPLATE", this.#placed(message) + (device === undefined ? "" : ` (${device})`), {
        cause: error,
      });
    }
  }

  /** `edge.j2:12: undefined value: site.asn`, out of the engine's multi-line report. */
  #placed(message: string): string {
    const lines = message.split("\n");
    const head = /^(?<what>.*) \(in \S+:(?<line>\d+)\)$/.exec(lines[0] ?? "")?.groups;
    if (!head) return `${this.#name}: ${lines[0] ?? "not rendered"}`;
    const at = lines.findIndex((line) => /^ {5}i {2,}\^+/.test(line));
    const caret = at === -1 ? null : /\^+/.exec(lines[at] ?? "");
    const quoted = caret ? (lines[at - 1] ?? "").slice(caret.index, caret.index + caret[0].length) : "";
    return `${this.#name}:${head["line"]}: ${head["what"]}${quoted === "" ? "" : `: ${quoted}`}`;
  }
}

function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeperThan(depth - 1, member));
}

const ending = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
