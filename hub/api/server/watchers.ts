/** Wakes open event streams. It carries no data: whoever wakes reads the rows. */
export class Watchers {
  readonly #waiting = new Set<() => void>();

  /** Rows moved. */
  moved(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** `wake` is called once, at the next move; the answer takes it back. */
  onMove(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }
}
