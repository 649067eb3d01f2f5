import { encodeRecords } from "../../shared/wire/frame.ts";
import type { Lane } from "../../shared/wire/messages.ts";
import { laneMarks, recordsAfter } from "../../agent/journal/outbox.ts";
import type { AgentShell } from "./agent-shell.ts";

/** Small batches and a window of several: so that a gap can really occur at the hub. */
const BATCH_RECORDS = 3;
const WINDOW_RECORDS = 12;
const RESEND_MS = 4_000;

/** Sends the outbox's lanes, several batches ahead of their acknowledgement; goes back to the mark when none comes. */
export class OutboxSender {
  readonly #agent: AgentShell;
  #sentTo = new Map<Lane, number>();
  #kicked = false;
  #resend = 0;

  constructor(agent: AgentShell) {
    this.#agent = agent;
  }

  reset(): void {
    this.#sentTo = new Map();
  }

  kick(): void {
    if (this.#kicked) return;
    this.#kicked = true;
    this.#agent.later(this.#agent.env.random.integer(1, 60), "pump", async () => {
      this.#kicked = false;
      await this.#pump();
    });
  }

  async #pump(): Promise<void> {
    let waiting = false;
    const batches = await this.#agent.store.read(async (tx) => {
      const found = [];
      waiting = false;
      for (const { lane, next, acked } of await laneMarks(tx)) {
        const from = Math.max(this.#sentTo.get(lane) ?? 0, acked);
        waiting ||= next - 1 > acked;
        const to = Math.min(next - 1, acked + WINDOW_RECORDS);
        for (let after = from; after < to; after += BATCH_RECORDS) {
          found.push({ lane, rows: await recordsAfter(tx, lane, after, Math.min(BATCH_RECORDS, to - after)) });
        }
      }
      return found;
    });
    for (const { lane, rows } of batches) {
      const first = rows[0]?.seq;
      const last = rows.at(-1)?.seq;
      if (first === undefined || last === undefined) continue;
      this.#sentTo.set(lane, last);
      const body = encodeRecords(
        rows.map((row) => ({
          header: row.header,
          body: row.body.kind === "inline" ? row.body.bytes : new Uint8Array(0),
        })),
      );
      this.#agent.send({ kind: "events", header: { epoch: this.#agent.epoch, lane, first, last }, body });
    }
    if (waiting) this.#watch();
  }

  #watch(): void {
    const turn = ++this.#resend;
    this.#agent.later(RESEND_MS, "resend", async () => {
      if (turn !== this.#resend) return;
      this.reset();
      this.#agent.kick();
    });
  }
}
