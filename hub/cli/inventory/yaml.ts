import { Document, isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { Places, type Fault } from "./locate.ts";

/** YAML 1.2 as a person wrote it: what it says, or where it is none. */
export interface YamlText {
  readonly places: Places;
  /** In the library's own order; when there are some, there is no value. */
  readonly faults: readonly Fault[];
  readonly value: unknown;
}

/** An alias may stand for much: beyond this many nodes it is a bomb and no file of ours. */
const ALIASES_MAX = 1000;

/**
 * Core schema only: no tag of anybody makes anything but plain data. The library's own check for members that stand twice looks at every
 * pair, and its pretty errors quote the source once for each: with either a file of 60 KB takes seconds.
 */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  try {
    return read(text, lines);
  } catch (error) {
    // Its parser calls itself once for each level; what it resolves aliases with gives up by throwing.
    const message =
      error instanceof RangeError ? "nested too deeply" : error instanceof Error ? error.message : "no YAML";
    return { places: new Places(new Document(), lines), faults: [{ line: 1, column: 1, message }], value: undefined };
  }
}

function read(text: string, lines: LineCounter): YamlText {
  const document = parseDocument(text, {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    uniqueKeys: false,
    prettyErrors: false,
    merge: false,
    customTags: [],
  });
  const places = new Places(document, lines);
  const faults = [...document.errors, ...document.warnings].map((error) => places.at(error.pos[0], error.message));
  if (faults.length === 0) faults.push(...twice(document, places));
  const value: unknown = faults.length > 0 ? undefined : document.toJS({ maxAliasCount: ALIASES_MAX });
  return { places, faults, value };
}

function twice(document: Document, places: Places): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Map: (_, node) => {
      if (!isMap(node)) return;
      const seen = new Set<string>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) faults.push(places.at(key.range?.[0] ?? 0, "Map keys must be unique"));
        seen.add(name);
      }
    },
  });
  return faults;
}
