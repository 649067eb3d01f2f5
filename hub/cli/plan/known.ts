import { Environment } from "./engine.ts";

/** What the template engine has of its own, as it tells itself: no list of ours grows old. */
export interface KnownNames {
  readonly filters: ReadonlySet<string>;
  readonly tests: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

let known: KnownNames | undefined;

export function knownNames(): KnownNames {
  if (known) return known;
  const engine = new Environment();
  const shown = engine.renderStr("{{ debug() }}", {});
  engine.free();
  const members = (name: string, close: string): Set<string> => {
    const part = new RegExp(`^ {8}${name}: [\\[{]\\n(?<members>[\\s\\S]*?)^ {8}${close}`, "m").exec(shown);
    const quoted = (part?.groups?.["members"] ?? "").matchAll(/^ {12}"(?<member>[^"]+)"/gm);
    return new Set([...quoted].map(({ groups }) => groups?.["member"] ?? ""));
  };
  known = {
    filters: members("filters", "\\]"),
    tests: members("tests", "\\]"),
    functions: new Set([...members("globals", "\\}"), "secret"]),
  };
  return known;
}
