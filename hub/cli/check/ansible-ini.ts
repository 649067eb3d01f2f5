/**
 * An Ansible inventory in its INI form ("How to build your inventory"), which is no plain INI: hosts carry variables on their line, sections
 * end in `:vars` or `:children`, and groups may be named before they are written. It becomes the groups that the YAML form has.
 */
export interface IniGroup {
  hosts: Record<string, Record<string, string>>;
  vars: Record<string, string>;
  children: Record<string, IniGroup>;
}

export interface IniFault {
  readonly line: number;
  readonly message: string;
}

const LINES_MAX = 200_000;
const SECTION = /^\[(?<name>[\w.\-]{1,128})(?::(?<kind>\w{1,16}))?\]$/v;

/** Whether a text is in this form: it has a section header where YAML would have a list. */
export const isIni = (text: string): boolean => /^\[[\w.\-]{1,128}(?::(?:hosts|vars|children))?\]\s*$/mv.test(text);

interface Found {
  readonly hosts: Record<string, Record<string, string>>;
  readonly vars: Record<string, string>;
  readonly children: Set<string>;
}

type Kind = "hosts" | "vars" | "children";

export function readIni(text: string): { groups: Record<string, IniGroup>; faults: IniFault[] } {
  const faults: IniFault[] = [];
  const found = new Map<string, Found>();
  const groupOf = (name: string): Found => {
    const held = found.get(name) ?? { hosts: {}, vars: {}, children: new Set<string>() };
    found.set(name, held);
    return held;
  };
  let at: { group: Found; kind: Kind } = { group: groupOf("ungrouped"), kind: "hosts" };
  const lines = text.split("\n");
  if (lines.length > LINES_MAX) faults.push({ line: LINES_MAX, message: `more than ${LINES_MAX} lines` });
  lines.slice(0, LINES_MAX).forEach((raw, index) => {
    const line = raw.trim();
    const fault = (message: string): void => void faults.push({ line: index + 1, message });
    if (line === "" || line.startsWith("#") || line.startsWith(";")) return;
    if (line.startsWith("[") && !/^\[\d+:/v.test(line)) {
      const groups = SECTION.exec(line)?.groups;
      const kind = groups?.["kind"] ?? "hosts";
      if (groups?.["name"] === undefined || (kind !== "hosts" && kind !== "vars" && kind !== "children"))
        return fault(`${line.slice(0, 60)} is no section`);
      at = { group: groupOf(groups["name"]), kind };
      return;
    }
    switch (at.kind) {
      case "children":
        groupOf(line);
        at.group.children.add(line);
        return;
      case "vars": {
        const split = line.indexOf("=");
        if (split <= 0) return fault("a variable is written key=value");
        at.group.vars[line.slice(0, split).trim()] = unquoted(line.slice(split + 1).trim());
        return;
      }
      case "hosts": {
        const words = wordsOf(line);
        if (!words) return fault("a quote is not closed");
        const [host = "", ...rest] = words;
        const vars: Record<string, string> = { ...at.group.hosts[host] };
        for (const word of rest) {
          const split = word.indexOf("=");
          if (split <= 0) return fault(`${word.slice(0, 40)} is no key=value`);
          vars[word.slice(0, split)] = unquoted(word.slice(split + 1));
        }
        at.group.hosts[host] = vars;
        return;
      }
      default:
        at.kind satisfies never;
    }
  });
  return { groups: treeOf(found, faults), faults };
}

/** Blanks part words but within quotes; a `#` after a blank begins a comment. */
function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    if (quote !== "") {
      word += letter;
      if (letter === quote) quote = "";
    } else if (letter === '"' || letter === "'") {
      word += letter;
      quote = letter;
    } else if (/\s/v.test(letter)) {
      if (word !== "") words.push(word);
      word = "";
    } else if (letter === "#" && word === "" && at > 0) break;
    else word += letter;
  }
  if (quote !== "") return undefined;
  return word === "" ? words : [...words, word];
}

const unquoted = (value: string): string =>
  /^(?<quote>["'])(?<inner>.*)\k<quote>$/v.exec(value)?.groups?.["inner"] ?? value;

/** Groups that are nobody's child stand at the top, as in the YAML form. */
function treeOf(found: ReadonlyMap<string, Found>, faults: IniFault[]): Record<string, IniGroup> {
  const inner = new Set([...found.values()].flatMap(({ children }) => [...children]));
  const build = (name: string, above: readonly string[]): IniGroup => {
    const { hosts, vars, children } = found.get(name) ?? { hosts: {}, vars: {}, children: new Set<string>() };
    const below: Record<string, IniGroup> = {};
    for (const child of children) {
      if (above.includes(child) || child === name) faults.push({ line: 1, message: `${child} is a child of itself` });
      else below[child] = build(child, [...above, name]);
    }
    return { hosts, vars, children: below };
  };
  const tops = [...found.keys()].filter((name) => !inner.has(name));
  // Everybody is somebody's child: a circle, which has no top.
  if (tops.length === 1 && found.size > 1) faults.push({ line: 1, message: "the groups are children of each other" });
  return Object.fromEntries(
    tops
      .map((name) => [name, build(name, [])] as const)
      .filter(([name, group]) => name !== "ungrouped" || Object.keys(group.hosts).length > 0),
  );
}
