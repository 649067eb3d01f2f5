/** The candidate as one session sees it: the one that all share, or its own (RFC 6241 §8.3; SR OS `urn:nokia.com:nc:pc`). */
import type { Holder } from "../kit/datastores.ts";
import { applyEdit, type EditOptions, type EditResult } from "./edit.ts";
import { RpcError } from "./errors.ts";
import { leavesOf } from "./paths.ts";
import { parseConfig, type NetconfServer } from "./server.ts";
import { clone, type XmlElement } from "./xml.ts";

export class Workspace {
  readonly #server: NetconfServer;
  readonly #holder: Holder;
  readonly #own: boolean;
  /** What running was when the own candidate was made, and what was done to it since. */
  #base: XmlElement | undefined;
  #edits: { readonly config: XmlElement; readonly options: EditOptions }[] = [];
  #lines: string[] = [];
  /** Whether it was made whole by something else than edits, so that it cannot be brought over what others did. */
  #whole = false;

  constructor(server: NetconfServer, holder: Holder, own: boolean) {
    this.#server = server;
    this.#holder = holder;
    this.#own = own;
  }

  get own(): boolean {
    return this.#own;
  }

  /** What is to come into force at a commit. */
  get tree(): XmlElement {
    const { store } = this.#server;
    if (!this.#own) {
      this.meetOthers();
      return store.candidate?.tree ?? store.running;
    }
    if (!store.privates.has(this.#holder.sessionId)) {
      this.#base = clone(store.running);
      this.#edits = [];
      this.#lines = [];
      this.#whole = false;
    }
    return store.private(this.#holder.sessionId);
  }

  get dirty(): boolean {
    const { store } = this.#server;
    if (!this.#own) {
      this.meetOthers();
      return store.dirty;
    }
    return store.privates.has(this.#holder.sessionId) && this.#lines.length > 0;
  }

  get lines(): readonly string[] {
    if (this.#own) return this.#lines;
    return this.#server.store.candidate ? shareOf(this.#server).lines : [];
  }

  /** Takes what an edit made of the tree. */
  set(
    next: XmlElement,
    edit: { config: XmlElement; options: EditOptions } | undefined,
    lines: readonly string[],
  ): void {
    const { store } = this.#server;
    if (this.#own) {
      void this.tree;
      store.privates.set(this.#holder.sessionId, next);
      if (edit) this.#edits.push(edit);
      else this.#whole = true;
      this.#lines.push(...lines);
      return;
    }
    const share = shareOf(this.#server);
    if (!store.candidate) share.lines = [];
    share.lines.push(...lines);
    store.candidate = { tree: next, by: store.candidate?.by ?? this.#holder };
  }

  /** Running has it now. */
  committed(): void {
    this.discard();
  }

  discard(): void {
    if (this.#own) {
      this.#server.store.privates.delete(this.#holder.sessionId);
      this.#edits = [];
      this.#lines = [];
    } else this.#server.store.candidate = undefined;
  }

  /** What a commit puts in force. An own candidate is brought over what others did since. Throws RpcError. */
  merged(): XmlElement {
    const { store, schema } = this.#server;
    const mine = this.tree;
    const base = this.#base;
    if (!this.#own || !base || store.tree.same(store.running, base)) return mine;
    const before = leavesOf(base, undefined, schema);
    const touched = (tree: XmlElement): Set<string> => {
      const after = leavesOf(tree, undefined, schema);
      return new Set([...before.keys(), ...after.keys()].filter((path) => before.get(path) !== after.get(path)));
    };
    const theirs = touched(store.running);
    const both = [...touched(mine)].find((path) => theirs.has(path));
    const conflict = new RpcError("operation-failed", {
      ...(both === undefined ? {} : { path: both }),
      message: "Commit failed: another session changed the same thing since.",
    });
    if (both !== undefined || this.#whole) throw conflict;
    const next = clone(store.running);
    for (const { config, options } of this.#edits) {
      const { errors } = applyEdit(next, config, { ...options, meet: () => undefined } satisfies EditOptions);
      if (errors.length > 0) throw conflict;
    }
    return next;
  }

  /** Somebody else, over another door, left changes in the candidate that all share. */
  meetOthers(): void {
    const { store, personality, schema } = this.#server;
    const fault = store.faults.get("stale-candidate");
    if (!fault || fault.lines.length === 0 || store.candidate || met.has(fault)) return;
    met.add(fault);
    const next = clone(store.running);
    const edit: EditResult = applyEdit(next, parseConfig(fault.lines.join("\n"), personality), {
      schema,
      defaultOperation: "merge",
      errorOption: "rollback-on-error",
      lenient: personality === "junos",
    });
    const [first] = edit.errors;
    if (first) throw first;
    shareOf(this.#server).lines = [...edit.lines];
    store.candidate = { tree: next, by: { sessionId: 0, user: fault.by } };
  }
}

/** Each fault bites once: whoever throws the changes away is rid of them. */
const met = new WeakSet<object>();

const shares = new WeakMap<NetconfServer, { lines: string[] }>();

/** What was done to the shared candidate since it was last like running. */
function shareOf(server: NetconfServer): { lines: string[] } {
  const there = shares.get(server) ?? { lines: [] };
  shares.set(server, there);
  return there;
}
