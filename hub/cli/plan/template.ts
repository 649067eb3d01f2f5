import { Environment } from "./engine.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { type TemplateCode, TemplateFault } from "./fault.ts";
import { marked, sourceLines } from "./marks.ts";
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
const MARKED_NAME = "marked";

export interface Rendering {
  /** Undefined where the engine gave up. */
  readonly text: string | undefined;
  readonly faults: readonly TemplateFault[];
}

/**
 * One template, rendered for many devices. The engine is MiniJinja in WebAssembly: values go in as data, text comes out, and nothing
 * of JavaScript can be reached from inside. An undefined variable is an error wherever it is used.
 */
export class Template {
  readonly name: string;
  readonly #source: string;
  readonly #engine: Environment;
  /** References to nothing, as the rewritten template reported them. */
  readonly #undefined = new Map<string, TemplateFault>();
  /** Names that `secret(…)` was wrongly given. A function that throws would take the engine's whole module down with it. */
  readonly #misnamed = new Set<string>();
  /** Whether its twin with marks is there; undefined until somebody asks. */
  #isMarked: boolean | undefined;

  /** TEMPLATE where it is none: the first fault, with its line. */
  constructor(name: string, source: string) {
    this.name = name;
    this.#source = source;
    const made = this.#guard(() => new Environment());
    this.#engine = made instanceof TemplateFault ? this.#refuse(made) : made;
    this.#engine.undefinedBehavior = "strict";
    this.#engine.keepTrailingNewline = true;
    this.#engine.trimBlocks = true;
    this.#engine.lstripBlocks = true;
    this.#engine.addGlobal(UNDEFINED, (given: unknown, line: unknown) => {
      const reference = String(given);
      if (!this.#undefined.has(reference))
        this.#undefined.set(reference, new TemplateFault("UNDEFINED_VARIABLE", Number(line), undefinedOf(reference)));
      return "";
    });
    // Errors then quote the source around them, from which the variable's name is taken. Values are never shown.
    this.#engine.debug = true;
    this.#engine.addGlobal("secret", (given: unknown) => this.#secret(given));
    const fault = this.#guard(() => this.#engine.addTemplate(TEMPLATE_NAME, strict(source)));
    if (fault instanceof TemplateFault) this.#refuse(fault);
  }

  /** The text for one device. TEMPLATE for the first fault of it. */
  render(device: string, variables: Readonly<Record<string, unknown>>): string {
    const { text, faults } = this.inspect(variables);
    const [fault] = faults;
    if (fault || text === undefined) return this.#refuse(fault ?? GAVE_UP, device);
    return text;
  }

  /** The text, and everything that a plan would not take of it. */
  inspect(variables: Readonly<Record<string, unknown>>): Rendering {
    if (isDeeperThan(DEPTH_MAX, variables))
      return { text: undefined, faults: [fault("TEMPLATE", `variables nested more than ${DEPTH_MAX} deep`)] };
    const rendered = this.#run(TEMPLATE_NAME, variables);
    const before = [...this.#undefined.values(), ...[...this.#misnamed].map((given) => this.#secretFault(given))];
    // What the engine says then is mostly about the nothing that it was given in a variable's place.
    if (rendered instanceof TemplateFault) return { text: undefined, faults: before.length > 0 ? before : [rendered] };
    const text = ending(rendered.replaceAll("\r\n", "\n"));
    return { text, faults: [...before, ...faultsOf(text)] };
  }

  /** Of each line of the text for these variables, from 0, the line of the template that it came from; undefined where that cannot be told. */
  linesOf(text: string, variables: Readonly<Record<string, unknown>>): readonly number[] | undefined {
    this.#isMarked ??= this.#mark();
    if (!this.#isMarked) return undefined;
    const rendered = this.#run(MARKED_NAME, variables);
    return rendered instanceof TemplateFault ? undefined : sourceLines(ending(rendered.replaceAll("\r\n", "\n")), text);
  }

  #mark(): boolean {
    const source = marked(this.#source);
    if (source === undefined) return false;
    return !(this.#guard(() => this.#engine.addTemplate(MARKED_NAME, strict(source))) instanceof TemplateFault);
  }

  #run(name: string, variables: Readonly<Record<string, unknown>>): string | TemplateFault {
    this.#engine.fuel = FUEL;
    this.#undefined.clear();
    this.#misnamed.clear();
    return this.#guard(() => this.#engine.renderTemplate(name, variables));
  }

  /** In a template: the agent puts the value in after it has verified the signatures. */
  #secret(given: unknown): string {
    if (typeof given === "string" && SECRET_NAME.test(given)) return nameToken(given);
    this.#misnamed.add(typeof given === "string" ? given : typeof given);
    return "";
  }

  #secretFault(given: string): TemplateFault {
    const line = this.#source.split("\n").findIndex((text) => text.includes("secret") && text.includes(given)) + 1;
    const what = `secret(…) needs the name of a secret in the agent's vault, not ${given}`;
    return new TemplateFault("SECRET_NAME", line > 0 ? line : undefined, what);
  }

  #refuse({ code, line, what }: TemplateFault, device?: string): never {
    const place = line === undefined ? this.name : `${this.name}:${line}`;
    throw new FarhandError("TEMPLATE", `${place}: ${what}${device === undefined ? "" : ` (${device})`}`, {
      cause: new TemplateFault(code, line, what),
    });
  }

  #guard<T>(run: () => T): T | TemplateFault {
    try {
      return run();
    } catch (error) {
      return engineFault(error instanceof Error ? error.message : String(error));
    }
  }
}

const fault = (code: TemplateCode, what: string): TemplateFault => new TemplateFault(code, undefined, what);
const GAVE_UP = fault("TEMPLATE", "not rendered");
const undefinedOf = (reference: string): string => `undefined value: ${reference}`;

function faultsOf(text: string): TemplateFault[] {
  const found: TemplateFault[] = [];
  if (text.trim() === "") found.push(fault("RENDERS_NOTHING", "renders to nothing"));
  const stray = text.split("\n").find((line) => hasStrayMark(line));
  if (stray !== undefined) found.push(fault("STRAY_MARK", "‹ or › outside a secret's token"));
  if (utf8(text).length > TEXT_BYTES_MAX) found.push(fault("TEXT_TOO_LARGE", "renders to more than 16 MiB"));
  return found;
}

const CODES: readonly (readonly [RegExp, TemplateCode])[] = [
  [/^syntax error/, "TEMPLATE_SYNTAX"],
  [/^undefined value/, "UNDEFINED_VARIABLE"],
  [/^unknown filter/, "UNKNOWN_FILTER"],
  [/^unknown test/, "UNKNOWN_TEST"],
  [/^unknown (?:function|method)/, "UNKNOWN_FUNCTION"],
  [/^template not found/, "INCLUDE"],
];

/** Line 12, `undefined value: site.asn`, out of the engine's multi-line report. */
function engineFault(message: string): TemplateFault {
  const lines = message.split("\n");
  const head = /^(?<what>.*) \(in \S+:(?<line>\d+)\)$/.exec(lines[0] ?? "")?.groups;
  const said = head?.["what"] ?? lines[0] ?? GAVE_UP.what;
  const code = CODES.find(([pattern]) => pattern.test(said))?.[1] ?? "TEMPLATE";
  if (!head) return fault(code, said);
  const at = lines.findIndex((line) => /^ {5}i {2,}\^+/.test(line));
  const caret = at === -1 ? null : /\^+/.exec(lines[at] ?? "");
  const quoted = caret ? (lines[at - 1] ?? "").slice(caret.index, caret.index + caret[0].length) : "";
  return new TemplateFault(code, Number(head["line"]), quoted === "" ? said : `${said}: ${quoted}`);
}

function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeperThan(depth - 1, member));
}

const ending = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
