/** What a device shows of values that nobody set (RFC 6243). */
import { DEFAULT_ATTRIBUTE } from "./names.ts";
import { childrenOf, type Schema, type SchemaNode } from "./schema.ts";
import { element, type XmlElement } from "./xml.ts";

export type DefaultsMode = "report-all" | "trim" | "explicit" | "report-all-tagged";

export function withDefaults(root: XmlElement, schema: Schema, mode: DefaultsMode): XmlElement {
  return mode === "explicit" ? root : shown(root, undefined, schema, mode);
}

function shown(
  of: XmlElement,
  node: SchemaNode | undefined,
  schema: Schema,
  mode: Exclude<DefaultsMode, "explicit">,
): XmlElement {
  const children: XmlElement[] = [];
  for (const one of of.children) {
    const known = schema.find(node, one);
    if (known?.kind === "leaf" && known.default !== undefined && known.default === one.text) {
      if (mode !== "trim") children.push(mode === "report-all-tagged" ? tagged(one) : one);
    } else children.push(known ? shown(one, known, schema, mode) : one);
  }
  if (mode !== "trim" && node)
    for (const missing of childrenOf(node)) {
      if (missing.kind !== "leaf" || missing.default === undefined) continue;
      if (of.children.some((one) => one.name === missing.name && one.ns === missing.ns)) continue;
      const made = element(missing.ns, missing.name, missing.default);
      children.push(mode === "report-all-tagged" ? tagged(made) : made);
    }
  return { ...of, children };
}

function tagged(of: XmlElement): XmlElement {
  return { ...of, attributes: [...of.attributes, { ns: DEFAULT_ATTRIBUTE, name: "default", value: "true" }] };
}
