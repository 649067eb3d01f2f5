import type { Database } from "bun:sqlite";
import type { Lane } from "../../shared/wire/messages.ts";
import type { Environment } from "./environment.ts";
import type { AgentView } from "./ledger.ts";

interface LaneRow {
  readonly lane: Lane;
  readonly next: number;
  readonly released: number;
}
interface StreamRow {
  readonly id: number;
  readonly agent: string;
  readonly epoch: string;
  readonly lane: Lane;
  readonly acked: number;
}

/** Every record that an agent ever committed, and whether the hub holds exactly those. */
export class Outboxes {
  readonly #env: Environment;
  /** Per agent, epoch and lane: the headers from 1 on. */
  readonly #written = new Map<string, string[]>();
  readonly #checked = new Map<number, number>();
  #hub: Database | undefined;

  constructor(env: Environment) {
    this.#env = env;
  }

  attach(hub: Database): void {
    this.#hub = hub;
  }

  #lane(agent: string, epoch: string, lane: Lane): string[] {
    const where = `${agent} ${epoch} ${lane}`;
    const held = this.#written.get(where) ?? [];
    this.#written.set(where, held);
    return held;
  }

  #ackedAtHub(agent: string, epoch: string, lane: Lane): number {
    return (
      this.#hub
        ?.query<{ acked: number }, [string, string, string]>(
          "SELECT acked FROM stream WHERE agent = ? AND epoch = ? AND lane = ?",
        )
        .get(agent, epoch, lane)?.acked ?? 0
    );
  }

  agentCommitted({ id, epoch, db }: AgentView): void {
    for (const { lane, next, released } of db
      .query<LaneRow, []>("SELECT lane, next, released FROM lane WHERE next > 1")
      .all()) {
      const written = this.#lane(id, epoch, lane);
      const rows = db
        .query<{ seq: number; header: string }, [string, number]>(
          "SELECT seq, header FROM outbox WHERE lane = ? AND seq > ? ORDER BY seq",
        )
        .all(lane, written.length);
      for (const { seq, header } of rows) {
        if (seq !== written.length + 1) this.#env.violated(`${id} ${lane} has number ${seq} after ${written.length}`);
        written.push(header);
      }
      if (next !== written.length + 1)
        this.#env.violated(`${id} ${lane} stands at ${next} with ${written.length} records ever written`);
      const held =
        db.query<{ n: number }, [string]>("SELECT count(*) AS n FROM outbox WHERE lane = ?").get(lane)?.n ?? 0;
      const freed = written.length - held;
      if (freed !== released) this.#env.violated(`${id} ${lane}: ${freed} records are gone, ${released} released`);
      const acked = this.#ackedAtHub(id, epoch, lane);
      if (freed > acked) this.#env.violated(`${id} ${lane}: ${freed} records are gone, and the hub holds ${acked}`);
    }
  }

  hubCommitted(): void {
    const hub = this.#hub;
    if (!hub) return;
    for (const { id, agent, epoch, lane, acked } of hub
      .query<StreamRow, []>("SELECT id, agent, epoch, lane, acked FROM stream")
      .all()) {
      const from = this.#checked.get(id) ?? 0;
      if (acked === from) continue;
      const where = `hub stream ${agent} ${lane}`;
      if (acked < from) this.#env.violated(`${where} went from ${from} back to ${acked}`);
      const written = this.#lane(agent, epoch, lane);
      const rows = hub
        .query<{ sequence: number; header: string }, [number, number]>(
          "SELECT sequence, header FROM record WHERE stream = ? AND sequence > ? ORDER BY sequence",
        )
        .all(id, from);
      if (rows.length !== acked - from || rows.some((row, index) => row.sequence !== from + 1 + index)) {
        this.#env.violated(
          `${where} says ${acked}, and after ${from} it holds ${rows.map((row) => row.sequence).join(" ")}`,
        );
      }
      const other = rows.find((row) => !sameJson(written[row.sequence - 1], row.header));
      if (other) this.#env.violated(`${where} holds ${other.header} as number ${other.sequence}`);
      this.#checked.set(id, acked);
    }
  }

  conclude({ id, epoch }: AgentView): void {
    for (const [where, written] of this.#written) {
      const lane = where.split(" ")[2] as Lane;
      if (!where.startsWith(`${id} ${epoch} `)) continue;
      const acked = this.#ackedAtHub(id, epoch, lane);
      if (acked !== written.length)
        this.#env.violated(`${where}: ${written.length} records written, ${acked} at the hub`);
    }
  }
}

/** The hub writes a record's header again; the order of its members is not what matters. */
function sameJson(a: string | undefined, b: string): boolean {
  if (a === undefined) return false;
  return a === b || canonical(a) === canonical(b);
}

const canonical = (text: string): string => {
  const value = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1)));
};
