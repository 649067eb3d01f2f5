/**
 * Candidates by name, as the management server keeps them ("Configuration candidates", SR Linux Configuration Basics Guide): shared ones,
 * private ones, exclusive use of a shared one, each with the baseline that it was made from. A candidate belongs to its name and not to the
 * session that made it: what was not committed or discarded is still there for the next who enters.
 */
import type { Datastores, Holder } from "../kit/datastores.ts";
import { deltaLines, rebase } from "./diff.ts";
import { ROOT } from "./model/root.ts";
import { applyText } from "./reader.ts";
import { cloneBranch, sameItem, type Branch } from "./tree.ts";
import { violations } from "./validate.ts";

export interface Candidate {
  readonly name: string;
  readonly kind: "shared" | "private";
  readonly owner: string;
  readonly startedAtMs: number;
  tree: Branch;
  baseline: Branch;
  exclusive: Holder | undefined;
  readonly sessions: Map<number, Holder>;
}

export interface EnterRequest {
  readonly kind: "shared" | "private" | "exclusive";
  readonly name?: string | undefined;
}

export type Entered =
  | { readonly kind: "entered"; readonly candidate: Candidate; readonly notice: string }
  | { readonly kind: "refused"; readonly message: string };

export type Outcome = { readonly kind: "done" } | { readonly kind: "refused"; readonly message: string };

/** "The maximum number of candidates": ten. */
const CANDIDATES_MAX = 10;

export class Candidates {
  readonly #store: Datastores<Branch>;
  readonly #byName = new Map<string, Candidate>();
  #resets = 0;
  #staged: object | undefined;
  /** Of the commit that waits: stays open until that is settled. */
  #waiting: string | undefined;

  /** Told of what ran before each commit, once it is in force. */
  readonly #committed: (before: Branch) => void;

  constructor(store: Datastores<Branch>, committed: (before: Branch) => void) {
    this.#store = store;
    this.#committed = committed;
  }

  get all(): readonly Candidate[] {
    this.#sync();
    return [...this.#byName.values()];
  }

  enter(holder: Holder, request: EnterRequest): Entered {
    this.#sync();
    const kind = request.kind === "private" ? "private" : "shared";
    const name = request.name ?? (kind === "private" ? `private-${holder.user}` : "default");
    const there = this.#byName.get(name);
    if (there === undefined && this.#byName.size >= CANDIDATES_MAX)
      return refused(`Error: Maximum number of candidates (${CANDIDATES_MAX}) reached`);
    if (there !== undefined && there.kind !== kind)
      return refused(`Error: Candidate '${name}' is a ${there.kind} candidate`);
    if (there?.kind === "private" && there.owner !== holder.user)
      return refused(`Error: Candidate '${name}' belongs to user '${there.owner}'`);
    const candidate = there ?? this.#make(name, kind, holder.user);
    const why = this.#stands(candidate, holder, request.kind === "exclusive");
    if (why !== undefined) return refused(why);
    if (request.kind === "exclusive") candidate.exclusive = holder;
    candidate.sessions.set(holder.sessionId, holder);
    this.#byName.set(name, candidate);
    return { kind: "entered", candidate, notice: this.isDirty(candidate) ? `Candidate '${name}' is not empty\n` : "" };
  }

  /** Why this user may not come in, with the name of who is in the way. */
  #stands(candidate: Candidate, holder: Holder, exclusively: boolean): string | undefined {
    const { name, exclusive } = candidate;
    if (exclusive !== undefined && exclusive.sessionId !== holder.sessionId)
      return `Error: Candidate '${name}' is in exclusive use by user '${exclusive.user}' (session ${exclusive.sessionId})`;
    if (!exclusively) return undefined;
    const other = [...candidate.sessions.values()].find(({ sessionId }) => sessionId !== holder.sessionId);
    if (other)
      return `Error: Cannot enter exclusive mode, candidate '${name}' is in use by user '${other.user}' (session ${other.sessionId})`;
    if (this.isDirty(candidate))
      return `Error: Cannot enter exclusive mode, candidate '${name}' was modified by user '${candidate.owner}'`;
    return undefined;
  }

  /** One that no other session can enter, for a request that is a transaction by itself. */
  ephemeral(user: string): Candidate {
    return this.#make(`private-${user}`, "private", user);
  }

  #make(name: string, kind: "shared" | "private", owner: string): Candidate {
    const tree = cloneBranch(this.#store.running);
    return {
      name,
      kind,
      owner,
      startedAtMs: this.#store.clock.nowMs(),
      tree,
      baseline: cloneBranch(this.#store.running),
      exclusive: undefined,
      sessions: new Map(),
    };
  }

  leave(candidate: Candidate, sessionId: number): void {
    candidate.sessions.delete(sessionId);
    if (candidate.exclusive?.sessionId === sessionId) candidate.exclusive = undefined;
    this.#sync();
  }

  isDirty(candidate: Candidate): boolean {
    return !sameItem(candidate.tree, candidate.baseline);
  }

  /** Somebody else changed what runs since this candidate was made. */
  isOutdated(candidate: Candidate): boolean {
    return !sameItem(candidate.baseline, this.#store.running);
  }

  discard(candidate: Candidate): void {
    candidate.tree = cloneBranch(this.#store.running);
    candidate.baseline = cloneBranch(this.#store.running);
  }

  /** `baseline update`: one's own changes on top of what runs now. */
  update(candidate: Candidate): Outcome {
    const merged = rebase(candidate.tree, candidate.baseline, this.#store.running, ROOT);
    if (merged.kind === "conflict") return { kind: "refused", message: conflict(merged.line) };
    candidate.tree = merged.tree;
    candidate.baseline = cloneBranch(this.#store.running);
    return { kind: "done" };
  }

  validate(candidate: Candidate): Outcome {
    const merged = rebase(candidate.tree, candidate.baseline, this.#store.running, ROOT);
    if (merged.kind === "conflict") return { kind: "refused", message: conflict(merged.line) };
    const wrong = violations(merged.tree);
    if (wrong.length === 0) return { kind: "done" };
    const told = wrong.map(({ path, why }) => `Error in path: ${path}\n    ${why}`).join("\n");
    return { kind: "refused", message: `Error: ${told}` };
  }

  commit(candidate: Candidate, holder: Holder, via: string, timeoutMs?: number): Outcome {
    const { pending } = this.#store;
    if (pending)
      return { kind: "refused", message: `Error: Commit confirmed by user '${pending.user}' is in progress` };
    const valid = this.validate(candidate);
    if (valid.kind === "refused") return valid;
    const merged = rebase(candidate.tree, candidate.baseline, this.#store.running, ROOT);
    if (merged.kind === "conflict") return { kind: "refused", message: conflict(merged.line) };
    const before = this.#store.running;
    this.#waiting = timeoutMs === undefined ? undefined : candidate.name;
    this.#store.commit({
      holder,
      next: merged.tree,
      via,
      lines: deltaLines(this.#store.running, merged.tree, ROOT),
      // Not bound to its session: any session may accept or reject it.
      ...(timeoutMs === undefined ? {} : { confirm: { timeoutMs, boundToSession: false } }),
    });
    this.discard(candidate);
    this.#committed(before);
    return { kind: "done" };
  }

  clear(name: string): boolean {
    this.#sync();
    const there = this.#byName.get(name);
    if (there === undefined) return false;
    this.discard(there);
    this.#sync();
    return true;
  }

  /** What the world did in between: a boot forgets candidates, and an empty one that nobody is in goes by itself. */
  #sync(): void {
    const resets = this.#store.events.filter(({ kind }) => kind === "rebooted" || kind === "wiped").length;
    if (resets !== this.#resets) this.#byName.clear();
    this.#resets = resets;
    const fault = this.#store.faults.get("stale-candidate");
    if (fault !== undefined && fault !== this.#staged) {
      this.#staged = fault;
      const shared = this.#make("default", "shared", fault.by);
      applyText(shared.tree, ROOT, fault.lines.join("\n"));
      this.#byName.set("default", shared);
    }
    const shared = this.#byName.get("default");
    if (shared && fault?.locked === true) shared.exclusive = { sessionId: 0, user: fault.by };
    else if (shared?.exclusive?.sessionId === 0) shared.exclusive = undefined;
    for (const [name, candidate] of this.#byName) {
      const waits = name === this.#waiting && this.#store.pending !== undefined;
      if (candidate.sessions.size === 0 && candidate.exclusive === undefined && !waits && !this.isDirty(candidate))
        this.#byName.delete(name);
    }
  }
}

function refused(message: string): Entered {
  return { kind: "refused", message };
}

function conflict(line: string): string {
  return `Error: Baseline is out of date, and the running datastore has a conflicting change at '${line}'. Use 'baseline diff' to see it`;
}
