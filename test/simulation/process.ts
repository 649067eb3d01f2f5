import type { Database } from "bun:sqlite";
import type { Migration } from "../../shared/sqlite.ts";
import { openDisk, type SimDatabase } from "./database.ts";
import { BIRTH_MS, type Environment } from "./environment.ts";
import { Crash, CrashingStore } from "./store.ts";

/** A process on its own machine: its memory dies with it, its disk does not. */
export abstract class SimProcess {
  readonly env: Environment;
  readonly name: string;
  readonly role: "agent" | "hub";
  readonly db: Database;
  readonly #disk: SimDatabase;
  #store: CrashingStore;
  up = false;
  crashes = 0;
  /** How far this machine's wall clock is off. */
  skewMs = 0;
  readonly #crashesMax: number;
  #boot = 0;

  constructor(env: Environment, name: string, role: "agent" | "hub", migrations: readonly Migration[]) {
    this.env = env;
    this.name = name;
    this.role = role;
    this.#crashesMax = env.random.integer(0, 8);
    this.#disk = openDisk(migrations);
    this.db = this.#disk.db;
    this.#store = this.#openStore();
  }

  get store(): CrashingStore {
    return this.#store;
  }

  /** Each process has a handle of its own. When it dies, all that it has under way dies at its next statement. */
  #openStore(): CrashingStore {
    const { env, role } = this;
    let dead = false;
    const store: CrashingStore = new CrashingStore(this.#disk.store, {
      dies: (point) => {
        const what =
          point === "statement" ? (`${role} crash at a statement` as const) : (`${role} crash ${point}` as const);
        dead ||= store !== this.#store || (this.mayCrash() && env.faults.fires(what));
        return dead;
      },
      committed: (label) => {
        env.trace(this.name, `committed ${label}`);
        this.onCommitted();
      },
    });
    return store;
  }

  /** The world is over: hundreds of them must not pile up in memory. */
  scrap(): void {
    this.up = false;
    this.db.close();
  }

  /** Milliseconds of this machine's wall clock. */
  get nowMs(): number {
    return BIRTH_MS + this.env.queue.nowMs + this.skewMs;
  }

  mayCrash(): boolean {
    return this.crashes < this.#crashesMax;
  }

  protected abstract onStart(): Promise<void>;
  protected abstract onDeath(): void;
  protected abstract onCommitted(): void;

  boot(delayMs: number): void {
    const boot = ++this.#boot;
    this.env.queue.at(delayMs, async () => {
      if (boot !== this.#boot) return;
      this.up = true;
      await this.perform("start", () => this.onStart());
    });
  }

  /** Something for this very process to do later; forgotten if the process dies before. */
  later(delayMs: number, what: string, fn: () => Promise<void>): void {
    const boot = this.#boot;
    this.env.queue.at(delayMs, async () => {
      if (boot === this.#boot && this.up) await this.perform(what, fn);
    });
  }

  async perform(what: string, fn: () => Promise<void>): Promise<void> {
    if (this.mayCrash() && this.env.faults.fires(`${this.role} crash between events`))
      return this.die(`before ${what}`);
    this.env.trace(this.name, what);
    try {
      await fn();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.die(error.message);
    }
  }

  die(why: string): void {
    this.env.trace(this.name, `DIES ${why}`);
    this.crashes++;
    this.up = false;
    this.#store = this.#openStore();
    this.onDeath();
    this.boot(this.env.random.integer(1_000, 20_000));
  }
}
