/** The one order of everything that happens: by virtual time, then by when it was put in. */
interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => Promise<void>;
}

export class EventQueue {
  #heap: Entry[] = [];
  #order = 0;
  nowMs = 0;

  get size(): number {
    return this.#heap.length;
  }

  at(delayMs: number, run: () => Promise<void>): void {
    this.#heap.push({ atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run });
    this.#up(this.#heap.length - 1);
  }

  /** Runs the next event; false when there is none. */
  async step(): Promise<boolean> {
    const top = this.#heap[0];
    if (!top) return false;
    const last = this.#heap.pop();
    if (last && last !== top) {
      this.#heap[0] = last;
      this.#down(0);
    }
    this.nowMs = Math.max(this.nowMs, top.atMs);
    await top.run();
    return true;
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (!x || !y) return false;
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (!x || !y) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }

  #up(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(start: number): void {
    let at = start;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.#before(child, least)) least = child;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
