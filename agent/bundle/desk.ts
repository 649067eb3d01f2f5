import { randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BUNDLE_BYTES_MAX } from "../../shared/bundle/format.ts";
import { chunksOf } from "../../shared/bundle/private-copy.ts";
import { writeFresh } from "../../shared/bundle/write.ts";
import type { Clock } from "../../shared/clock.ts";
import { checkEnvelope, Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError, isErrorCode } from "../../shared/errors.ts";
import type { AgentLog } from "../log.ts";
import type { Courier } from "./courier.ts";
import { ExportReport, ImportReport } from "./report.ts";

/**
 * A counter between two processes of one state folder: a technician's command lays a bundle on it and the running agent, which alone
 * may write the journal, takes it up. Only who may write the state folder reaches it; nothing listens.
 */
const Request = z.discriminatedUnion("do", [
  z.strictObject({ v: z.literal(1), do: z.literal("import"), admission: Envelope.nullable() }),
  z.strictObject({ v: z.literal(1), do: z.literal("export") }),
]);
type Request = z.infer<typeof Request>;

const Answer = z.union([
  z.strictObject({ v: z.literal(1), imported: ImportReport }),
  z.strictObject({ v: z.literal(1), exported: ExportReport }),
  z.strictObject({ v: z.literal(1), code: z.string().refine(isErrorCode), detail: z.string().nullable() }),
]);
type Answer = z.infer<typeof Answer>;

const LOOK_EVERY_MS = 500;
const REQUEST_BYTES_MAX = 64 * 1024;
const REQUEST = /^([0-9a-f]{32})\.request\.json$/;

const deskOf = (stateDir: string): string => join(stateDir, "desk");

/** The agent's side: until `signal` aborts. */
export async function tendDesk(options: {
  readonly stateDir: string;
  readonly courier: Courier;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { courier, clock, log, signal } = options;
  const dir = deskOf(options.stateDir);
  while (!signal.aborted) {
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      for (const name of readdirSync(dir)) {
        const id = REQUEST.exec(name)?.[1];
        if (id === undefined || signal.aborted) continue;
        const answer = await serve(courier, join(dir, id));
        if ("code" in answer) log.warn("bundle-refused", { code: answer.code, detail: answer.detail ?? "" });
        rmSync(join(dir, name), { force: true });
        lay(join(dir, `${id}.answer.json`), answer);
      }
    } catch (error) {
      log.error("desk", { code: errorCode(error), detail: String(error) });
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

async function serve(courier: Courier, at: string): Promise<Answer> {
  try {
    const path = `${at}.request.json`;
    if (statSync(path).size > REQUEST_BYTES_MAX) throw new FarhandError("SCHEMA", "a request on the desk");
    const request = Request.parse(JSON.parse(readFileSync(path, "utf8")));
    if (request.do === "export") return { v: 1, exported: await courier.export(`${at}.bundle`) };
    const admission = request.admission && checkEnvelope(request.admission);
    return { v: 1, imported: await courier.import(`${at}.bundle`, admission) };
  } catch (error) {
    const detail = error instanceof FarhandError ? (error.detail ?? null) : String(error).slice(0, 200);
    return { v: 1, code: errorCode(error), detail };
  }
}

/** Whole or not there: who looks finds either nothing or all of it. */
function lay(path: string, value: Request | Answer): void {
  writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600, flag: "wx" });
  renameSync(`${path}.new`, path);
}

/** The technician's side. `deadlineMs` bounds how long the agent may take. */
export class Counter {
  readonly #dir: string;
  readonly #stateDir: string;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(stateDir: string, clock: Clock, deadlineMs: number) {
    this.#stateDir = stateDir;
    this.#dir = deskOf(stateDir);
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  async import(path: string, admission: Envelope | null): Promise<ImportReport> {
    return this.#ask({ v: 1, do: "import", admission }, async (at, ask) => {
      await writeFresh(`${at}.bundle`, chunksOf(path, BUNDLE_BYTES_MAX));
      this.#give(`${at}.bundle`);
      const answer = await ask();
      if (!("imported" in answer)) throw new FarhandError("PROTOCOL", "the agent answered something else");
      return answer.imported;
    });
  }

  async export(path: string): Promise<ExportReport> {
    return this.#ask({ v: 1, do: "export" }, async (at, ask) => {
      // Looked at first: a number is used up by an export, and a name that is taken must not cost one.
      if (existsSync(path)) throw new FarhandError("IO", `${path}: is there already, and is not overwritten`);
      const answer = await ask();
      if (!("exported" in answer)) throw new FarhandError("PROTOCOL", "the agent answered something else");
      await writeFresh(path, chunksOf(`${at}.bundle`, BUNDLE_BYTES_MAX));
      return answer.exported;
    });
  }

  async #ask<T>(request: Request, act: (at: string, ask: () => Promise<Answer>) => Promise<T>): Promise<T> {
    if (!existsSync(this.#dir)) throw new FarhandError("ALREADY_RUNNING", "the agent that runs is too old for bundles");
    const at = join(this.#dir, randomBytes(16).toString("hex"));
    const files = ["bundle", "request.json", "answer.json"].map((suffix) => `${at}.${suffix}`);
    try {
      return await act(at, async () => {
        lay(`${at}.request.json`, request);
        this.#give(`${at}.request.json`);
        return this.#answer(at);
      });
    } finally {
      for (const file of files) rmSync(file, { force: true });
    }
  }

  async #answer(at: string): Promise<Answer> {
    const untilMs = this.#clock.monotonicMs() + this.#deadlineMs;
    const path = `${at}.answer.json`;
    while (!existsSync(path)) {
      if (this.#clock.monotonicMs() > untilMs) throw new FarhandError("DEADLINE", "the running agent did not answer");
      await this.#clock.sleep(LOOK_EVERY_MS / 5);
    }
    const answer = Answer.parse(JSON.parse(readFileSync(path, "utf8")));
    if ("code" in answer && isErrorCode(answer.code)) throw new FarhandError(answer.code, answer.detail ?? undefined);
    return answer;
  }

  /** A command as root leaves nothing that the agent's own user could not read. */
  #give(path: string): void {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = statSync(this.#stateDir);
    chownSync(path, uid, gid);
  }
}
