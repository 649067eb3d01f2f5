import snmp, { type Session } from "net-snmp";
import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { SnmpSecurity } from "../../../shared/secret.ts";
import { Admission, type Peer, USM_STATS } from "./admission.ts";
import type { AnswerPdu } from "./message.ts";
import { forgetKeys, usmUser } from "./security.ts";
import { openSocket } from "./socket.ts";
import type { Varbind } from "./values.ts";

export interface SnmpOptions {
  readonly address: string;
  readonly port: number;
  /** The security name of version 3. */
  readonly username: string;
  readonly security: SnmpSecurity;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long the first try of a request waits; each further one waits twice as long as the one before. */
  readonly requestMs: number;
  /** Further tries after the first. */
  readonly retries: number;
}

type Ask = (session: Session, done: (error: Error | null) => void) => void;
type Ended = { kind: "answer"; pdu: AnswerPdu } | { kind: "silence" } | { kind: "resync" };

/** The library's own timer never fires: ours decide. */
const LIBRARY_TIMER_MS = 2 ** 31 - 1;
/** Discovery, the request, and its repetition at a corrected time: an agent that asks for more goes round in circles. */
const DATAGRAMS_MAX = 4;
/** Datagrams that are not let through, in one try. */
const REFUSED_MAX = 256;
const RESYNCS_MAX = 2;
export const OIDS_MAX = 16;

/** RFC 3416 §3. */
const TOO_BIG = 1;
const STATUS =
  "noError tooBig noSuchName badValue readOnly genErr noAccess wrongType wrongLength wrongEncoding wrongValue noCreation inconsistentValue resourceUnavailable commitFailed undoFailed authorizationError notWritable inconsistentName".split(
    " ",
  );

interface Open {
  readonly session: Session;
  readonly admission: Admission;
}

/**
 * Asks one device, one request at a time; never tells it anything. Nothing is sent before the first request.
 * Errors: CONNECT_TIMEOUT, CONNECT_REFUSED, COMMAND_TIMEOUT, LOGIN_REFUSED, ALGORITHMS, AUTHORIZATION_DENIED, COMMAND_REFUSED,
 * DEVICE_ANSWER, DEADLINE, and the signal's reason when it aborts.
 */
export class SnmpClient {
  readonly #options: SnmpOptions;
  readonly #peer: Peer;
  readonly #stop = new AbortController();
  readonly #release: () => void;
  #open: Open | null = null;
  #heard = false;
  #isBusy = false;
  #on: { failed(error: unknown): void; report(pdu: AnswerPdu): void } | null = null;
  #answer: AnswerPdu | null = null;
  #refused = { count: 0, why: "" };
  #datagrams = 0;
  #late: FarhandError | null = null;

  constructor(options: SnmpOptions) {
    this.#options = options;
    const { security, signal, username } = options;
    this.#peer =
      security.version === "2c"
        ? { version: "2c", community: security.community.reveal() }
        : { version: "3", user: usmUser(username, security) };
    const abort = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#release = () => signal.removeEventListener("abort", abort);
  }

  /** The values of exactly these objects, in this order; an object that is not there has a datum that says so. */
  async get(oids: readonly string[]): Promise<readonly Varbind[]> {
    const found: Varbind[] = [];
    for (let at = 0, size = OIDS_MAX; at < oids.length;) {
      const some = oids.slice(at, at + size);
      const pdu = await this.#exchange((session, done) => session.get(some, done));
      if (pdu.errorStatus === TOO_BIG && some.length > 1) {
        size = Math.ceil(some.length / 2);
        continue;
      }
      this.#refuseStatus(pdu, some);
      if (pdu.varbinds.length !== some.length || pdu.varbinds.some(({ oid }, index) => oid !== some[index]))
        throw new FarhandError("DEVICE_ANSWER", "it answers for other objects than were asked for");
      found.push(...pdu.varbinds);
      at += some.length;
    }
    return found;
  }

  /**
   * What follows these objects, for each at most so many, in turns; null where the answer would be too big for the device. Order is
   * the walker's matter.
   */
  async getBulk(oids: readonly string[], repetitions: number): Promise<readonly Varbind[] | null> {
    const max = oids.length * repetitions;
    const pdu = await this.#exchange((session, done) => session.getBulk([...oids], 0, repetitions, done));
    if (pdu.errorStatus === TOO_BIG && max > 1) return null;
    this.#refuseStatus(pdu, oids);
    if (pdu.varbinds.length === 0 || pdu.varbinds.length > max)
      throw new FarhandError("DEVICE_ANSWER", `${pdu.varbinds.length} objects where 1 to ${max} were asked for`);
    return pdu.varbinds;
  }

  /** Everything that `run` asks for, and waits for, within this time: DEADLINE. */
  async within<T>(totalMs: number, run: () => Promise<T>): Promise<T> {
    this.#late = null;
    const timer = this.#options.clock.after(totalMs, () => {
      this.#late = new FarhandError("DEADLINE", "reading over SNMP");
      this.#on?.failed(this.#late);
    });
    try {
      return await run();
    } finally {
      timer.clear();
      this.#late = null;
    }
  }

  close(): void {
    this.#release();
    this.#reset();
    if (this.#peer.version === "3") forgetKeys(this.#peer.user);
  }

  async #exchange(ask: Ask): Promise<AnswerPdu> {
    if (this.#isBusy) throw new FarhandError("INTERNAL", "two SNMP requests at once");
    this.#isBusy = true;
    try {
      let resyncs = 0;
      for (let tries = 0; ;) {
        const ended = await this.#once(ask, this.#options.requestMs * 2 ** tries);
        switch (ended.kind) {
          case "answer":
            this.#heard = true;
            return ended.pdu;
          case "silence":
            tries += 1;
            if (tries > this.#options.retries) throw this.#silence();
            break;
          case "resync":
            // What the device's clock says cannot be reconciled with what it said before: forget, and ask it anew.
            resyncs += 1;
            if (resyncs > RESYNCS_MAX) throw new FarhandError("DEVICE_ANSWER", "its engine's time cannot be agreed on");
            this.#reset();
            break;
          default:
            ended satisfies never;
        }
      }
    } finally {
      this.#isBusy = false;
    }
  }

  #once(ask: Ask, waitMs: number): Promise<Ended> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        if (this.#on === null) return;
        this.#on = null;
        timer.clear();
        signal.removeEventListener("abort", abort);
        this.#open?.session.cancelRequests(new Error("over"));
        finish();
      };
      const fail = (error: unknown): void => end(() => reject(asError(error)));
      const abort = (): void => fail(signal.reason);
      const timer = this.#options.clock.after(waitMs, () => end(() => resolve({ kind: "silence" })));
      const report = (pdu: AnswerPdu): void => {
        const meant = meaningOf(pdu);
        end(() => (meant === "resync" ? resolve({ kind: "resync" }) : reject(meant)));
      };
      this.#on = { failed: fail, report };
      this.#refused = { count: 0, why: "" };
      this.#datagrams = 0;
      this.#answer = null;
      if (signal.aborted) return abort();
      if (this.#late !== null) return fail(this.#late);
      signal.addEventListener("abort", abort, { once: true });
      ask(this.#session(), (error) => {
        const answer = this.#answer;
        // Never the library's own error: it carries the user with its passphrases.
        if (answer === null || (error !== null && !isAnswerError(error)))
          return fail(new FarhandError("INTERNAL", `net-snmp: ${error?.name ?? "no answer"}`));
        if (answer.kind === "report") return report(answer);
        const isUntimely =
          error !== null && "code" in error && error.code === snmp.ResponseInvalidCode.ENotInTimeWindow;
        end(() => resolve(isUntimely ? { kind: "resync" } : { kind: "answer", pdu: answer }));
      });
    });
  }

  #session(): Session {
    this.#open ??= this.#begin();
    return this.#open.session;
  }

  #begin(): Open {
    const { address, port, security } = this.#options;
    const admission = new Admission(this.#peer);
    const events = {
      sent: (bytes: Buffer): void => {
        this.#datagrams += 1;
        admission.sent(bytes);
        if (this.#datagrams > DATAGRAMS_MAX)
          this.#on?.failed(new FarhandError("DEVICE_ANSWER", "it asks for another engine time again and again"));
      },
      received: (bytes: Buffer): boolean => this.#received(admission, bytes),
      failed: (error: NodeJS.ErrnoException): void => this.#on?.failed(socketError(error)),
    };
    const options = {
      port,
      retries: 0,
      timeout: LIBRARY_TIMER_MS,
      dgramModule: { createSocket: () => openSocket(address, port, events) },
    };
    const session =
      this.#peer.version === "2c"
        ? snmp.createSession(address, this.#peer.community, { ...options, version: snmp.Version2c })
        : snmp.createV3Session(address, this.#peer.user, {
            ...options,
            version: snmp.Version3,
            context: security.version === "3" ? (security.contextName ?? "") : "",
          });
    session.on("error", () => this.#on?.failed(new FarhandError("DEVICE_ANSWER", "net-snmp could not read it")));
    return { session, admission };
  }

  #received(admission: Admission, bytes: Buffer): boolean {
    if (this.#on === null) return false;
    const verdict = admission.judge(bytes);
    switch (verdict.to) {
      case "library":
        this.#answer = verdict.answer;
        return true;
      case "caller":
        this.#on.report(verdict.report);
        return false;
      case "nobody":
        this.#refused = { count: this.#refused.count + 1, why: verdict.why };
        if (this.#refused.count >= REFUSED_MAX) this.#on.failed(this.#silence());
        return false;
      default:
        return verdict satisfies never;
    }
  }

  #silence(): FarhandError {
    const { count, why } = this.#refused;
    if (count > 0) return new FarhandError("DEVICE_ANSWER", `${count} datagrams that are no answer; the last: ${why}`);
    if (this.#heard) return new FarhandError("COMMAND_TIMEOUT", "SNMP: no answer");
    const hint = this.#open?.admission.isFound
      ? "its engine was found, and is silent; net-snmp's is so to a wrong privacy passphrase"
      : this.#peer.version === "2c"
        ? "no answer; an agent is silent to a community that it does not know"
        : "no answer";
    return new FarhandError("CONNECT_TIMEOUT", `SNMP: ${hint}`);
  }

  #refuseStatus({ errorStatus, errorIndex }: AnswerPdu, oids: readonly string[]): void {
    if (errorStatus === 0) return;
    const name = STATUS[errorStatus] ?? `error ${errorStatus}`;
    const detail = `SNMP ${name} for ${oids[errorIndex - 1] ?? oids[0] ?? "nothing"}`;
    throw new FarhandError(
      name === "authorizationError" || name === "noAccess" ? "AUTHORIZATION_DENIED" : "COMMAND_REFUSED",
      detail,
    );
  }

  #reset(): void {
    this.#open?.session.close();
    this.#open = null;
  }
}

/** RFC 3414 §3.2: what a Report says about the request. */
function meaningOf({ varbinds }: AnswerPdu): "resync" | FarhandError {
  const oid = varbinds[0]?.oid;
  switch (oid) {
    case USM_STATS.notInTimeWindows:
    case USM_STATS.unknownEngineIds:
      return "resync";
    case USM_STATS.unknownUserNames:
      return new FarhandError("LOGIN_REFUSED", "SNMP: the device does not know the user");
    case USM_STATS.wrongDigests:
      return new FarhandError("LOGIN_REFUSED", "SNMP: wrong authentication passphrase or protocol");
    case USM_STATS.decryptionErrors:
      return new FarhandError("LOGIN_REFUSED", "SNMP: wrong privacy passphrase or protocol");
    case USM_STATS.unsupportedSecLevels:
      return new FarhandError("ALGORITHMS", "SNMP: the user does not have this security level on the device");
    default:
      return new FarhandError("DEVICE_ANSWER", `a Report about ${oid ?? "nothing"}`);
  }
}

function socketError(error: NodeJS.ErrnoException): FarhandError {
  return error.code === "ECONNREFUSED"
    ? new FarhandError("CONNECT_REFUSED", "nothing listens on the SNMP port")
    : new FarhandError("CONNECT_REFUSED", `SNMP: ${error.code ?? error.name}`);
}

/** What the library makes of an answer; anything else went wrong in the library itself. */
const isAnswerError = ({ name }: Error): boolean => name === "ResponseInvalidError" || name === "RequestFailedError";

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error("aborted"));
