import type { StreamEvent } from "../api/client/index.ts";
import { Watched } from "./watched.ts";

/** Live output of one job, bounded: each device keeps its last characters, and the oldest devices make room. */
type OutputEvent = Extract<StreamEvent, { type: "output" }>;

export interface DeviceOutput {
  readonly text: string;
  /** Characters that were dropped at the front. */
  readonly dropped: number;
  readonly ended: boolean;
  readonly order: number;
}

const CHARS_PER_DEVICE = 200_000;
const CHARS_IN_ALL = 8_000_000;

export class LiveOutput {
  readonly watched = new Watched<ReadonlyMap<string, DeviceOutput>>(new Map());

  add(events: readonly StreamEvent[]): void {
    const chunks = events.filter((event): event is OutputEvent => event.type === "output");
    if (chunks.length === 0) return;
    const next = new Map(this.watched.get());
    for (const chunk of chunks) {
      const before = next.get(chunk.device) ?? { text: "", dropped: 0, ended: false, order: -1 };
      // The stream resumes by offset; a chunk that came before is not shown twice.
      if (chunk.order <= before.order) continue;
      const text = before.text + chunk.text;
      const over = Math.max(0, text.length - CHARS_PER_DEVICE);
      next.delete(chunk.device);
      next.set(chunk.device, {
        text: text.slice(over),
        dropped: before.dropped + over,
        ended: chunk.last,
        order: chunk.order,
      });
    }
    let size = 0;
    for (const one of next.values()) size += one.text.length;
    for (const [device, one] of next) {
      if (size <= CHARS_IN_ALL) break;
      size -= one.text.length;
      next.set(device, { ...one, text: "", dropped: one.dropped + one.text.length });
    }
    this.watched.set(next);
  }

  clear(): void {
    this.watched.set(new Map());
  }
}
