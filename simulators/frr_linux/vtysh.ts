/**
 * One vtysh: modes, a line at a time. A line that the mode does not know is offered to the modes above it (`interface eth0` within
 * `router bgp`), `do` runs an exec command, silence is assent. What is said comes with the exit code that `vtysh -c` has for it.
 */
import type { Block, Config, Daemon } from "./config/config.ts";
import { exec, type ExecCommand } from "./exec.ts";
import { grammarFor } from "./statements/index.ts";
import { Refusal, type Effect, type Statement } from "./statements/statement.ts";
import type { Match } from "./syntax.ts";

export interface Said {
  readonly out: string;
  readonly err: string;
  /** Of the exec form: 0, or why it stopped. */
  readonly code: number;
  /** This vtysh is over. */
  readonly isOver?: true;
}

export interface Typist {
  readonly user: string;
  /** How the lines come in: `terminal`, `frr-reload`, `boot`. */
  readonly via: string;
  /** The lines of one sitting are one apply. */
  readonly sitting: object;
}

/** What a vtysh talks to: the daemons, or what a file is read into. */
export interface Machine {
  readonly config: Config;
  readonly hostname: string;
  readonly isIntegrated: boolean;
  readonly alive: ReadonlySet<Daemon>;
  hasInterface(name: string): boolean;
  /** What stands against a line before anybody looks at what it says. */
  refusal(line: string): string | undefined;
  edit(
    typist: Typist,
    line: string,
    change: (config: Config) => Effect,
  ): { readonly effect: Effect; readonly config: Config };
  run(command: Asked, args: Args, vtysh: Vtysh): Said;
}

/** What the machine itself answers; the rest is the vtysh's own. */
export type Asked = Extract<ExecCommand, { kind: "write" | "show" | "nothing" }>;
type Args = Readonly<Record<string, string>>;

const PROMPTS: Record<Block["mode"], string> = {
  config: "(config)#",
  interface: "(config-if)#",
  "route-map": "(config-route-map)#",
  "router-bgp": "(config-router)#",
  "bgp-af": "(config-router-af)#",
};
export const SILENCE: Said = { out: "", err: "", code: 0 };
const out = (text: string, code = 1): Said => ({ out: text, err: "", code });

export const serviceLine = (isIntegrated: boolean): string =>
  `${isIntegrated ? "" : "no "}service integrated-vtysh-config`;

export class Vtysh {
  readonly machine: Machine;
  readonly typist: Typist;
  /** `service integrated-vtysh-config`: of this vtysh alone, which never writes its file. */
  service: string;
  /** Keys of the blocks down to where lines are typed; undefined: not in configuration mode. */
  #path: readonly string[] | undefined;

  /** `readsConf`: whether it may read vtysh.conf; if not, the line that stands there is not shown. */
  constructor(machine: Machine, typist: Typist, readsConf = true) {
    this.machine = machine;
    this.typist = typist;
    this.service = readsConf ? serviceLine(machine.isIntegrated) : "";
  }

  get mode(): "exec" | "config" {
    return this.#path === undefined ? "exec" : "config";
  }

  get prompt(): string {
    const block = this.#path && blockAt(this.machine.config, this.#path);
    return `${this.machine.hostname}${block ? PROMPTS[block.mode] : "#"} `;
  }

  line(text: string): Said {
    const words = text.trim();
    if (words === "" || /^[!#]/.test(words)) return SILENCE;
    const [first = "", ...rest] = words.split(/\s+/);
    if (first === "do" && rest.length > 0) return this.#exec(words.slice(2).trim(), text);
    return this.#path === undefined ? this.#exec(words, text) : this.#configure(words, text);
  }

  /** Straight into configuration mode, as a file is read. */
  configure(): this {
    this.#path = [];
    return this;
  }

  #exec(words: string, raw: string): Said {
    const [command = "", pipe] = words.split(/ *\| */, 2);
    const include = pipe === undefined ? undefined : /^include +(?<pattern>.+)$/.exec(pipe)?.groups?.["pattern"];
    if (pipe !== undefined && include === undefined) return out(`% Unknown action '${pipe.split(" ")[0] ?? ""}'\n`, 0);
    const match = exec.match(command);
    if (match.kind !== "matched") return said(match, raw);
    const answer = this.#run(match.typed.command, match.typed.args);
    return include === undefined ? answer : { ...answer, out: linesWith(answer.out, include) };
  }

  #run(command: ExecCommand, args: Args): Said {
    switch (command.kind) {
      case "configure":
        this.#path ??= [];
        return SILENCE;
      case "end":
        this.#path = undefined;
        return SILENCE;
      case "exit":
        return { ...SILENCE, isOver: true };
      case "write":
      case "show":
      case "nothing":
        return this.machine.run(command, args, this);
      default:
        return command satisfies never;
    }
  }

  #configure(words: string, raw: string): Said {
    const path = this.#path ?? [];
    if (/^(?:exit|quit)$/.test(words)) {
      this.#path = path.length === 0 ? undefined : path.slice(0, -1);
      return SILENCE;
    }
    if (words === "end") {
      this.#path = undefined;
      return SILENCE;
    }
    if (words === "exit-address-family" && blockAt(this.machine.config, path)?.mode === "bgp-af") {
      this.#path = path.slice(0, -1);
      return SILENCE;
    }
    const service = /^(?<no>no +)?service +integrated-vtysh-config$/.exec(words)?.groups;
    if (service) {
      this.service = serviceLine(service["no"] === undefined);
      this.#path = [];
      return SILENCE;
    }
    let first: Match<Statement> | undefined;
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const at = path.slice(0, depth);
      const block = blockAt(this.machine.config, at);
      if (!block) continue;
      const match = grammarFor(block).match(words);
      first ??= match;
      if (match.kind === "matched") return this.#take(at, match.typed, raw);
      if (match.kind !== "unknown") return said(match, raw);
    }
    return said(first ?? { kind: "unknown" }, raw);
  }

  #take(at: readonly string[], typed: Extract<Match<Statement>, { kind: "matched" }>["typed"], raw: string): Said {
    const { command, args, words } = typed;
    const down = command.owners.filter((owner) => !this.machine.alive.has(owner));
    if (down.length === command.owners.length)
      return { out: "", err: down.map((one) => `${one} is not running\n`).join(""), code: 1 };
    const refused = this.machine.refusal(raw);
    if (refused !== undefined) return out(`${refused}\n`);
    const taken = this.machine.edit(this.typist, raw, (config) => {
      const block = blockAt(config, at);
      if (!block) return undefined;
      return command.run({ config, block, hasInterface: (name) => this.machine.hasInterface(name) }, args, words);
    });
    if (taken.effect instanceof Refusal) {
      if (taken.effect.code === 0) this.#path = at;
      return out(`${taken.effect.text}\n`, taken.effect.code);
    }
    this.#path = taken.effect ? keysTo(taken.config, taken.effect) : at;
    return SILENCE;
  }
}

function said(match: Match<unknown>, raw: string): Said {
  switch (match.kind) {
    case "unknown":
      return out(`% Unknown command: ${raw}\n`);
    case "incomplete":
      return out(`% Command incomplete: ${raw}\n`);
    case "ambiguous":
      return out(`% Ambiguous command: ${raw}\n`);
    case "matched":
      return SILENCE;
    default:
      return match satisfies never;
  }
}

function linesWith(text: string, pattern: string): string {
  let wanted: RegExp;
  try {
    wanted = new RegExp(pattern, "i");
  } catch {
    return "";
  }
  return text
    .split("\n")
    .flatMap((line) => (wanted.test(line) && line !== "" ? [`${line}\n`] : []))
    .join("");
}

export function blockAt(config: Config, path: readonly string[]): Block | undefined {
  let block: Block | undefined = config;
  for (const key of path) block = block?.blocks.get(key);
  return block;
}

export function keysTo(config: Config, wanted: Block): string[] | undefined {
  for (const [key, child] of config.blocks) {
    if (child === wanted) return [key];
    const below = keysTo(child, wanted);
    if (below) return [key, ...below];
  }
  return undefined;
}
