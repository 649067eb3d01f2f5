import type { Clock } from "../../shared/clock.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, HopId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import { addRefusedLogin, isStopped, refusedLogins, stopCredential } from "../journal/logins.ts";

/** Refusals further back than this do not count: AAA servers forget them too. */
const WINDOW_MS = 60 * 60_000;
/** A login that held proves its version for this long; until one does, and after a refusal, few are tried at once. */
const PROVED_MS = 60_000;

export interface LoginUse {
  readonly name: CredentialName;
  readonly version: number;
  /** What refuses it: for the record. */
  readonly device: DeviceId | HopId;
  readonly signal: AbortSignal;
}

export interface LoginsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Refused logins of one credential, all devices together, after which it is used nowhere. */
  readonly refusedMax: () => number;
  readonly stopped: (name: CredentialName, version: number) => void;
}

interface Account {
  /** Logins under way: any of them may yet be refused. */
  flying: number;
  proved: { readonly version: number; readonly atMs: number } | undefined;
  last: Promise<unknown>;
  readonly waiting: Set<() => void>;
}

/**
 * Keeps a wrong password from locking an account. What was refused and what may yet be refused never exceed the budget together: with no
 * proof that the credential holds, or after a refusal, only so many log in at once as refusals are left. Refusals are on disk before
 * the next login starts, so that a restart forgets none.
 */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #accounts = new Map<CredentialName, Account>();

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** Runs one login. CREDENTIAL_STOPPED, before anything is sent, when the budget is spent. */
  async open<T>(use: LoginUse, login: () => Promise<T>): Promise<T> {
    const account = this.#accountOf(use.name);
    await this.#enter(account, use);
    try {
      const session = await login();
      account.proved = { version: use.version, atMs: this.#options.clock.monotonicMs() };
      return session;
    } catch (error) {
      if (errorCode(error) === "LOGIN_REFUSED") await this.#refused(account, use);
      throw error;
    } finally {
      account.flying--;
      this.#wake(account);
    }
  }

  /** A newer version came, or a person released it: those that wait look again. */
  changed(name: CredentialName): void {
    const account = this.#accounts.get(name);
    if (account) this.#wake(account);
  }

  async #enter(account: Account, use: LoginUse): Promise<void> {
    for (;;) {
      use.signal.throwIfAborted();
      const { promise: changed, resolve } = Promise.withResolvers<void>();
      account.waiting.add(resolve);
      try {
        if (await this.#serial(account, () => this.#tryEnter(account, use))) return;
        await orAborted(changed, use.signal);
      } finally {
        account.waiting.delete(resolve);
      }
    }
  }

  async #tryEnter(account: Account, { name, version }: LoginUse): Promise<boolean> {
    const { store, clock, refusedMax } = this.#options;
    const nowMs = clock.nowMs();
    const { isOver, refused } = await store.read(async (tx) => ({
      isOver: await isStopped(tx, name, version),
      refused: await refusedLogins(tx, { name, version }, { sinceMs: nowMs - WINDOW_MS, nowMs }),
    }));
    if (isOver) throw new FarhandError("CREDENTIAL_STOPPED", name);
    const { proved } = account;
    const holds = proved?.version === version && clock.monotonicMs() - proved.atMs < PROVED_MS;
    const left = refused === 0 && holds ? Number.POSITIVE_INFINITY : refusedMax() - refused - account.flying;
    if (left <= 0) {
      // Nothing flies that could settle it: a budget that was narrowed meanwhile is spent.
      if (account.flying === 0) throw new FarhandError("CREDENTIAL_STOPPED", name);
      return false;
    }
    account.flying++;
    return true;
  }

  /** On disk before the login counts as over. */
  async #refused(account: Account, { name, version, device }: LoginUse): Promise<void> {
    const { store, clock, refusedMax, stopped } = this.#options;
    account.proved = undefined;
    const isSpent = await this.#serial(account, () =>
      store.tx("login-refused", async (tx) => {
        const nowMs = clock.nowMs();
        await addRefusedLogin(tx, { name, version, device, atMs: nowMs });
        const refused = await refusedLogins(tx, { name, version }, { sinceMs: nowMs - WINDOW_MS, nowMs });
        if (refused < refusedMax()) return false;
        await stopCredential(tx, { name, version, atMs: nowMs });
        return true;
      }),
    );
    if (isSpent) stopped(name, version);
  }

  /** One look at an account after the other, so that two do not take the same last try. */
  #serial<T>(account: Account, act: () => Promise<T>): Promise<T> {
    const mine = account.last.then(act);
    account.last = mine.catch(() => undefined);
    return mine;
  }

  #wake(account: Account): void {
    for (const resolve of account.waiting) resolve();
  }

  #accountOf(name: CredentialName): Account {
    let account = this.#accounts.get(name);
    if (!account) {
      account = { flying: 0, proved: undefined, last: Promise.resolve(), waiting: new Set() };
      this.#accounts.set(name, account);
    }
    return account;
  }
}

function orAborted(changed: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void changed.then(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
  });
}
