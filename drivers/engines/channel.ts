import type { Instruction } from "../platform.ts";

export type Variables = Readonly<Record<string, string | number | boolean>>;

export interface CommandOptions {
  /** Receives the answer's lines as they come, without echo and prompt; the device waits for it. */
  readonly onLines?: (lines: readonly string[], redacted: readonly string[]) => Promise<void> | void;
  readonly outputBytesMax: number;
  readonly answers?: readonly { question: string; answer: string }[];
  /** What `${…}` in answers stands for. */
  readonly variables?: Variables;
  /** Stop at a tail that is no prompt (a here-document's `+>`). */
  readonly until?: RegExp;
}

/**
 * A device that is told one command at a time and answers in text, whatever carries it: a terminal, one exec channel for each
 * command, an HTTPS API that runs CLI commands. Recipes and reads are written against this, so that one platform file serves
 * all carriers of its CLI. One command at a time; after a time-out or a broken line every call throws CONNECTION_LOST.
 */
export interface CommandChannel {
  /** As the device calls itself; empty where the carrier does not show it. */
  readonly hostname: string;
  readonly mode: string;
  readonly usable: boolean;
  /** To the base mode, ready for commands. Errors: PROMPT, LOGIN_REFUSED, PRIVILEGE, COMMAND_TIMEOUT, CONNECTION_LOST. */
  open(): Promise<void>;
  /** Walks the mode graph of the platform file. PRIVILEGE when the device does not let us. */
  enter(mode: string, variables?: Variables): Promise<void>;
  command(text: string, options: CommandOptions): Promise<void>;
  /** Says one thing and checks its answer: COMMAND_REFUSED, AUTHORIZATION_DENIED, CANDIDATE_BUSY, TEXT_REFUSED. Returns the answer. */
  instruct(step: Instruction, variables: Variables): Promise<string>;
  /** One configuration line, checked against the platform's error rules. A carrier may gather lines and send them when the mode is left. */
  configure(line: string): Promise<void>;
  /** COMMAND_REFUSED or AUTHORIZATION_DENIED when a line of the answer is one of the platform's errors. */
  requireNoError(command: string, lines: readonly string[], kind: "config" | "read"): void;
  /** What the device said, as it may leave the site. */
  redacted(text: string): string;
  /** A configuration line that is about to come into force may rename the device, and with it the prompt. */
  mayRename(line: string): void;
  /** The prompt of the next answer may name this host. */
  mayBeCalled(host: string): void;
  /** Says good-bye where that matters and closes. Never throws. */
  close(): Promise<void>;
}
