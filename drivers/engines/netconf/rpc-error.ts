import { FarhandError, type ErrorCode } from "../../../shared/errors.ts";

/** One `rpc-error`, RFC 6241 §4.3. Every text in it is the device's, made safe to show; null where there was none. */
export interface RpcError {
  readonly type: string | null;
  readonly tag: string | null;
  /** What does not say "warning" is an error. */
  readonly severity: "error" | "warning";
  readonly appTag: string | null;
  readonly path: string | null;
  readonly message: string | null;
  /** Elements without children within `error-info`. */
  readonly info: readonly { readonly name: string; readonly value: string }[];
  /** Of whoever holds the lock (`lock-denied`); 0 is somebody who is no NETCONF session. */
  readonly sessionId: number | null;
}

/** Of one text before it is made safe. */
const TEXT_MAX = 4096;
const INFO_MAX = 16;
const SHOWN_ERRORS_MAX = 3;

/** Fed with what stands within one `rpc-error` element. */
export class RpcErrorReader {
  readonly #safe: (text: string) => string;
  readonly #path: string[] = [];
  readonly #fields = new Map<string, string>();
  readonly #info: { name: string; value: string }[] = [];
  #text = "";

  constructor(safe: (text: string) => string) {
    this.#safe = safe;
  }

  open(local: string): void {
    this.#path.push(local);
    this.#text = "";
  }

  text(text: string): void {
    if (this.#text.length < TEXT_MAX) this.#text += text.slice(0, TEXT_MAX);
  }

  /** False when what was closed is the error itself. */
  close(): boolean {
    const local = this.#path.pop();
    if (local === undefined) return false;
    const text = this.#text.trim();
    this.#text = "";
    if (this.#path.length === 0 && !this.#fields.has(local)) this.#fields.set(local, text);
    if (this.#path[0] === "error-info" && text !== "" && this.#info.length < INFO_MAX)
      this.#info.push({ name: local, value: text });
    return true;
  }

  finish(): RpcError {
    const field = (name: string): string | null => {
      const text = this.#fields.get(name);
      return text === undefined || text === "" ? null : this.#safe(text);
    };
    const sessionId = this.#info.find(({ name }) => name === "session-id")?.value ?? "";
    return {
      type: field("error-type"),
      tag: field("error-tag"),
      severity: this.#fields.get("error-severity") === "warning" ? "warning" : "error",
      appTag: field("error-app-tag"),
      path: field("error-path"),
      message: field("error-message"),
      info: this.#info.map(({ name, value }) => ({ name: this.#safe(name), value: this.#safe(value) })),
      sessionId: /^\d{1,10}$/v.test(sessionId) ? Number(sessionId) : null,
    };
  }
}

/** The device said no. `detail` tells of the first few errors. */
export class RpcRefused extends FarhandError {
  readonly errors: readonly RpcError[];

  constructor(operation: string, errors: readonly RpcError[], count = errors.length) {
    super(codeOf(errors), `${operation}: ${describe(errors, count)}`);
    this.errors = errors;
  }
}

function codeOf(errors: readonly RpcError[]): ErrorCode {
  const tags = errors.map(({ tag }) => tag);
  if (tags.includes("lock-denied") || tags.includes("in-use")) return "CANDIDATE_BUSY";
  if (tags.includes("access-denied")) return "AUTHORIZATION_DENIED";
  return "COMMAND_REFUSED";
}

export function describe(errors: readonly RpcError[], count = errors.length): string {
  const shown = errors.slice(0, SHOWN_ERRORS_MAX).map((error) => {
    const holder =
      error.sessionId === null ? null : `session ${error.sessionId === 0 ? "0, not NETCONF" : error.sessionId}`;
    const bad = error.info.find(({ name }) => name === "bad-element")?.value ?? null;
    const parts = [error.tag ?? "error", error.appTag, error.message, error.path, bad, holder];
    return parts.filter((part) => part !== null).join(", ");
  });
  const more = count - shown.length;
  return more > 0 ? `${shown.join("; ")}; and ${more} more` : shown.join("; ");
}
