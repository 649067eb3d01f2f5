import type { Finding } from "../../../shared/documents/receipt.ts";
import type { XmlChange } from "./diff.ts";
import { PATH_SEPARATOR, type Place, type XmlLanguage } from "./language.ts";
import type { XmlNode } from "./tree.ts";

/** What a change means for the way it must be run; the XML side of `../flags.ts`. */

const ADDRESS = "‹address›";
/** Where the device's management address is not known, every value counts as it. */
const ANY_ADDRESS = "\\S+";

export function xmlTouchesManagement(
  language: XmlLanguage,
  changes: readonly XmlChange[],
  trees: readonly (readonly XmlNode[])[],
  managementAddress: string | undefined,
): boolean {
  const carrying = elementsThatCarry(language, trees, managementAddress);
  const known = new Map<Place, boolean>();
  const isManagement = (place: Place): boolean => {
    let is = known.get(place);
    if (is === undefined) {
      is =
        language.management.some((rule) => "place" in rule && rule.place.test(place.path)) ||
        (place.up !== undefined && isManagement(place.up));
      known.set(place, is);
    }
    return is;
  };
  return changes.some(({ node, up }) => {
    if (isManagement(node.place) || carrying.has(node)) return true;
    for (let above = up; above; above = above.up)
      if ((above.before && carrying.has(above.before)) || (above.after && carrying.has(above.after))) return true;
    return false;
  });
}

/** Elements that hold the management path before or after. */
function elementsThatCarry(
  language: XmlLanguage,
  trees: readonly (readonly XmlNode[])[],
  managementAddress: string | undefined,
): Set<XmlNode> {
  const address =
    managementAddress === undefined ? ANY_ADDRESS : `(?<![\\w.:])${RegExp.escape(managementAddress)}(?![\\w.:])`;
  const rules = language.management.flatMap((rule) =>
    "section" in rule
      ? [{ section: rule.section, holds: new RegExp(rule.holds.replaceAll(ADDRESS, address), "v") }]
      : [],
  );
  const found = new Set<XmlNode>();
  const holds = (node: XmlNode, pattern: RegExp, path: string): boolean =>
    node.children.some((child) => {
      const own = path === "" ? child.name : `${path}/${child.name}`;
      return child.children.length === 0 ? pattern.test(`${own} ${child.value}`) : holds(child, pattern, own);
    });
  const walk = (nodes: readonly XmlNode[]): void => {
    for (const node of nodes) {
      if (node.children.length === 0) continue;
      for (const rule of rules) if (rule.section.test(node.place.path) && holds(node, rule.holds, "")) found.add(node);
      walk(node.children);
    }
  };
  if (rules.length > 0) trees.forEach(walk);
  return found;
}

/** An open tag, its name, and what it says about the whole element. */
const TAG = /<(?:[\w.\-]+:)?(?<name>[A-Za-z_][\w.\-]*)(?<attributes>[^<>]*)/gv;
const TAKES_AWAY = /operation\s*=\s*["'](?:delete|remove|replace)["']/v;
/** The name that begins a line of the diff. */
const GONE = /^(?:\{[^\}]*\}|[\w.\-]+:)?(?<name>[A-Za-z_][\w.\-]*)/v;

/**
 * `typed`: a line of the text or of what is sent. `removed`: a line that the diff takes away. Tried with the name alone, as a line knows no more.
 */
export function isDestructiveXml(language: XmlLanguage, line: string, how: "typed" | "removed" = "typed"): boolean {
  const isNamed = (name: string | undefined): boolean =>
    name !== undefined && language.destructive.some((pattern) => pattern.test(name));
  if (how === "removed") return isNamed(GONE.exec(line)?.groups?.["name"]);
  for (const { groups } of line.matchAll(TAG)) {
    const attributes = groups?.["attributes"] ?? "";
    const isOff = [...language.metadata].some((name) => attributes.includes(` ${name}=`));
    if ((isOff || TAKES_AWAY.test(attributes)) && isNamed(groups?.["name"])) return true;
  }
  return false;
}

/** Changed leaves that the platform file says end a session or take a link down for a moment, in what is there before and after. */
export function xmlResetWarnings(language: XmlLanguage, changes: readonly XmlChange[]): Finding[] {
  const details = new Set<string>();
  for (const { entry, node, up } of changes) {
    // What is new has no session to lose, and what goes is told by the diff.
    if (up?.before === undefined || up.after === undefined) continue;
    const rule = language.resets.find(({ path }) => path.test(node.place.path));
    if (rule) details.add(`${rule.what}: ${[...entry.path, node.name].join(PATH_SEPARATOR)}`.slice(0, DETAIL_MAX));
  }
  return [...details].map((detail) => ({ code: "SESSION_RESET", detail }));
}

const DETAIL_MAX = 300;
