/**
 * How FRR takes a typed line (FRR manual, "Command Line Interface"): words by unique abbreviation, values by their form, what is in
 * `[…]` may be left out, `<a|b>` is a choice, `{a|b}` any of them in any order, and `LINE...` the rest. Every command of a mode is one
 * automaton; a line leads through all of them at once.
 *
 * Variables: `A.B.C.D`, `A.B.C.D/M`, `X:X::X:X`, `X:X::X:X/M`, `(1-9)`, `AA:NN`, `WORD` (or any other word in capitals) and `LINE...`;
 * `NAME$key` gives what was typed as `args.key`.
 */
export interface Typed<Command> {
  readonly command: Command;
  /** Keywords in full, values as typed. */
  readonly words: readonly string[];
  readonly args: Readonly<Record<string, string>>;
}

export type Match<Command> =
  | { readonly kind: "matched"; readonly typed: Typed<Command> }
  | { readonly kind: "unknown" | "incomplete" | "ambiguous" };

interface Edge {
  readonly word: string;
  /** The name under which the word is given on. */
  readonly name: string | undefined;
  readonly to: number;
}

interface State<Command> {
  readonly edges: Edge[];
  readonly silent: number[];
  accepts?: Command;
}

interface Live {
  readonly state: number;
  readonly words: readonly string[];
  readonly args: Readonly<Record<string, string>>;
}

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);
const IPV4_PREFIX = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}\\/(?:3[0-2]|[12]?\\d)$`);
const IPV6_PREFIX = /^(?<address>[0-9a-fA-F:.]+)\/(?:12[0-8]|1[01]\d|\d?\d)$/;

export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":") || text.includes(":::")) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const count = groups.length + (isIpv4(last) ? 1 : 0);
  const isWellFormed = groups.every(
    (group, at) => /^[0-9a-fA-F]{1,4}$/.test(group) || (at === groups.length - 1 && isIpv4(group)),
  );
  return isWellFormed && (halves.length === 2 ? count < 8 : count === 8);
}

/** How well a value fits: a form of its own before any word. `undefined`: it is none. */
function fits(variable: string, text: string): "form" | "word" | undefined {
  const range = /^\((?<low>\d+)-(?<high>\d+)\)$/.exec(variable)?.groups;
  if (range) {
    if (!/^\d{1,20}$/.test(text)) return undefined;
    return Number(text) >= Number(range["low"]) && Number(text) <= Number(range["high"]) ? "form" : undefined;
  }
  switch (variable) {
    case "A.B.C.D":
      return isIpv4(text) ? "form" : undefined;
    case "A.B.C.D/M":
      return IPV4_PREFIX.test(text) ? "form" : undefined;
    case "X:X::X:X":
      return isIpv6(text) ? "form" : undefined;
    case "X:X::X:X/M": {
      const address = IPV6_PREFIX.exec(text)?.groups?.["address"];
      return address !== undefined && isIpv6(address) ? "form" : undefined;
    }
    case "RATE":
      return /^[+-]\d{1,10}$/.test(text) ? "form" : undefined;
    default:
      return "word";
  }
}

/** `WORD`, `A.B.C.D`, `(1-9)`; a keyword may begin with a capital (`Null0`). */
const isVariable = (word: string): boolean => /^(?:[A-Z](?![a-z])|\()/.test(word);
const isRest = (word: string): boolean => word.endsWith("...");

export class Grammar<Command> {
  readonly #states: State<Command>[] = [];
  readonly #start = this.#state();

  #state(): number {
    this.#states.push({ edges: [], silent: [] });
    return this.#states.length - 1;
  }

  add(syntax: string, command: Command): void {
    const tokens = syntax.match(/[<>[\]{}|]|[^\s<>[\]{}|]+/g) ?? [];
    let at = 0;
    const alternatives = (from: number, close: string): number => {
      const out = this.#state();
      for (;;) {
        const end = sequence(from);
        this.#link(end, out);
        const token = tokens[at++];
        if (token === close) return out;
        if (token !== "|") throw new Error(`${syntax}: ${close} is missing`);
      }
    };
    const sequence = (from: number): number => {
      let here = from;
      for (;;) {
        const token = tokens[at];
        if (token === undefined || token === "|" || token === ">" || token === "]" || token === "}") return here;
        at += 1;
        if (token === "<") here = alternatives(here, ">");
        else if (token === "[") {
          const out = alternatives(here, "]");
          this.#link(here, out);
          here = out;
        } else if (token === "{") {
          const loop = this.#state();
          this.#link(here, loop);
          this.#link(alternatives(loop, "}"), loop);
          here = loop;
        } else {
          const [word = "", name] = token.split("$");
          const to = this.#state();
          this.#states[here]?.edges.push({ word, name, to });
          here = to;
        }
      }
    };
    const first = this.#state();
    this.#link(this.#start, first);
    const last = this.#states[sequence(first)];
    if (!last || at < tokens.length) throw new Error(`${syntax}: ${tokens[at] ?? "?"} is out of place`);
    last.accepts = command;
  }

  #link(from: number, to: number): void {
    this.#states[from]?.silent.push(to);
  }

  /** Every state that can be reached without a word, in the order in which the commands were added. */
  #closed(live: readonly Live[]): Live[] {
    const seen = new Set<number>();
    const all: Live[] = [];
    const visit = (one: Live): void => {
      if (seen.has(one.state)) return;
      seen.add(one.state);
      all.push(one);
      for (const to of this.#states[one.state]?.silent ?? []) visit({ ...one, state: to });
    };
    for (const one of live) visit(one);
    return all;
  }

  match(line: string): Match<Command> {
    const tokens = line.split(/\s+/).filter((token) => token !== "");
    let live = this.#closed([{ state: this.#start, words: [], args: {} }]);
    for (const [at, token] of tokens.entries()) {
      const next = this.#step(live, token);
      if (next === "ambiguous") return { kind: "ambiguous" };
      const rests = live.flatMap((found) =>
        (this.#states[found.state]?.edges ?? [])
          .filter(
            ({ word }) =>
              isRest(word) && (word !== "ASN..." || tokens.slice(at).every((one) => /^\d{1,10}$/.test(one))),
          )
          .map((edge) => ({ one: found, edge })),
      );
      const [rest] = rests;
      if (next.length === 0 && rest) {
        const text = tokens.slice(at).join(" ");
        const { name, to } = rest.edge;
        live = this.#closed([
          {
            state: to,
            words: [...rest.one.words, text],
            args: name === undefined ? rest.one.args : { ...rest.one.args, [name]: text },
          },
        ]);
        break;
      }
      if (next.length === 0) return { kind: "unknown" };
      live = this.#closed(next);
    }
    for (const { state, words, args } of live) {
      const command = this.#states[state]?.accepts;
      if (command !== undefined) return { kind: "matched", typed: { command, words, args } };
    }
    return { kind: tokens.length === 0 ? "unknown" : "incomplete" };
  }

  #step(live: readonly Live[], token: string): Live[] | "ambiguous" {
    const found: Record<"exact" | "form" | "word" | "partial", { one: Live; edge: Edge; text: string }[]> = {
      exact: [],
      form: [],
      word: [],
      partial: [],
    };
    for (const one of live) {
      for (const edge of this.#states[one.state]?.edges ?? []) {
        if (isRest(edge.word)) continue;
        if (isVariable(edge.word)) {
          const kind = fits(edge.word, token);
          if (kind) found[kind].push({ one, edge, text: token });
        } else if (edge.word === token) found.exact.push({ one, edge, text: edge.word });
        else if (edge.word.startsWith(token)) found.partial.push({ one, edge, text: edge.word });
      }
    }
    // What stands in full, or has a form of its own, is that; an abbreviation yields to nothing but a free word.
    const best =
      found.exact.length > 0
        ? found.exact
        : found.form.length > 0
          ? found.form
          : found.partial.length > 0
            ? found.partial
            : found.word;
    if (best === found.partial && new Set(best.map(({ edge }) => edge.word)).size > 1) return "ambiguous";
    return best.map(({ one, edge, text }) => ({
      state: edge.to,
      words: [...one.words, text],
      args: edge.name === undefined ? one.args : { ...one.args, [edge.name]: text },
    }));
  }
}
