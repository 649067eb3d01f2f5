/** `vtysh -C -f FILE`: the syntax of every line, and nothing else. A peer-group that is not there, or another AS, passes. */
import { emptyConfig, type Block } from "./config/config.ts";
import { grammarFor } from "./statements/index.ts";
import { Refusal } from "./statements/statement.ts";
import type { Match } from "./syntax.ts";
import { blockAt, keysTo, type Said } from "./vtysh.ts";

/** vtysh's own numbers of its modes. */
const NODES: Record<Block["mode"], (header: string) => number> = {
  config: () => 4,
  interface: () => 17,
  "router-bgp": () => 25,
  "bgp-af": (header) => (header.includes("ipv6") ? 31 : 27),
  "route-map": () => 59,
};

const WORDS: Record<Exclude<Match<unknown>["kind"], "matched">, { text: string; code: number; more: string }> = {
  unknown: { text: "Unknown command", code: 2, more: "" },
  ambiguous: { text: "Ambiguous command", code: 3, more: "\n" },
  incomplete: { text: "Command incomplete", code: 4, more: "\n" },
};

const INTEGRATED = /^(?:no +)?service +integrated-vtysh-config$/;

export function dryRun(text: string): Said {
  let scratch = emptyConfig();
  let path: readonly string[] = [];
  let err = "";
  let code = 0;
  for (const [at, line] of text.split("\n").entries()) {
    const words = line.trim();
    if (words === "" || /^[!#]/.test(words) || words === "end" || INTEGRATED.test(words)) continue;
    if (/^(?:exit|quit)$/.test(words) || (words === "exit-address-family" && path.length > 1)) {
      path = path.slice(0, -1);
      continue;
    }
    const found = lookUp(scratch, path, words);
    if (found.kind === "matched") {
      // Every block of the top is begun on a router that has none: what is there already is no matter of syntax.
      if (found.depth === 0) scratch = emptyConfig();
      const block = blockAt(scratch, path.slice(0, found.depth)) ?? scratch;
      const { command, args, words: typed } = found.typed;
      const effect = command.run({ config: scratch, block, hasInterface: () => false }, args, typed);
      path =
        effect === undefined || effect instanceof Refusal
          ? path.slice(0, found.depth)
          : (keysTo(scratch, effect) ?? []);
      continue;
    }
    const here = blockAt(scratch, path) ?? scratch;
    const { text: what, more, code: next } = WORDS[found.kind];
    err += `line ${at + 1}: % ${what}[${NODES[here.mode](here.header)}]: ${line}\n${more}`;
    code = next;
  }
  return { out: "", err, code };
}

type Found =
  | {
      kind: "matched";
      depth: number;
      typed: Extract<ReturnType<ReturnType<typeof grammarFor>["match"]>, { kind: "matched" }>["typed"];
    }
  | { kind: "unknown" | "ambiguous" | "incomplete" };

function lookUp(scratch: Block, path: readonly string[], words: string): Found {
  let first: Found | undefined;
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const block = blockAt(scratch, path.slice(0, depth));
    if (!block) continue;
    const match = grammarFor(block).match(words);
    if (match.kind === "matched") return { kind: "matched", depth, typed: match.typed };
    first ??= { kind: match.kind };
  }
  return first ?? { kind: "unknown" };
}
