/** What a request finds: RFC 3416 §4.2.1 to §4.2.3, and the ways in which an agent can get it wrong. */
import { encode } from "./ber.ts";
import type { Fault } from "./faults.ts";
import type { AnswerPdu, RequestPdu } from "./messages.ts";
import { PDU } from "./messages.ts";
import { arcsOf, compareArcs, type MibEntry } from "./mib.ts";

export type FaultOf = <K extends Fault["kind"]>(kind: K) => Extract<Fault, { kind: K }> | undefined;
type Found = { oid: string; value: Buffer };

const [NO_SUCH_INSTANCE, END_OF_MIB] = [encode(0x81), encode(0x82)];
const STATUS = { tooBig: 1, genErr: 5, authorizationError: 16, notWritable: 17 } as const;
/** What fits beside names and headers in an unfragmented datagram. */
const OBJECTS_OCTETS_MAX = 1200;
const REPETITIONS_MAX = 10_000;

export class View {
  readonly #entries: readonly MibEntry[];
  readonly #fault: FaultOf;
  #walked = 0;

  constructor(entries: readonly MibEntry[], fault: FaultOf) {
    this.#entries = entries;
    this.#fault = fault;
  }

  answer(request: RequestPdu): AnswerPdu {
    const refuse = (status: number): AnswerPdu => ({
      tag: PDU.response,
      id: request.id,
      status,
      index: 1,
      objects: request.oids.map((oid) => ({ oid, value: encode(0x05) })),
    });
    const denied = this.#fault("authorization-denied");
    if (denied && request.oids.some((oid) => `${oid}.`.startsWith(`${denied.below}.`)))
      return refuse(STATUS.authorizationError);
    if (request.tag === PDU.set) return refuse(STATUS.notWritable);
    const objects = this.#objects(request);
    if (objects === null) return refuse(STATUS.genErr);
    const max = this.#fault("too-big")?.objectsMax;
    if (max !== undefined && objects.length > max) return { ...refuse(STATUS.tooBig), index: 0, objects: [] };
    return { tag: PDU.response, id: request.id, status: 0, index: 0, objects };
  }

  #objects({ tag, oids, first, second }: RequestPdu): Found[] | null {
    if (tag === PDU.get) return oids.map((oid) => this.#get(oid));
    if (tag === PDU.getNext) return oids.map((oid) => this.#next(oid));
    if (tag !== PDU.getBulk) return null;
    const objects = oids.slice(0, Math.max(0, first)).map((oid) => this.#next(oid));
    let cursors = oids.slice(Math.max(0, first));
    let octets = 0;
    for (let turn = 0; turn < Math.min(second, REPETITIONS_MAX) && octets < OBJECTS_OCTETS_MAX; turn += 1) {
      const row = cursors.map((oid) => this.#next(oid));
      cursors = row.map(({ oid }) => oid);
      objects.push(...row);
      octets += row.reduce((sum, { oid, value }) => sum + oid.length + value.length, 0);
      if (row.every(({ value }) => value.equals(END_OF_MIB))) break;
    }
    return this.#fault("wrong-order") ? objects.toReversed() : objects;
  }

  #get(oid: string): Found {
    const entry = this.#entries.find((known) => known.oid === oid);
    const shown = this.#fault("other-objects") ? `${oid}.1` : oid;
    return { oid: shown, value: entry?.value() ?? NO_SUCH_INSTANCE };
  }

  #next(oid: string): Found {
    this.#walked += 1;
    const endless = this.#fault("endless-walk");
    if (endless) return { oid: following(oid), value: encode(0x04, Buffer.alloc(endless.octets, "x")) };
    const looping = this.#fault("looping-walk");
    const arcs = arcsOf(oid);
    if (looping && this.#walked > looping.after) {
      this.#walked = 0;
      const column = oid.slice(0, oid.lastIndexOf("."));
      const start = this.#entries.find((known) => known.oid.startsWith(`${column}.`));
      if (start) return { oid: start.oid, value: start.value() };
    }
    const entry = this.#entries.find((known) => compareArcs(known.arcs, arcs) > 0);
    return entry ? { oid: entry.oid, value: entry.value() } : { oid, value: END_OF_MIB };
  }
}

/** A name right after this one, in the same subtree for ever. */
function following(oid: string): string {
  const arcs = arcsOf(oid);
  const last = arcs.at(-1) ?? 0;
  const marker = arcs.at(-2) === 4_000_000;
  return marker ? [...arcs.slice(0, -1), last + 1].join(".") : `${oid}.4000000.1`;
}
