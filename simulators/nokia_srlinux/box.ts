/** The box behind every door: its datastores, its candidates, its files, and what it says of itself. */
import type { Datastores, Holder, Surroundings } from "../kit/datastores.ts";
import { Candidates } from "./candidates.ts";
import { cloneBranch, entriesAt, leafAt, type Branch, type Step } from "./tree.ts";

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
  readonly candidate: { readonly name: string; readonly kind: "shared" | "private" };
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
  #commitId = 1;
  readonly files = new Map<string, string>();
  /** Ports without a cable: enabled, and down. */
  readonly uncabled: ReadonlySet<string>;
  /** Users of the terminals, for `session`. */
  peers: () => readonly (Holder & { readonly remote: string })[] = () => [];

  constructor(store: Datastores<Branch>, facts: Facts, surroundings: Surroundings, uncabled: readonly string[]) {
    this.store = store;
    this.facts = facts;
    this.uncabled = new Set(uncabled);
    this.candidates = new Candidates(store, (before) => {
      // Whoever shuts the port that people come in by is outside, as everybody is.
      if (hasManagement(before) && !hasManagement(store.running) && store.up) surroundings.setReachability("blackhole");
    });
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

  noteCommit(by: string, { name, kind }: CommitRecord["candidate"], timeoutS: number | undefined): void {
    this.#commitId += 1;
    const made = { id: this.#commitId, atMs: this.store.clock.nowMs(), by, candidate: { name, kind }, timeoutS };
    this.commits.push(made);
    if (this.commits.length > 50) this.commits.shift();
  }
}

const step = (name: string, ...keys: string[]): Step => ({ name, keys });

/** Whether the management port, its subinterface and its network-instance are enabled and belong together. */
function hasManagement(tree: Branch): boolean {
  const isOn = (...path: Step[]): boolean => leafAt(tree, ...path, "admin-state") !== "disable";
  const [port, sub, instance] = [
    step("interface", "mgmt0"),
    step("subinterface", "0"),
    step("network-instance", "mgmt"),
  ];
  const bound = entriesAt(tree, instance, "interface").some(({ keys }) => keys[0] === "mgmt0.0");
  const there = entriesAt(tree, port, "subinterface").some(({ keys }) => keys[0] === "0");
  return bound && there && isOn(port) && isOn(port, sub) && isOn(instance);
}

/** Whether `system json-rpc-server` lets anybody in. A configuration that never names it leaves the door as the test opened it. */
export function hasJsonRpc(tree: Branch): boolean {
  const self = [step("system"), step("json-rpc-server")];
  const instances = entriesAt(tree, ...self, "network-instance");
  const named = leafAt(tree, ...self, "admin-state");
  if (named === undefined && instances.length === 0) return true;
  return (
    named === "enable" &&
    instances.some(
      ({ keys }) => leafAt(tree, ...self, step("network-instance", ...keys), "https", "admin-state") === "enable",
    )
  );
}
