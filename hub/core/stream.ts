import type { AgentId } from "../../shared/ids.ts";
import type { Lane } from "../../shared/wire/messages.ts";
import type { Random } from "./model.ts";

/** One lane of one journal epoch of one agent. `acked` is the end of the gap-free prefix that the hub holds. */
export interface StreamAggregate {
  readonly agent: AgentId;
  readonly epoch: string;
  readonly lane: Lane;
  readonly acked: number;
  readonly released: number;
}

export type StreamEvent =
  | { readonly type: "batch"; readonly first: number; readonly last: number }
  /** The agent dropped these under quota and says so. */
  | { readonly type: "gap"; readonly first: number; readonly last: number; readonly reason: string }
  /** The agent's hello: the first number that it still holds. */
  | { readonly type: "hello"; readonly first: number }
  | { readonly type: "resume" };

export type StreamRow =
  | { readonly type: "stream"; readonly acked: number; readonly released: number }
  /** Store these numbers of the batch; what lies below was held already. */
  | { readonly type: "records"; readonly first: number; readonly last: number }
  | { readonly type: "gap"; readonly first: number; readonly last: number; readonly reason: string };

export type StreamEffect =
  | { readonly type: "ack"; readonly acked: number; readonly released: number }
  /** The message cannot be true; the link is closed. */
  | { readonly type: "refuse"; readonly detail: string };

export interface StreamDecision {
  readonly rows: readonly StreamRow[];
  readonly effects: readonly StreamEffect[];
}

/** Outcomes are never dropped: a gap in one of these is a fault of the agent. */
const isLossless = (lane: Lane): boolean => lane === "receipt" || lane === "state";

/**
 * Duplicate: acknowledge again. Overlap: store the new end. Ahead of the prefix: store nothing, acknowledge the old mark.
 * On one node `released` follows `acked`: what is committed here is nowhere else to be waited for.
 */
export function decideStream(
  stream: StreamAggregate,
  event: StreamEvent,
  _nowMs: number,
  _random: Random,
): StreamDecision {
  const same = ackOf(stream.acked);
  switch (event.type) {
    case "batch": {
      if (event.first < 1 || event.last < event.first) return refuse(`records ${event.first} to ${event.last}`);
      if (event.last <= stream.acked || event.first > stream.acked + 1) return { rows: [], effects: [same] };
      const first = stream.acked + 1;
      return advance(event.last, [{ type: "records", first, last: event.last }]);
    }
    case "gap": {
      if (isLossless(stream.lane)) return refuse(`a gap in the ${stream.lane} lane`);
      if (event.first < 1 || event.last < event.first) return refuse(`gap ${event.first} to ${event.last}`);
      if (event.last <= stream.acked || event.first > stream.acked + 1) return { rows: [], effects: [same] };
      return advance(event.last, [gapRow(stream.acked + 1, event.last, event.reason)]);
    }
    case "hello":
      // The agent deleted what a hub acknowledged, and this hub does not hold it: it was restored from an older copy.
      if (event.first <= stream.acked + 1) return { rows: [], effects: [] };
      return advance(event.first - 1, [gapRow(stream.acked + 1, event.first - 1, "not held by this hub any more")]);
    case "resume":
      return { rows: [], effects: [same] };
    default:
      return event satisfies never;
  }
}

const ackOf = (acked: number): StreamEffect => ({ type: "ack", acked, released: acked });
const gapRow = (first: number, last: number, reason: string): StreamRow => ({ type: "gap", first, last, reason });
const refuse = (detail: string): StreamDecision => ({ rows: [], effects: [{ type: "refuse", detail }] });

function advance(acked: number, rows: readonly StreamRow[]): StreamDecision {
  return { rows: [...rows, { type: "stream", acked, released: acked }], effects: [ackOf(acked)] };
}
