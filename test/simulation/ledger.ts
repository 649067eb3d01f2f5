import type { Database } from "bun:sqlite";
import type { AgentId, DeviceId } from "../../shared/ids.ts";
import {
  assignmentMoves,
  isTerminal,
  jobMoves,
  taskMoves,
  type AssignmentState,
  type JobState,
  type TaskState,
} from "../../shared/states.ts";
import type { SimDevice } from "./device.ts";
import type { Environment } from "./environment.ts";
import { Outboxes } from "./ledger-outbox.ts";
import type { Offer } from "./network.ts";
import { keyText, targetOf, type SimManifest } from "./workload.ts";

interface Key {
  readonly manifest: SimManifest["digest"];
  readonly attempt: number;
}

/** As much of an agent as the ledger looks at: its disk. */
export interface AgentView {
  readonly id: AgentId;
  readonly epoch: string;
  readonly db: Database;
  readonly devices: ReadonlyMap<string, SimDevice>;
}

type AssignmentRow = Key & {
  readonly state: AssignmentState;
  readonly sequence: number | null;
  readonly cancel: number | null;
};
type AgentAssignment = Key & { readonly state: AssignmentState };
type TaskRow = Key & { readonly device: DeviceId; readonly state: TaskState };
type AgentTask = TaskRow & { readonly applies: number };

const HUB_ASSIGNMENTS = "SELECT manifest, attempt, state, agent, sequence, cancel_generation AS cancel FROM assignment";
const HUB_TASKS = "SELECT manifest, attempt, device, state FROM task";
const AGENT_ASSIGNMENTS = "SELECT manifest, attempt, state FROM assignment";
const AGENT_TASKS = "SELECT manifest, attempt, device, state, applies FROM task";

/** States that say: this was never sent to the device. */
const UNTOUCHED: ReadonlySet<TaskState> = new Set(["CANCELED", "SKIPPED", "TIMED_OUT", "DRIFTED"]);
/** States that an agent may come to with work that the hub withdrew before the agent had seen it. */
const HARMLESS: ReadonlySet<AssignmentState> = new Set(["CANCELED", "EXPIRED", "REJECTED"]);

/**
 * The books that nobody in the world can write: looks at every disk after every commit and at every packet, and remembers.
 * The invariants are fleet.md §5.12, and what DESIGN.md adds.
 */
export class Ledger {
  readonly #env: Environment;
  readonly #manifests: ReadonlyMap<string, SimManifest>;
  readonly #agents = new Map<AgentId, AgentView>();
  readonly #ends = new Map<string, string>();
  readonly #cancels = new Map<string, number>();
  /** Keys of which an agent said that they are canceled. */
  readonly #saidCanceled = new Set<string>();
  /** Keys that the hub took back unseen. */
  readonly #withdrawn = new Set<string>();
  readonly #outboxes: Outboxes;
  #hub: Database | undefined;

  constructor(env: Environment, manifests: ReadonlyMap<string, SimManifest>) {
    this.#env = env;
    this.#manifests = manifests;
    this.#outboxes = new Outboxes(env);
  }

  attach(hub: Database, agents: readonly AgentView[]): void {
    this.#hub = hub;
    this.#outboxes.attach(hub);
    for (const agent of agents) {
      this.#agents.set(agent.id, agent);
      for (const device of agent.devices.values()) device.onApply = (token) => this.#applying(agent, device, token);
    }
  }

  get #hubDb(): Database {
    if (!this.#hub) throw new Error("no hub");
    return this.#hub;
  }

  /** Terminal is absorbing, wherever it stands. True the first time. */
  #ended(where: string, state: string): boolean {
    const before = this.#ends.get(where);
    if (before === state) return false;
    if (before !== undefined) this.#env.violated(`${where} was ${before} and is now ${state}`);
    this.#ends.set(where, state);
    return true;
  }

  /** What was terminal may not come back to life. */
  #alive(where: string, state: string): void {
    const before = this.#ends.get(where);
    if (before !== undefined) this.#env.violated(`${where} was ${before} and is ${state} again`);
  }

  agentCommitted(agent: AgentView): void {
    for (const row of agent.db.query<AgentAssignment, []>(AGENT_ASSIGNMENTS).all()) {
      const where = `${agent.id} assignment ${keyText(row)}`;
      if (isTerminal(assignmentMoves, row.state)) this.#ended(where, row.state);
      else this.#alive(where, row.state);
      if (this.#withdrawn.has(keyText(row)) && !HARMLESS.has(row.state)) {
        this.#env.violated(`${where} is ${row.state}, and the hub had withdrawn it as never seen`);
      }
    }
    const busy = new Map<DeviceId, string>();
    for (const row of agent.db.query<AgentTask, []>(AGENT_TASKS).all()) this.#agentTask(agent, row, busy);
    this.#agentCancels(agent);
    this.#outboxes.agentCommitted(agent);
  }

  #agentTask(agent: AgentView, row: AgentTask, busy: Map<DeviceId, string>): void {
    const where = `${agent.id} task ${keyText(row)} on ${row.device}`;
    if (row.applies > 1) this.#env.violated(`${where} counts ${row.applies} applies`);
    if (isTerminal(taskMoves, row.state)) {
      if (this.#ended(where, row.state)) this.#truth(agent, row, where);
      return;
    }
    this.#alive(where, row.state);
    if (row.state !== "APPLYING" && row.state !== "CONFIRM_WAIT") return;
    if (busy.has(row.device))
      this.#env.violated(`${row.device} is worked on by ${busy.get(row.device)} and by ${where}`);
    busy.set(row.device, where);
  }

  /** What an agent calls the end must be so on the device. */
  #truth(agent: AgentView, row: TaskRow, where: string): void {
    const device = agent.devices.get(row.device);
    const manifest = this.#manifests.get(row.manifest);
    if (!device || !manifest || manifest.kind !== "change" || row.state === "UNKNOWN_FINAL") return;
    const key = keyText(row);
    const confirmed = device.confirmed.has(key);
    if (row.state === "DONE" && !confirmed) this.#env.violated(`${where} is DONE, and the device has not confirmed it`);
    if (row.state !== "DONE" && (confirmed || device.pending?.token === key)) {
      this.#env.violated(`${where} is ${row.state}, and the device ${confirmed ? "keeps" : "holds"} the change`);
    }
    if (row.state !== "DONE" && device.running === targetOf(row.manifest))
      this.#env.violated(`${where} is ${row.state}, and the device runs it`);
    if (UNTOUCHED.has(row.state) && device.applies.has(key))
      this.#env.violated(`${where} is ${row.state}, and it was applied`);
  }

  #agentCancels(agent: AgentView): void {
    const rows = agent.db
      .query<Key & { generation: number }, []>("SELECT manifest, attempt, generation FROM cancel")
      .all();
    for (const row of rows) this.#generation(`${agent.id} cancel ${keyText(row)}`, row.generation);
  }

  #generation(where: string, generation: number): void {
    const before = this.#cancels.get(where) ?? 0;
    if (generation < before) this.#env.violated(`${where} went from generation ${before} to ${generation}`);
    this.#cancels.set(where, generation);
  }

  agentSaidCanceled(agent: AgentView, key: Key, state: AssignmentState): void {
    if (state === "CANCELED") this.#saidCanceled.add(`${agent.id} ${keyText(key)}`);
  }

  /** Every check that an offer must pass has been passed. */
  offerTaken(agent: AgentView, offer: Offer): void {
    if (offer.forged) this.#env.violated(`${agent.id} takes a forged offer of ${keyText(offer)}`);
  }

  offerServed(key: Key): void {
    const row = this.#hubRow(key);
    if (!row || row.state === "PLANNED" || row.state === "OFFERED" || row.sequence === null) {
      this.#env.violated(`${keyText(key)} is served while it is ${row?.state ?? "nothing"} on disk`);
    }
  }

  #hubRow(key: Key): AssignmentRow | null | undefined {
    return this.#hubDb
      .query<AssignmentRow, [string, number]>(`${HUB_ASSIGNMENTS} WHERE manifest = ? AND attempt = ?`)
      .get(key.manifest, key.attempt);
  }

  #agentRow(agent: AgentView, key: Key): AssignmentState | undefined {
    return agent.db
      .query<{ state: AssignmentState }, [string, number]>(
        "SELECT state FROM assignment WHERE manifest = ? AND attempt = ?",
      )
      .get(key.manifest, key.attempt)?.state;
  }

  /** A change is about to take hold on a device. */
  #applying(agent: AgentView, device: SimDevice, token: string): void {
    const [manifest, attempt] = token.split(":");
    const where = `${token} on ${device.id}`;
    if (device.applies.has(token)) this.#env.violated(`${where} is applied a second time`);
    const parameters: [string, number, string] = [manifest ?? "", Number(attempt), device.id];
    const intent = agent.db
      .query<{ n: number }, typeof parameters>(
        "SELECT count(*) AS n FROM step WHERE manifest = ? AND attempt = ? AND device = ? AND step = 'apply'",
      )
      .get(...parameters);
    const task = agent.db
      .query<{ state: TaskState }, typeof parameters>(
        "SELECT state FROM task WHERE manifest = ? AND attempt = ? AND device = ?",
      )
      .get(...parameters);
    if ((intent?.n ?? 0) !== 1 || task?.state !== "APPLYING") {
      this.#env.violated(
        `${where} is sent with ${intent?.n ?? 0} intents on disk, the task being ${task?.state ?? "nowhere"}`,
      );
    }
    if (this.#saidCanceled.has(`${agent.id} ${token}`))
      this.#env.violated(`${where} is sent after its agent called it canceled`);
  }

  hubCommitted(): void {
    const sequences = new Map<AgentId, number[]>();
    for (const row of this.#hubDb.query<AssignmentRow & { agent: AgentId }, []>(HUB_ASSIGNMENTS).all()) {
      const where = `hub assignment ${keyText(row)}`;
      if (isTerminal(assignmentMoves, row.state)) {
        if (this.#ended(where, row.state)) this.#hubEnded(row, where);
      } else this.#alive(where, row.state);
      if (row.cancel !== null) this.#generation(where, row.cancel);
      if (row.sequence !== null) sequences.set(row.agent, [...(sequences.get(row.agent) ?? []), row.sequence]);
    }
    for (const [agent, numbers] of sequences) {
      const sorted = numbers.toSorted((a, b) => a - b);
      if (sorted.some((sequence, index) => sequence !== index + 1))
        this.#env.violated(`sequences of ${agent}: ${sorted.join(" ")}`);
    }
    for (const row of this.#hubDb.query<TaskRow, []>(HUB_TASKS).all()) {
      const where = `hub task ${keyText(row)} on ${row.device}`;
      if (isTerminal(taskMoves, row.state)) this.#ended(where, row.state);
      else this.#alive(where, row.state);
    }
    for (const { id, state } of this.#hubDb
      .query<{ id: string; state: JobState }, []>("SELECT id, state FROM job")
      .all()) {
      if (isTerminal(jobMoves, state)) {
        if (this.#ended(`hub ${id}`, state)) this.#jobEnded(id, state);
      } else this.#alive(`hub ${id}`, state);
    }
    this.#outboxes.hubCommitted();
  }

  /** After DELIVERED only the agent's word ends it; the ledger looks whether the agent has said so. */
  #hubEnded(row: AssignmentRow & { agent: AgentId }, where: string): void {
    const agent = this.#agents.get(row.agent);
    if (!agent) throw new Error(`no agent ${row.agent}`);
    const said = this.#agentRow(agent, row);
    if (said === row.state) return;
    const byWord = row.state === "CANCELED" && this.#saidCanceled.has(`${agent.id} ${keyText(row)}`);
    if (byWord) return;
    if (said === undefined && (row.state === "CANCELED" || row.state === "EXPIRED")) {
      this.#withdrawn.add(keyText(row));
      return;
    }
    this.#env.violated(`${where} is ${row.state}, and its agent's journal says ${said ?? "nothing"}`);
  }

  #jobEnded(id: string, state: JobState): void {
    if (state !== "SUCCEEDED") return;
    const other = this.#hubDb
      .query<{ device: string; state: TaskState }, [string]>(
        "SELECT device, state FROM task WHERE job = ? AND state <> 'DONE'",
      )
      .get(id);
    if (other) this.#env.violated(`${id} is SUCCEEDED, and ${other.device} is ${other.state}`);
  }

  /** What still keeps the world from being at rest; undefined when nothing does. */
  unrest(): string | undefined {
    const hub = this.#hubDb;
    for (const { id, state } of hub.query<{ id: string; state: JobState }, []>("SELECT id, state FROM job").all()) {
      if (!isTerminal(jobMoves, state)) return `${id} is ${state}`;
    }
    for (const row of hub.query<AssignmentRow & { settled: number }, []>("SELECT * FROM assignment").all()) {
      if (!isTerminal(assignmentMoves, row.state)) return `hub: ${keyText(row)} is ${row.state}`;
    }
    if (hub.query("SELECT id FROM message LIMIT 1").get()) return "hub: a message waits";
    if (hub.query("SELECT id FROM stream WHERE applied < acked LIMIT 1").get())
      return "hub: records have not done what they mean";
    for (const { id, db } of this.#agents.values()) {
      for (const row of db
        .query<AgentAssignment & { settled: number }, []>("SELECT manifest, attempt, state, settled FROM assignment")
        .all()) {
        if (!isTerminal(assignmentMoves, row.state)) return `${id}: ${keyText(row)} is ${row.state}`;
        if (row.settled !== 1) return `${id}: ${keyText(row)} is not settled`;
      }
      if (db.query("SELECT seq FROM outbox LIMIT 1").get()) return `${id}: the outbox is not empty`;
    }
    return undefined;
  }

  /** What everything came to, each one a word for the campaign's statistics. */
  ends(): string[] {
    const found: string[] = [...this.#withdrawn].map(() => "assignment withdrawn unseen");
    const state = (what: string) => (row: { state: string; code: string | null }) =>
      `${what} ${row.state}${row.state === "REJECTED" || row.code === "CRASH_LOOP" ? ` ${row.code}` : ""}`;
    type Row = { state: string; code: string | null };
    for (const { db } of this.#agents.values()) {
      found.push(...db.query<Row, []>("SELECT state, code FROM assignment").all().map(state("assignment")));
      found.push(...db.query<Row, []>("SELECT state, NULL AS code FROM task").all().map(state("task")));
    }
    found.push(...this.#hubDb.query<Row, []>("SELECT state, NULL AS code FROM job").all().map(state("job")));
    return found;
  }

  /** Once at rest: both sides and the devices tell one story, and every piece of evidence is home. */
  conclude(): void {
    for (const agent of this.#agents.values()) {
      for (const row of agent.db.query<AgentAssignment, []>(AGENT_ASSIGNMENTS).all())
        this.#concludeAssignment(agent, row);
      for (const row of agent.db.query<TaskRow, []>(AGENT_TASKS).all()) {
        const hub = this.#hubDb
          .query<{ state: TaskState }, [string, number, string]>(
            "SELECT state FROM task WHERE manifest = ? AND attempt = ? AND device = ?",
          )
          .get(row.manifest, row.attempt, row.device);
        const where = `${agent.id} task ${keyText(row)} on ${row.device}`;
        if (hub?.state !== row.state)
          this.#env.violated(`${where} is ${row.state}, and ${hub?.state ?? "nothing"} at the hub`);
        if (row.state === "DONE" || UNTOUCHED.has(row.state)) this.#concludeTask(agent, row, where);
      }
      this.#outboxes.conclude(agent);
    }
    const unchained = this.#hubDb
      .query<{ agent: string; number: number }, []>("SELECT agent, number FROM receipt WHERE chained = 0")
      .get();
    if (unchained)
      this.#env.violated(`receipt ${unchained.number} of ${unchained.agent} does not follow on the one before it`);
  }

  #concludeTask(agent: AgentView, row: TaskRow, where: string): void {
    const device = agent.devices.get(row.device);
    const isChange = this.#manifests.get(row.manifest)?.kind === "change";
    const key = keyText(row);
    if (!device || !isChange) return;
    if (row.state === "DONE" ? !device.confirmed.has(key) : device.applies.has(key)) {
      this.#env.violated(`${where} ended ${row.state}, and at last the device says otherwise`);
    }
  }

  #concludeAssignment(agent: AgentView, row: AgentAssignment): void {
    const where = `${agent.id} assignment ${keyText(row)}`;
    const hub = this.#hubRow(row)?.state;
    if (hub !== row.state) this.#env.violated(`${where} is ${row.state}, and ${hub ?? "nothing"} at the hub`);
    const receipts = this.#hubDb
      .query<{ n: number }, [string]>("SELECT count(*) AS n FROM receipt WHERE manifest = ?")
      .get(row.manifest)?.n;
    if (row.state !== "REJECTED" && receipts !== 1)
      this.#env.violated(`${where} ended ${row.state}, and ${receipts ?? 0} receipts came home`);
  }
}
