/** What can go wrong with an SNMP agent, by name. Several may be on at once, one of each kind. */
import { z } from "zod";

export const Fault = z.discriminatedUnion("kind", [
  /** Takes requests and says nothing, from the request of this number on (the first is 1; discovery counts). */
  z.strictObject({ kind: z.literal("hang"), from: z.int().min(1).default(1) }),
  /** Loses so many answers, then answers again. */
  z.strictObject({ kind: z.literal("drop"), count: z.int().min(1) }),
  /** Answers with a clock that is so far off, and believes it: a device that lost its time without a boot. */
  z.strictObject({ kind: z.literal("wrong-engine-time"), bySeconds: z.int() }),
  /** Never agrees with a manager's notion of its time. */
  z.strictObject({ kind: z.literal("never-in-time") }),
  /** After so many objects of a walk it starts again at the first. */
  z.strictObject({ kind: z.literal("looping-walk"), after: z.int().min(1) }),
  /** Answers the objects of a walk in reverse. */
  z.strictObject({ kind: z.literal("wrong-order") }),
  /** Goes on with ever new objects below whatever is walked. */
  z.strictObject({ kind: z.literal("endless-walk"), octets: z.int().min(1).max(1000).default(64) }),
  /** Refuses to answer with more than so many objects (RFC 3416 §4.2.3 would cut; some agents say tooBig). */
  z.strictObject({ kind: z.literal("too-big"), objectsMax: z.int().min(0) }),
  /** Ends each answer so many octets early. */
  z.strictObject({ kind: z.literal("truncated"), by: z.int().min(1) }),
  /** Says that the access control does not let it (RFC 3416 authorizationError). */
  z.strictObject({ kind: z.literal("authorization-denied"), below: z.string() }),
  /** Answers without authentication and in the clear, as a forger would have to. */
  z.strictObject({ kind: z.literal("unsigned-answers") }),
  /** Answers with a digest that is not right. */
  z.strictObject({ kind: z.literal("forged-digest") }),
  /** Answers for other objects than were asked for. */
  z.strictObject({ kind: z.literal("other-objects") }),
]);
export type Fault = z.infer<typeof Fault>;
export type FaultInput = z.input<typeof Fault>;
