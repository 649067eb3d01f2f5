import { FRAME_BYTES_MAX } from "../../shared/wire/frame.ts";
import { layEvents, LANES, type DownHeader, type Lane } from "../../shared/wire/messages.ts";
import type { Store } from "../../shared/store.ts";
import { gapAt, laneMarks, recordsAfter, takeMarks } from "../journal/outbox.ts";

/** What is under way and not acknowledged: bounds memory here and in the socket, whatever credit the hub gives. */
const IN_FLIGHT_BYTES_MAX = 2 * 1024 * 1024;
const BATCH_BODY_BYTES_MAX = 240 * 1024;
const BATCH_RECORDS_MAX = 256;

export interface PumpOptions {
  readonly store: Store;
  readonly epoch: string;
  /** Reads a part of a spool file. */
  readPart(name: string, offset: number, into: Uint8Array): Promise<void>;
  /** Files that no record needs any more. */
  release(names: readonly string[]): Promise<void>;
}

interface Sink {
  send(kind: "gap", header: { epoch: string; lane: Lane; first: number; last: number; reason: string }): void;
  sendFrame(frame: Uint8Array): void;
}

interface LaneState {
  /** The last number sent in this session. */
  sent: number;
  inFlight: { last: number; bytes: number }[];
}

/**
 * Sends the outbox over one session: receipts before states before diffs, within the credit, from the first record that the
 * hub has not committed. Nothing is deleted before the hub releases it.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #sink: Sink;
  readonly #lanes = new Map<Lane, LaneState>();
  readonly #marks = new Map<Lane, { acked: number; released: number }>();
  #creditBytes: number;
  #sentBytes = 0;
  #inFlightBytes = 0;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  /** The socket copies what it cannot send at once, so one buffer serves every frame. */
  readonly #scratch = new Uint8Array(FRAME_BYTES_MAX);
  readonly #onError: (error: unknown) => void;

  constructor(options: PumpOptions, sink: Sink, welcome: DownHeader<"welcome">, onError: (error: unknown) => void) {
    this.#options = options;
    this.#sink = sink;
    this.#onError = onError;
    this.#creditBytes = welcome.creditBytes;
    const told = new Map(welcome.lanes.map((entry) => [entry.lane, entry]));
    for (const lane of LANES) this.#marks.set(lane, told.get(lane) ?? { acked: 0, released: 0 });
  }

  /** There may be something to send. */
  kick(): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) {
        this.#again = false;
        this.kick();
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  credit(bytes: number): void {
    this.#creditBytes = Math.max(this.#creditBytes, bytes);
    this.kick();
  }

  ack(header: DownHeader<"ack">): void {
    if (header.epoch !== this.#options.epoch) return;
    const held = this.#marks.get(header.lane);
    this.#marks.set(header.lane, {
      acked: Math.max(held?.acked ?? 0, header.acked),
      released: Math.max(held?.released ?? 0, header.released),
    });
    this.kick();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        await this.#storeMarks();
        if (this.#stopped || !(await this.#sendOne())) return;
      }
    } catch (error) {
      this.#stopped = true;
      this.#onError(error);
    }
  }

  async #storeMarks(): Promise<void> {
    if (this.#marks.size === 0) return;
    const marks = [...this.#marks];
    this.#marks.clear();
    const free = await this.#options.store.tx("marks", async (tx) => {
      const names: string[] = [];
      for (const [lane, mark] of marks) names.push(...(await takeMarks(tx, lane, mark)));
      return names;
    });
    if (free.length > 0) await this.#options.release(free);
    if (this.#lanes.size < LANES.length) {
      // The session begins: what the hub has committed is where each lane goes on from.
      for (const held of await this.#options.store.read(laneMarks))
        this.#lanes.set(held.lane, { sent: held.acked, inFlight: [] });
    }
    for (const [lane, mark] of marks) this.#settle(lane, mark.acked);
  }

  #settle(lane: Lane, acked: number): void {
    const state = this.#lanes.get(lane);
    if (!state) return;
    while (state.inFlight[0] && state.inFlight[0].last <= acked)
      this.#inFlightBytes -= state.inFlight.shift()?.bytes ?? 0;
  }

  /** One frame of the first lane that has something; false when there is nothing, or no room for it. */
  async #sendOne(): Promise<boolean> {
    if (this.#inFlightBytes >= IN_FLIGHT_BYTES_MAX) return false;
    for (const lane of LANES) {
      const state = this.#lanes.get(lane);
      if (!state) continue;
      const gap = await this.#options.store.read((tx) => gapAt(tx, lane, state.sent + 1));
      if (gap) {
        this.#sink.send("gap", {
          epoch: this.#options.epoch,
          lane,
          first: state.sent + 1,
          last: gap.last,
          reason: gap.reason,
        });
        state.sent = gap.last;
        return true;
      }
      const rows = await this.#options.store.read((tx) =>
        recordsAfter(tx, lane, state.sent, BATCH_RECORDS_MAX, BATCH_BODY_BYTES_MAX),
      );
      const batch = rows.filter((row, index) => row.seq === state.sent + 1 + index);
      const first = batch[0];
      const last = batch.at(-1);
      if (!first || !last) continue;
      const header = { epoch: this.#options.epoch, lane, first: first.seq, last: last.seq };
      const laid = batch.map((row) => ({
        header: row.header,
        bytes: row.body.kind === "inline" ? row.body.bytes.length : row.bytes,
      }));
      const { frame, bodies } = layEvents(this.#scratch, header, laid);
      // Lower lanes do not overtake one that waits for credit: receipts must not starve.
      if (this.#sentBytes + frame.length > this.#creditBytes) return false;
      for (const [index, row] of batch.entries()) {
        const into = bodies[index];
        if (!into) continue;
        if (row.body.kind === "inline") into.set(row.body.bytes);
        else await this.#options.readPart(row.body.name, row.body.offset, into);
      }
      this.#sink.sendFrame(frame);
      this.#sentBytes += frame.length;
      this.#inFlightBytes += frame.length;
      state.inFlight.push({ last: last.seq, bytes: frame.length });
      state.sent = last.seq;
      return true;
    }
    return false;
  }
}
