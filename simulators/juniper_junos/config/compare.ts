/**
 * `show | compare`. Indents as recorded: a leaf stands one blank deeper than its level, a container or an entry two
 * (`[edit system]`/`-  host-name a;`, `[edit interfaces ge-0/0/1 unit 0]`/`+     family inet {`).
 */
import { head, printStatement } from "./print.ts";
import { find, nameWords, orderOf, sameKeys, type Config, type Path, type Statement } from "./tree.ts";

interface Out {
  readonly lines: string[];
  header: string | undefined;
}

function put(out: Out, depth: number, path: readonly string[], sign: string, statement: Statement): void {
  const { kind } = statement.schema;
  const deep = kind === "leaf" || kind === "leaf-list" || kind === "flag" ? depth + 1 : depth + 2;
  header(out, path);
  for (const line of printStatement(statement, deep)) out.lines.push(`${sign}${line}`);
}

function header(out: Out, path: readonly string[]): void {
  const text = path.length === 0 ? "[edit]" : `[edit ${path.join(" ")}]`;
  if (out.header === text) return;
  out.header = text;
  out.lines.push(text);
}

/** Both sides' statements in one order: the new side's, with what is gone where it stood. */
function merged(before: Statement, after: Statement): Statement[] {
  const order = [...after.children];
  let behind: Statement | undefined;
  for (const old of before.children) {
    const still = find(after, old.schema, old.keys);
    if (still) {
      behind = still;
      continue;
    }
    order.splice(behind ? order.indexOf(behind) + 1 : 0, 0, old);
    behind = old;
  }
  return order;
}

function compareInto(out: Out, before: Statement, after: Statement, path: readonly string[], depth: number): void {
  for (const statement of merged(before, after)) {
    const old = find(before, statement.schema, statement.keys);
    const now = find(after, statement.schema, statement.keys);
    if (old && now) compareBoth(out, old, now, path, depth);
    else if (old) put(out, depth, path, "-", old);
    else if (now) {
      context(out, after, now, path, depth);
      put(out, depth, path, "+", now);
    }
  }
  moved(out, before, after, path, depth);
}

/** What a new term stands behind, where order counts. */
function context(out: Out, parent: Statement, made: Statement, path: readonly string[], depth: number): void {
  if (!made.schema.ordered) return;
  const siblings = parent.children.filter((child) => child.schema === made.schema);
  const previous = siblings[siblings.indexOf(made) - 1];
  if (!previous) return;
  header(out, path);
  out.lines.push(` ${" ".repeat(depth + 2)}${short(previous)}`);
}

function short(statement: Statement): string {
  return statement.children.length > 0 ? `${head(statement)} { ... }` : `${head(statement)};`;
}

function moved(out: Out, before: Statement, after: Statement, path: readonly string[], depth: number): void {
  const [was, is] = [orderOf(before), orderOf(after)];
  const old = was.filter((key) => is.includes(key));
  const now = is.filter((key) => was.includes(key));
  if (sameKeys(old, now)) return;
  header(out, path);
  for (const statement of after.children) {
    const key = `${statement.schema.at} ${statement.keys.join(" ")}`;
    if (!statement.schema.ordered || !now.includes(key)) continue;
    const sign = old.indexOf(key) === now.indexOf(key) ? " " : "!";
    out.lines.push(`${sign}${" ".repeat(depth + 2)}${short(statement)}`);
  }
}

function compareBoth(out: Out, old: Statement, now: Statement, path: readonly string[], depth: number): void {
  if (old.inactive !== now.inactive) {
    out.header = undefined;
    header(out, path);
    out.lines.push(`!${" ".repeat(depth + 3)}${now.inactive ? "inactive" : "active"}: ${short(now)}`);
  }
  if (!sameKeys(old.values, now.values)) {
    put(out, depth, path, "-", { ...old, inactive: false, children: [] });
    put(out, depth, path, "+", { ...now, inactive: false, children: [] });
    return;
  }
  if (now.schema.oneLine) {
    const [was, is] = [printStatement(old).join(" "), printStatement(now).join(" ")];
    if (was === is || old.inactive !== now.inactive) return;
    put(out, depth, path, "-", old);
    put(out, depth, path, "+", now);
    return;
  }
  compareInto(out, old, now, [...path, ...nameWords(now)], depth + 1);
}

/** Empty where nothing differs, else lines with an end. `path`: only what stands under it. */
export function compareText(before: Config, after: Config, path: Path = []): string {
  const out: Out = { lines: [], header: undefined };
  let [old, now]: [Statement | undefined, Statement | undefined] = [before, after];
  for (const step of path) {
    old = old && find(old, step.schema, step.keys);
    now = now && find(now, step.schema, step.keys);
  }
  const nothing = (like: Statement): Statement => ({ ...like, children: [], values: [] });
  const one = old ?? now;
  if (!one) return "";
  compareInto(out, old ?? nothing(one), now ?? nothing(one), path.flatMap(nameWords), path.length);
  return out.lines.length === 0 ? "" : `${out.lines.join("\n")}\n`;
}
