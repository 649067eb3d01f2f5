import { FarhandError } from "../../../shared/errors.ts";
import { listOf, type Language, type MenuForm } from "../language.ts";
import { tokensIn } from "../token.ts";
import type { ConfigNode, SourceNode } from "../tree.ts";
import { printItem, readItem, type MenuLine } from "./item.ts";
import { defaultOf, type Held, MenuMerger, MenuTree, naming } from "./merge.ts";

/**
 * The lines that lead from one configuration to another: items that go are removed, the last menu first, so that nothing goes that another
 * still names; then menu by menu what is named alike is set, and what is missing is added, a rule right before the one that follows it.
 * TEXT_REFUSED where an item has a double, or where a value would have to go back to a default that is not known.
 */
export function menuRemediation(
  language: Language,
  form: MenuForm,
  before: readonly ConfigNode[],
  target: readonly SourceNode[],
): { readonly text: SourceNode[]; readonly after: ConfigNode[] } {
  const tree = new MenuTree(form, before);
  const merger = new MenuMerger(language, form, tree);
  const text: SourceNode[] = [];
  const type = (node: SourceNode): void => {
    if (merger.apply(node)) text.push(node);
  };
  const wanted = byMenu(form, target);
  for (const [menu, items] of [...tree.menus].reverse())
    for (const item of leaving(form, language, items, wanted.get(menu) ?? []).toReversed())
      type(made(`${menu} remove ${named(form, item, tree)}`));
  for (const [menu, lines] of wanted) {
    for (const line of unshown(form, tree.of(menu), lines)) type(made(line));
    for (const { item, node } of lines) settle(form, tree, { item, node }, type);
    const isOrdered = lines.some(({ node }) => listOf(language, "", node.line) !== undefined);
    for (const one of isOrdered ? lines.toReversed() : lines) place(language, form, tree, one, lines, type);
  }
  for (const [menu, items] of tree.menus)
    if (!wanted.has(menu)) for (const line of unshown(form, items, [])) type(made(line));
  return { text, after: tree.nodes() };
}

interface Wanted {
  readonly item: MenuLine;
  readonly node: SourceNode;
}

function byMenu(form: MenuForm, target: readonly SourceNode[]): Map<string, Wanted[]> {
  const out = new Map<string, Wanted[]>();
  for (const node of target) {
    const item = readItem(form, node.line);
    if (!item || (item.verb !== "add" && item.verb !== "set"))
      throw new FarhandError(
        "TEXT_REFUSED",
        `line ${node.source.number}: not what an export shows: ${node.line.slice(0, 120)}`,
      );
    const list = out.get(item.menu) ?? [];
    out.set(item.menu, list);
    list.push({ item, node });
  }
  return out;
}

const keysOf = (form: MenuForm, menu: string): readonly string[] => form.keys[menu] ?? ["name"];

/** Whether both are the same thing, whatever else they say. */
function isNamedAlike(form: MenuForm, a: MenuLine, b: MenuLine): boolean {
  const keys = keysOf(form, a.menu);
  return keys.every((key) => a.props.has(key) && a.props.get(key) === b.props.get(key));
}

/** Items that are added nowhere in the target; a rule whose place is another one leaves too, and comes back. */
function leaving(form: MenuForm, language: Language, items: readonly Held[], wanted: readonly Wanted[]): Held[] {
  const out: Held[] = [];
  const order: number[] = [];
  const kept: Held[] = [];
  for (const item of items) {
    if (item.verb !== "add") continue;
    const line = printItem(item);
    const at = wanted.findIndex(({ node }) => node.line === line);
    if (at >= 0) {
      order.push(at);
      kept.push(item);
    } else if (!wanted.some(({ item: other }) => other.verb === "add" && settable(form, item, other))) out.push(item);
  }
  const [first] = kept;
  if (!first || listOf(language, "", printItem(first)) === undefined) return out;
  // Those that stand out of order behind one that comes later in the target.
  let last = -1;
  for (const [at, item] of kept.entries()) {
    if ((order[at] ?? 0) < last) out.push(item);
    else last = order[at] ?? last;
  }
  return out;
}

/** Whether `set` leads from one to the other: by name, no secret to be told, no default to be guessed. */
function settable(form: MenuForm, from: MenuLine, to: MenuLine): boolean {
  if (!isNamedAlike(form, from, to)) return false;
  const changed = [...to.props].filter(([key, value]) => from.props.get(key) !== value);
  const gone = [...from.props.keys()].filter((key) => !to.props.has(key));
  return (
    changed.every(([, value]) => tokensIn(value).length === 0) &&
    gone.every((key) => key === "comment" || defaultOf(form, from.menu, key) !== undefined)
  );
}

function named(form: MenuForm, item: Held, tree: MenuTree): string {
  const name = naming(form, item, tree.of(item.menu));
  if (name === undefined)
    throw new FarhandError(
      "TEXT_REFUSED",
      `an item that cannot be told from another: ${printItem(item).slice(0, 120)}`,
    );
  return name;
}

/** Settings that the target does not show: back to their defaults. */
function unshown(form: MenuForm, items: readonly Held[], wanted: readonly Wanted[]): string[] {
  return items.flatMap((item) => {
    if (item.verb !== "set") return [];
    const twin = wanted.find(({ item: other }) => other.verb === "set" && other.selector === item.selector)?.item;
    const gone = [...item.props.keys()].filter((key) => twin?.props.has(key) !== true);
    if (gone.length === 0) return [];
    const selector = item.selector === undefined ? "" : ` ${item.selector}`;
    return [`${item.menu} set${selector} ${gone.map((key) => `${key}=${resetOf(form, item, key)}`).join(" ")}`];
  });
}

function resetOf(form: MenuForm, { menu }: MenuLine, key: string): string {
  const value = key === "comment" ? '""' : defaultOf(form, menu, key);
  if (value === undefined)
    throw new FarhandError("TEXT_REFUSED", `the default of ${key} in ${menu} is not known: say it in the text`);
  return value;
}

/** What is there under another wording is set. */
function settle(form: MenuForm, tree: MenuTree, { item, node }: Wanted, type: (node: SourceNode) => void): void {
  if (item.verb === "set") {
    const there = tree.of(item.menu).find((one) => one.verb === "set" && one.selector === item.selector);
    if (!there || printItem(there) !== node.line) type(node);
    return;
  }
  const items = tree.of(item.menu);
  if (items.some((one) => printItem(one) === node.line)) return;
  const there = items.find((one) => one.verb === "add" && settable(form, one, item));
  if (!there) return;
  const changed = [...item.props].filter(([key, value]) => there.props.get(key) !== value);
  const gone = [...there.props.keys()].filter((key) => !item.props.has(key));
  const words = [
    ...changed.map(([key, value]) => `${key}=${value}`),
    ...gone.map((key) => `${key}=${resetOf(form, item, key)}`),
  ];
  type(made(`${item.menu} set ${named(form, there, tree)} ${words.join(" ")}`));
}

/** What is missing is added: rules from the last to the first, each right before the one behind it. */
function place(
  language: Language,
  form: MenuForm,
  tree: MenuTree,
  { item, node }: Wanted,
  lines: readonly Wanted[],
  type: (node: SourceNode) => void,
): void {
  if (item.verb !== "add" || tree.of(item.menu).some((one) => printItem(one) === node.line)) return;
  const next = lines[lines.findIndex((one) => one.node === node) + 1];
  const ordered = listOf(language, "", node.line) !== undefined;
  const behind = ordered && next ? tree.of(item.menu).find((one) => printItem(one) === next.node.line) : undefined;
  if (!behind) return type(node);
  type(made(`${node.line} place-before=${named(form, behind, tree)}`));
}

const made = (line: string): SourceNode => ({
  line,
  children: [],
  source: { number: 0, indent: 0, text: line, body: undefined, block: undefined },
});
