import type { XmlChange } from "./diff.ts";
import type { Place, XmlLanguage } from "./language.ts";
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
/** What goes away, as `agent/verify/risk.ts` asks: `no ` and a line of the diff. */
const GONE = /^no (?:\{[^\}]*\}|[\w.\-]+:)?(?<name>[A-Za-z_][\w.\-]*)/v;

/** Tried on lines of the text, of what is sent, and on `no ` with what the diff removes: with the name alone, as a line knows no more. */
export function isDestructiveXml(language: XmlLanguage, line: string): boolean {
  const isNamed = (name: string | undefined): boolean =>
    name !== undefined && language.destructive.some((pattern) => pattern.test(name));
  if (isNamed(GONE.exec(line)?.groups?.["name"])) return true;
  for (const { groups } of line.matchAll(TAG)) {
    const attributes = groups?.["attributes"] ?? "";
    const isOff = [...language.metadata].some((name) => attributes.includes(` ${name}=`));
    if ((isOff || TAKES_AWAY.test(attributes)) && isNamed(groups?.["name"])) return true;
  }
  return false;
}
