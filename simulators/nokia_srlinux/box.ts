/** The box behind every door: its datastores, its candidates, its files, and what it says of itself. */
import type { Datastores, Holder } from "../kit/datastores.ts";
import { Candidates } from "./candidates.ts";
import { leafAt, cloneBranch, type Branch } from "./tree.ts";

export interface Facts {
  /** `7220 IXR-D2L`. */
  readonly model: string;
  /** `v24.10.1`. */
  readonly version: string;
  readonly build: string;
  readonly macAddress: string;
}

export interface Checkpoint {
  readonly name: string;
  readonly comment: string;
  readonly by: string;
  readonly atMs: number;
  readonly tree: Branch;
}

export interface CommitRecord {
  readonly id: number;
  readonly atMs: number;
  readonly by: string;
  readonly via: string;
  readonly timeoutS: number | undefined;
}

const CHECKPOINTS_MAX = 10;

export class Box {
  readonly store: Datastores<Branch>;
  readonly candidates: Candidates;
  readonly facts: Facts;
  /** Newest first, as the device numbers them. They are files: a reboot leaves them. */
  readonly checkpoints: Checkpoint[] = [];
  readonly commits: CommitRecord[] = [];
  readonly files = new Map<string, string>();
  /** Ports without a cable: enabled, and down. */
  readonly uncabled: ReadonlySet<string>;
  /** Users of the terminals, for `session`. */
  peers: () => readonly (Holder & { readonly remote: string })[] = () => [];

  constructor(store: Datastores<Branch>, facts: Facts, uncabled: readonly string[]) {
    this.store = store;
    this.facts = facts;
    this.uncabled = new Set(uncabled);
    this.candidates = new Candidates(store);
  }

  get hostname(): string {
    return leafAt(this.store.running, "system", "name", "host-name") ?? "srlinux";
  }

  checkpoint(name: string, comment: string, by: string): Checkpoint {
    const made = { name, comment, by, atMs: this.store.clock.nowMs(), tree: cloneBranch(this.store.running) };
    this.checkpoints.unshift(made);
    this.checkpoints.splice(CHECKPOINTS_MAX);
    return made;
  }

  noteCommit(by: string, via: string, timeoutS: number | undefined): void {
    this.commits.push({ id: this.commits.length + 1, atMs: this.store.clock.nowMs(), by, via, timeoutS });
    if (this.commits.length > 50) this.commits.shift();
  }
}
