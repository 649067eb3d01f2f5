/**
 * Credit: how many bytes of events an agent may have sent and this hub not committed. Bun's server WebSockets have no
 * back-pressure, so this is what bounds memory. Each session always keeps the floor, which one frame needs; what it gets
 * above that while it is busy comes from one budget of the whole hub and returns as it is committed.
 */
export const CREDIT_FLOOR_BYTES = 384 * 1024;
export const CREDIT_WINDOW_BYTES = 4 * 1024 * 1024;
export const CREDIT_BUDGET_BYTES = 64 * 1024 * 1024;

export class CreditBudget {
  #free: number;

  constructor(bytes: number = CREDIT_BUDGET_BYTES) {
    this.#free = bytes;
  }

  take(wanted: number): number {
    const taken = Math.max(0, Math.min(wanted, this.#free));
    this.#free -= taken;
    return taken;
  }

  giveBack(bytes: number): void {
    this.#free += bytes;
  }

  get freeBytes(): number {
    return this.#free;
  }
}

/** One session's account. All marks are absolute, counted from the session's begin. */
export class Credit {
  readonly #budget: CreditBudget;
  #granted = CREDIT_FLOOR_BYTES;
  #received = 0;
  #committed = 0;
  #borrowed = 0;

  constructor(budget: CreditBudget) {
    this.#budget = budget;
  }

  get granted(): number {
    return this.#granted;
  }

  /** False when the sender has exceeded what it was given. */
  receive(bytes: number): boolean {
    this.#received += bytes;
    return this.#received <= this.#granted;
  }

  /** Bytes are on disk. Returns the new mark when it is worth telling. */
  commit(bytes: number): number | undefined {
    this.#committed += bytes;
    const returned = Math.min(this.#borrowed, bytes);
    this.#borrowed -= returned;
    this.#budget.giveBack(returned);
    const unspent = this.#granted - this.#received;
    if (unspent > CREDIT_FLOOR_BYTES) return undefined;
    // It spent what it had: it is busy. Lend it more while the budget lasts.
    this.#borrowed += this.#budget.take(CREDIT_WINDOW_BYTES - CREDIT_FLOOR_BYTES - this.#borrowed);
    const mark = this.#committed + CREDIT_FLOOR_BYTES + this.#borrowed;
    if (mark <= this.#granted) return undefined;
    this.#granted = mark;
    return mark;
  }

  close(): void {
    this.#budget.giveBack(this.#borrowed);
    this.#borrowed = 0;
  }
}
