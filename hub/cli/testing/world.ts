import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../shared/clock.ts";
import type { Bytes } from "../../../shared/bytes.ts";
import { TEST_NOW_SECONDS, type TestOrg } from "../../../shared/testing/org.ts";
import { firstUpdate } from "../../../shared/testing/trust-set.ts";
import { encodeTrustFile, fileOfUpdate, TrustFile, updateOfFile } from "../../../shared/tuf/file.ts";
import { makeTimestamp, signMetadata } from "../../../shared/tuf/make.ts";
import { openTrustUpdate, type TrustView } from "../../../shared/tuf/open.ts";
import type { TrustUpdate } from "../../../shared/tuf/set.ts";
import type { Fetch } from "../../api/client/index.ts";
import { farhand, runFarhand } from "../app.ts";
import type { CliContext } from "../context.ts";

const DAY_MS = 86_400_000;

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** `METHOD /path` to an answer: JSON, bytes, or a whole response. Only for what a test needs of a hub. */
export type Answers = Readonly<
  Record<string, (request: { url: URL; body: unknown; bytes: Uint8Array; headers: Headers }) => unknown>
>;

/** A person at a terminal in an empty home, and a hub that says what the test wants it to say. */
export class World {
  readonly dir = mkdtempSync(join(tmpdir(), "farhand-cli-"));
  readonly requests: string[] = [];
  readonly clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  #answers: Answers = {};
  /** What the person types, in order; undefined is no terminal. */
  typed: string[] | undefined;

  hub(answers: Answers): this {
    this.#answers = answers;
    return this;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, data: string | Uint8Array, mode = 0o600): string {
    writeFileSync(this.path(name), data, { mode });
    return this.path(name);
  }

  /** The anchor and a token, as `farhand login` would have left them. */
  trusting(org: TestOrg): this {
    this.write("trust.json", anchorBytes(org));
    this.write("token", "secret-token\n");
    return this;
  }

  async run(...args: string[]): Promise<Ran> {
    let out = "";
    let err = "";
    const typed = this.typed;
    const answer = () => Promise.resolve(typed?.shift() ?? "");
    const context: CliContext = {
      process: {
        stdout: { write: (text: string) => void (out += text) },
        stderr: { write: (text: string) => void (err += text) },
      },
      env: {
        FARHAND_HUB: "https://hub.test:8443",
        FARHAND_TRUST: this.path("trust.json"),
        FARHAND_TOKEN_FILE: this.path("token"),
      },
      stdin: { isTTY: typed !== undefined, ask: answer, askSecret: answer },
      home: this.dir,
      cwd: this.dir,
      clock: this.clock,
      signal: new AbortController().signal,
      fetch: this.#fetch,
    };
    const exit = await runFarhand(farhand("0.0.0"), args, context);
    return { exit, out, err };
  }

  readonly #fetch: Fetch = async (url, init) => {
    const name = `${init.method ?? "GET"} ${url.pathname}`;
    this.requests.push(name);
    const answer = this.#answers[name];
    if (!answer) return errorResponse(404, "NOT_FOUND", name);
    const bytes = init.body instanceof Uint8Array ? init.body : new Uint8Array();
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const value = await answer({ url, body, bytes, headers: new Headers(init.headers) });
    if (value instanceof Response) return value;
    return value instanceof Uint8Array
      ? new Response(new Uint8Array(value))
      : Response.json(value, { status: name === "POST /api/v1/jobs" ? 201 : 200 });
  };

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function errorResponse(status: number, code: string, detail: string | null): Response {
  return Response.json({ code, message: "m", next: "n", detail, requestId: "req-1" }, { status });
}

/** What a person of this organisation keeps: no hub has stamped it. */
export function anchorBytes(org: TestOrg): Bytes {
  const { root, snapshot, targets, documents } = org.view.set;
  return encodeTrustFile({ roots: [root], snapshot, targets, documents });
}

export const trustOf = (org: TestOrg): TrustFile => fileOfUpdate(firstUpdate(org.view.set));

/** A hub's trust repository: it stamps what it takes and shows it from then on. `put` is what came, in order. */
export function trustHub(org: TestOrg): { readonly answers: Answers; readonly put: TrustUpdate[] } {
  const put: TrustUpdate[] = [];
  let view: TrustView = org.view;
  let roots = [org.view.set.root];
  const answers: Answers = {
    "GET /api/v1/trust": () => fileOfUpdate({ ...view.set, roots }),
    "PUT /api/v1/trust": async ({ body }) => {
      const update = updateOfFile(TrustFile.parse(body));
      view = await stamped(org, view, update);
      roots = [...roots.slice(0, 1), ...(update.roots ?? []).slice(1)];
      put.push(update);
      return view.facts.versions;
    },
  };
  return { answers, put };
}

/** The set after `update`, as this organisation's hub stamps it. */
export async function stamped(org: TestOrg, held: TrustView, update: TrustUpdate): Promise<TrustView> {
  const nowMs = org.nowSeconds * 1000;
  const version = held.facts.versions.timestamp + 1;
  const snapshot = update.snapshot ?? held.set.snapshot;
  const timestamp = await signMetadata(
    "timestamp",
    makeTimestamp({ version, expiresMs: nowMs + 7 * DAY_MS, snapshot }),
    [org.hub],
  );
  return openTrustUpdate(held, { ...update, timestamp }, { nowMs });
}

/** A stream of the given events, then silence until it is closed. */
export function eventStream(events: readonly { id: number }[]): Response {
  const text = events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
}
