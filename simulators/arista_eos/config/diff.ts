/**
 * The unified diff that `show session-config diffs` prints. EOS's CLI is written in Python and its diffs are those of `difflib`,
 * which a recorded session proves: in texts of 200 lines and more, lines that occur often are no anchors, so that an interface
 * that keeps one common line still shows it as taken away and put back. Algorithm: the Python library reference, "difflib".
 */

interface Block {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

interface Change {
  readonly equal: boolean;
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

const AUTOJUNK_LINES = 200;
const CONTEXT_LINES = 3;

/** Where each line stands in `b`, without the lines that occur in more than one per cent of it. */
function anchorsOf(b: readonly string[]): Map<string, number[]> {
  const anchors = new Map<string, number[]>();
  for (const [at, line] of b.entries()) {
    const there = anchors.get(line);
    if (there) there.push(at);
    else anchors.set(line, [at]);
  }
  if (b.length < AUTOJUNK_LINES) return anchors;
  const most = Math.floor(b.length / 100) + 1;
  for (const [line, at] of anchors) if (at.length > most) anchors.delete(line);
  return anchors;
}

interface Window {
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

function longestIn(a: readonly string[], b: readonly string[], anchors: Map<string, number[]>, within: Window): Block {
  let best: Block = { a: within.aFrom, b: within.bFrom, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = within.aFrom; i < within.aTo; i += 1) {
    const next = new Map<number, number>();
    for (const j of anchors.get(a[i] ?? "") ?? []) {
      if (j < within.bFrom) continue;
      if (j >= within.bTo) break;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, length);
      if (length > best.size) best = { a: i - length + 1, b: j - length + 1, size: length };
    }
    lengths = next;
  }
  // Lines that are no anchors still belong to a block that they touch.
  let { a: from, b: at, size } = best;
  while (from > within.aFrom && at > within.bFrom && a[from - 1] === b[at - 1]) {
    from -= 1;
    at -= 1;
    size += 1;
  }
  while (from + size < within.aTo && at + size < within.bTo && a[from + size] === b[at + size]) size += 1;
  return { a: from, b: at, size };
}

function blocksOf(a: readonly string[], b: readonly string[]): Block[] {
  const anchors = anchorsOf(b);
  const found: Block[] = [];
  const open: Window[] = [{ aFrom: 0, aTo: a.length, bFrom: 0, bTo: b.length }];
  for (let within = open.pop(); within !== undefined; within = open.pop()) {
    const block = longestIn(a, b, anchors, within);
    if (block.size === 0) continue;
    found.push(block);
    if (within.aFrom < block.a && within.bFrom < block.b) open.push({ ...within, aTo: block.a, bTo: block.b });
    const aFrom = block.a + block.size;
    const bFrom = block.b + block.size;
    if (aFrom < within.aTo && bFrom < within.bTo) open.push({ ...within, aFrom, bFrom });
  }
  return found.toSorted((left, right) => left.a - right.a || left.b - right.b);
}

function changesOf(a: readonly string[], b: readonly string[]): Change[] {
  const changes: Change[] = [];
  let aAt = 0;
  let bAt = 0;
  for (const block of [...blocksOf(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (aAt < block.a || bAt < block.b)
      changes.push({ equal: false, aFrom: aAt, aTo: block.a, bFrom: bAt, bTo: block.b });
    aAt = block.a + block.size;
    bAt = block.b + block.size;
    const last = changes.at(-1);
    if (block.size > 0 && last?.equal === true) changes[changes.length - 1] = { ...last, aTo: aAt, bTo: bAt };
    else if (block.size > 0) changes.push({ equal: true, aFrom: block.a, aTo: aAt, bFrom: block.b, bTo: bAt });
  }
  return changes;
}

/** Changes with three lines of context each, in hunks that share no line. */
function hunksOf(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  let hunk: Change[] = [];
  for (const [at, change] of changes.entries()) {
    if (!change.equal) {
      hunk.push(change);
      continue;
    }
    const size = change.aTo - change.aFrom;
    const head = Math.min(CONTEXT_LINES, size);
    const isLast = at === changes.length - 1;
    if (hunk.length > 0 && size <= 2 * CONTEXT_LINES && !isLast) {
      hunk.push(change);
      continue;
    }
    if (hunk.length > 0) {
      hunk.push({ ...change, aTo: change.aFrom + head, bTo: change.bFrom + head });
      hunks.push(hunk);
    }
    hunk = isLast ? [] : [{ ...change, aFrom: change.aTo - head, bFrom: change.bTo - head }];
  }
  if (hunk.some((change) => !change.equal)) hunks.push(hunk);
  return hunks;
}

function rangeOf(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return `${from + 1}`;
  return `${length === 0 ? from : from + 1},${length}`;
}

/** Empty where nothing differs; otherwise lines that end with `\n`. */
export function unifiedDiff(a: readonly string[], b: readonly string[], names: { from: string; to: string }): string {
  const out = hunksOf(changesOf(a, b)).flatMap((hunk) => {
    const first = hunk[0];
    const last = hunk.at(-1);
    if (!first || !last) return [];
    return [
      `@@ -${rangeOf(first.aFrom, last.aTo)} +${rangeOf(first.bFrom, last.bTo)} @@`,
      ...hunk.flatMap((change) =>
        change.equal
          ? a.slice(change.aFrom, change.aTo).map((line) => ` ${line}`)
          : [
              ...a.slice(change.aFrom, change.aTo).map((line) => `-${line}`),
              ...b.slice(change.bFrom, change.bTo).map((line) => `+${line}`),
            ],
      ),
    ];
  });
  return out.length === 0 ? "" : `${[`--- ${names.from}`, `+++ ${names.to}`, ...out].join("\n")}\n`;
}
