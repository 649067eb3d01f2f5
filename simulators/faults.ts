/** What can go wrong with a device, by name. Several may be on at once, one of each kind. */
import { z } from "zod";
import { unremarkable, type Conditions } from "./conditions.ts";

/** A regular expression source, without case. It is matched against the whole command or line. */
const pattern = z.string().min(1);
/** Gone as soon as it has bitten. */
const once = z.boolean().default(false);
const lineSelector = {
  /** 1 is the first line of a configuration session or file. */
  line: z.number().int().positive().optional(),
  match: pattern.optional(),
};

const REFUSED = "% Invalid input detected at '^' marker.";

export const Fault = z.discriminatedUnion("kind", [
  /**
   * Takes the command, echoes it, and never says anything again in that session. With `afterBytes` (NETCONF): does it, and falls silent
   * after so many bytes of the answer.
   */
  z.strictObject({ kind: z.literal("hang"), at: pattern, afterBytes: z.number().int().min(0).optional(), once }),
  /** A NETCONF reply with a warning in it: beside `<ok/>`, or alone (RFC 6241 §4.3; Junos does the second). */
  z.strictObject({
    kind: z.literal("rpc-warning"),
    at: pattern,
    message: z.string().default("uncommitted changes will be discarded on exit"),
    withOk: z.boolean().default(true),
  }),
  /** Ends the connection at a command, before or after the device has done it, or in the middle of an output after so many bytes. */
  z.strictObject({
    kind: z.literal("drop"),
    at: pattern.optional(),
    moment: z.enum(["before", "after"]).default("before"),
    afterBytes: z.number().int().positive().optional(),
    how: z.enum(["reset", "close"]).default("reset"),
    once,
  }),
  /** Shows another prompt, at once or after a command. `{host}` stands for the hostname. */
  z.strictObject({ kind: z.literal("wrong-prompt"), prompt: z.string(), at: pattern.optional() }),
  /** Accepts `terminal length` and goes on paging. */
  z.strictObject({ kind: z.literal("paging-left-on"), length: z.number().int().min(2).default(24) }),
  /** `message` in the words of the platform; without it the platform takes its own. */
  z.strictObject({
    kind: z.literal("refuse-line"),
    ...lineSelector,
    message: z.string().default(REFUSED),
    /** The error-tag of a NETCONF refusal (RFC 6241 Appendix A). */
    tag: z
      .enum(["operation-failed", "resource-denied", "too-big", "rollback-failed", "in-use"])
      .default("operation-failed"),
  }),
  /** AAA says no: on a configuration line by number or pattern, or on an exec command by pattern. */
  z.strictObject({ kind: z.literal("authorization-denied"), ...lineSelector }),
  /** The change cuts the way to the device; the device itself lives. Ends when the configuration is rolled back. */
  z.strictObject({
    kind: z.literal("unreachable-after-apply"),
    match: pattern.optional(),
    how: z.enum(["refuse", "blackhole"]).default("refuse"),
  }),
  /** Loses power after a change that still waits for its confirmation: comes back with the startup configuration and no timer. */
  z.strictObject({
    kind: z.literal("reboot-before-confirm"),
    afterMs: z.number().min(0).default(0),
    bootMs: z.number().min(0).default(120_000),
  }),
  /** Its other half takes over while a confirmation is waited for: sessions end, the serial is another, the timer is forgotten. */
  z.strictObject({
    kind: z.literal("failover-before-confirm"),
    afterMs: z.number().min(0).default(0),
    bootMs: z.number().min(0).default(10_000),
    serial: z.string().default("9STANDBY0001"),
    /** What the other half runs: what was being tried, or what was before. */
    runs: z.enum(["applied", "previous"]).default("previous"),
  }),
  /** Somebody else confirms our pending change. */
  z.strictObject({
    kind: z.literal("confirmed-by-other"),
    by: z.string().default("noc-admin"),
    afterMs: z.number().min(0).default(0),
  }),
  /** The confirmation is taken for nothing: the device answers well and its timer runs on. */
  z.strictObject({ kind: z.literal("confirm-lost") }),
  /** Another user has changes in the candidate that all share, or holds the lock. */
  z.strictObject({
    kind: z.literal("stale-candidate"),
    lines: z.array(z.string()).default([]),
    by: z.string().default("noc-admin"),
    locked: z.boolean().default(false),
  }),
  /** No login is answered: the AAA server is gone. `hang` never answers, `refuse` says no to everybody. */
  z.strictObject({ kind: z.literal("aaa-down"), how: z.enum(["hang", "refuse"]).default("refuse") }),
  /** Every session of the device is taken. */
  z.strictObject({ kind: z.literal("full-session-table") }),
  /** The login lands below the level that changes need. */
  z.strictObject({ kind: z.literal("wrong-privilege") }),
  /** Every command is first asked about at a server that takes its time. */
  z.strictObject({ kind: z.literal("command-authorization"), delayMs: z.number().min(0).default(250) }),
  /** Log lines in the middle of what a command prints, every so many lines. */
  z.strictObject({
    kind: z.literal("log-noise"),
    every: z.number().int().positive().default(20),
    text: z.string().default("%LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet9, changed state to up"),
  }),
  /** Somebody else works on the box while a confirmation is waited for. */
  z.strictObject({
    kind: z.literal("other-admin-change"),
    lines: z.array(z.string()).min(1),
    by: z.string().default("noc-admin"),
    afterMs: z.number().min(0).default(0),
  }),
  z.strictObject({
    kind: z.literal("slow-output"),
    chunkBytes: z.number().int().positive().default(64),
    delayMs: z.number().positive().default(20),
  }),
  z.strictObject({
    kind: z.literal("tiny-chunks"),
    chunkBytes: z.number().int().positive().default(1),
    delayMs: z.number().min(0).default(0),
  }),
]);
export type Fault = z.output<typeof Fault>;
export type FaultInput = z.input<typeof Fault>;
export type FaultKind = Fault["kind"];

export interface LineRefusal {
  readonly kind: "denied" | "refused";
  /** In Cisco's words. */
  readonly message: string;
  /** What the fault itself gave, if it did. */
  readonly own?: string;
}

type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

export function matches(source: string | undefined, text: string): boolean {
  return source !== undefined && new RegExp(source, "i").test(text);
}

/** `line` after every so many lines of a text, but not at its end. */
export function between(text: string, every: number, line: string): string {
  const lines = text.split("\n");
  return lines
    .flatMap((one, at) => (at > 0 && at % every === 0 && at < lines.length - 1 ? [line, one] : [one]))
    .join("\n");
}

/** What can happen to a change that a device would still take back. */
export interface Awaited {
  /** At once where there is nothing to wait for. */
  later(delayMs: number, run: () => void): void;
  mutate(lines: readonly string[], by: string): void;
  confirm(by: string): void;
  reboot(bootMs: number): void;
}

/** The faults that meet a change while its confirmation is waited for, each once. */
export function meetAwaited(faults: FaultBoard, does: Awaited): void {
  const other = faults.take("other-admin-change");
  if (other) does.later(other.afterMs, () => does.mutate(other.lines, other.by));
  const confirmed = faults.take("confirmed-by-other");
  if (confirmed) does.later(confirmed.afterMs, () => does.confirm(confirmed.by));
  const reboot = faults.take("reboot-before-confirm");
  if (reboot) does.later(reboot.afterMs, () => does.reboot(reboot.bootMs));
}

export class FaultBoard {
  /** What is no fault, and yet worth a look. */
  readonly conditions: Conditions = unremarkable();
  readonly #active = new Map<FaultKind, Fault>();

  set(input: FaultInput): Fault {
    const fault = Fault.parse(input);
    this.#active.set(fault.kind, fault);
    return fault;
  }

  clear(kind?: FaultKind): void {
    if (kind === undefined) this.#active.clear();
    else this.#active.delete(kind);
  }

  get<K extends FaultKind>(kind: K): FaultOf<K> | undefined {
    const found = this.#active.get(kind);
    return found?.kind === kind ? (found as FaultOf<K>) : undefined;
  }

  /** The fault that cuts or stops the answer to this command after so many bytes, if any. */
  bitesAnswer(text: string): FaultOf<"hang" | "drop"> | undefined {
    const fault = [this.get("hang"), this.get("drop")].find(
      (one) => one?.afterBytes !== undefined && matches(one.at, text),
    );
    if (fault?.once) this.#active.delete(fault.kind);
    return fault;
  }

  /** The fault that this command meets at this moment, if any. */
  bites(
    kind: "hang" | "drop",
    text: string,
    moment: "before" | "after" = "before",
  ): FaultOf<"hang" | "drop"> | undefined {
    const fault = this.get(kind);
    if (!fault || !matches(fault.at, text) || (fault.kind === "drop" && fault.moment !== moment)) return undefined;
    if (fault.once) this.#active.delete(kind);
    return fault;
  }

  /** For faults that happen once. */
  take<K extends FaultKind>(kind: K): FaultOf<K> | undefined {
    const found = this.get(kind);
    this.#active.delete(kind);
    return found;
  }

  get active(): readonly Fault[] {
    return [...this.#active.values()];
  }

  get pace(): { chunkBytes: number; delayMs: number } | undefined {
    return this.get("slow-output") ?? this.get("tiny-chunks");
  }

  /** What a configuration line meets, if anything. */
  forLine(line: string, number: number): LineRefusal | undefined {
    const hit = (fault: { line?: number | undefined; match?: string | undefined } | undefined) =>
      fault !== undefined &&
      (fault.line === number ||
        matches(fault.match, line.trim()) ||
        (fault.line === undefined && fault.match === undefined));
    if (hit(this.get("authorization-denied"))) return { kind: "denied", message: "Command authorization failed.\n" };
    const refuse = this.get("refuse-line");
    if (!refuse || !hit(refuse)) return undefined;
    return { kind: "refused", message: refuse.message, ...(refuse.message === REFUSED ? {} : { own: refuse.message }) };
  }
}
