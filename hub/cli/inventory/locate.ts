import { isMap, isScalar, isSeq, type Document, type LineCounter, type Node, type Pair } from "yaml";

export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

type Path = readonly PropertyKey[];

function pairOf(node: Node, key: PropertyKey): Pair | undefined {
  return isMap(node)
    ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key))
    : undefined;
}

/** Where the value at a path stands; where it is missing, its nearest parent. */
function offsetOf(document: Document, path: Path): number {
  let node = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const key of path) {
    if (!node) break;
    const next: unknown = isSeq(node) && typeof key === "number" ? node.items[key] : pairOf(node, key)?.value;
    const child = isNode(next) ? next : undefined;
    if (!child) break;
    node = child;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}

/** Where a member's name stands: what an unknown member is pointed at. */
function keyOffset(document: Document, path: Path, key: string): number {
  let node: unknown = document.contents;
  for (const step of path) {
    if (!isNode(node)) break;
    node = isSeq(node) && typeof step === "number" ? node.items[step] : pairOf(node, step)?.value;
  }
  const pair = isNode(node) ? pairOf(node, key) : undefined;
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(document, path);
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "range" in value;

export class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  fault(path: Path, message: string): Fault {
    return this.at(offsetOf(this.#document, path), message);
  }

  faultAtKey(path: Path, key: string, message: string): Fault {
    return this.at(keyOffset(this.#document, path, key), message);
  }

  at(offset: number, message: string): Fault {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col, message };
  }
}
