/**
 * eAPI: JSON-RPC 2.0 over HTTPS at `/command-api`, method `runCmds` (Arista eAPI overview, "Command API"). Commands run in order on a
 * command line of their own, unprivileged until `enable`, and stop at the first that fails; what ran before stays done.
 */
import { z } from "zod";
import type { FaultBoard } from "../faults.ts";
import type { CommandRecord } from "../device.ts";
import type { HttpsDoor, HttpsExchange, HttpsUser } from "../kit/https.ts";
import { Cli } from "./cli.ts";
import type { EosDevice } from "./device.ts";
import type { ErrorCode, Json, Outcome } from "./outcome.ts";

const Command = z.union([
  z.string(),
  z.looseObject({ cmd: z.string(), input: z.string().optional(), revision: z.number().optional() }),
]);
const Call = z.object({
  jsonrpc: z.literal("2.0"),
  method: z.string(),
  params: z.object({
    version: z.union([z.literal(1), z.literal("latest")]),
    cmds: z.array(Command).min(1),
    format: z.enum(["json", "text"]).default("json"),
    autoComplete: z.boolean().default(false),
    timestamps: z.boolean().default(false),
  }),
  id: z.union([z.string(), z.number(), z.null()]).default(null),
});
type Call = z.output<typeof Call>;

export interface EapiOptions {
  readonly device: EosDevice;
  readonly door: () => HttpsDoor;
  readonly users: readonly HttpsUser[];
  readonly enablePassword: string | undefined;
  readonly log: readonly CommandRecord[] & { push(record: CommandRecord): unknown };
  /** Requests that it answers in a minute; the others get 503. */
  readonly requestsPerMinute: number | undefined;
}

const WHY: Readonly<Record<ErrorCode, string>> = {
  1000: "could not run command",
  1002: "invalid command",
  1003: "incompatible command",
  1005: "permission to run command denied",
};

const NO_MODEL =
  "Command cannot be used over the API at this time. To see ASCII output, set format='text' in your request";

/** Above what terminals count to, so that both are told apart in the lists of sessions. */
const FIRST_SESSION = 100_000;

export class Eapi {
  readonly #o: EapiOptions;
  #next = FIRST_SESSION;
  #answeredAtMs: number[] = [];

  constructor(options: EapiOptions) {
    this.#o = options;
  }

  get #faults(): FaultBoard {
    return this.#o.device.store.faults;
  }

  async handle(exchange: HttpsExchange): Promise<Response> {
    if (exchange.url.pathname !== "/command-api") return new Response("Not Found\n", { status: 404 });
    const login = this.#o.door().login(exchange, this.#o.users);
    switch (login.kind) {
      case "unanswered":
        return exchange.silence();
      case "refused":
        return new Response("Unable to authenticate user: Authentication failed\n", {
          status: 401,
          headers: { "www-authenticate": 'Basic realm="COMMAND_API_AUTH"' },
        });
      case "user":
        break;
      default:
        return login satisfies never;
    }
    if (this.#tooMany())
      return new Response("Service Unavailable\n", { status: 503, headers: { "retry-after": "60" } });
    if (exchange.method !== "POST") return rpcError(null, -32_600, "Invalid Request");
    let body: unknown;
    try {
      body = JSON.parse(exchange.body);
    } catch {
      return rpcError(null, -32_700, "Parse error");
    }
    const call = Call.safeParse(body);
    if (!call.success) return rpcError(idOf(body), -32_602, "Invalid params");
    if (call.data.method !== "runCmds")
      return rpcError(call.data.id, -32_601, `Method not found (${call.data.method})`);
    return this.#run(exchange, call.data, login.username);
  }

  #tooMany(): boolean {
    const most = this.#o.requestsPerMinute;
    if (most === undefined) return false;
    const nowMs = this.#o.device.store.clock.nowMs();
    this.#answeredAtMs = this.#answeredAtMs.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#answeredAtMs.length >= most) return true;
    this.#answeredAtMs.push(nowMs);
    return false;
  }

  async #run(exchange: HttpsExchange, { id, params }: Call, user: string): Promise<Response> {
    const { device, enablePassword, log } = this.#o;
    const sessionId = this.#next++;
    const cli = new Cli({
      device,
      who: { sessionId, user, terminal: "command-api" },
      privileged: false,
      enablePassword,
      abbreviations: params.autoComplete,
      peers: () => [],
    });
    const results: Json[] = [];
    try {
      for (const [at, command] of params.cmds.entries()) {
        const { cmd, input } = typeof command === "string" ? { cmd: command, input: undefined } : command;
        const atMs = device.store.clock.nowMs();
        log.push({ atMs, sessionId, user, mode: cli.configuring ? "config" : "exec", line: cmd.trim() });
        const before = this.#faults.bites("drop", cmd.trim());
        if (before?.kind === "drop") return cut(exchange, before.how);
        if (this.#faults.bites("hang", cmd.trim())) return await exchange.silence();
        const outcome = withModel(answer(cli, cmd, input), params.format);
        const after = this.#faults.bites("drop", cmd.trim(), "after");
        if (after?.kind === "drop") return cut(exchange, after.how);
        if (outcome.kind === "error") {
          const data = [...results, { errors: [outcome.message] }];
          const message = `CLI command ${at + 1} of ${params.cmds.length} '${cmd}' failed: ${WHY[outcome.code]}`;
          return rpcError(id, outcome.code, message, data);
        }
        const result = resultOf(outcome, params.format);
        results.push(
          params.timestamps ? { ...result, _meta: { execStartTime: atMs / 1000, execDuration: 0.01 } } : result,
        );
      }
    } finally {
      cli.ended();
    }
    return Response.json({ jsonrpc: "2.0", id, result: results });
  }
}

function answer(cli: Cli, cmd: string, input: string | undefined): Outcome {
  const outcome = cli.run(cmd);
  if (outcome.kind === "body") {
    if (input === undefined)
      return { kind: "error", code: 1000, message: "Unterminated input: a multi-line command needs 'input'" };
    const lines = input.replace(/\n+$/, "").split("\n");
    return cli.run(cmd, { body: lines.at(-1)?.trim() === "EOF" ? lines : [...lines, "EOF"] });
  }
  if (outcome.kind === "password") {
    if (input === undefined) return { kind: "error", code: 1000, message: "Bad secret" };
    return cli.run(cmd, { password: input.replace(/\n+$/, "") });
  }
  return outcome;
}

/** A `show` without a model is refused in JSON; what configures has an empty one. */
function withModel(outcome: Outcome, format: "json" | "text"): Outcome {
  if (format === "text" || outcome.kind !== "done" || outcome.model !== undefined) return outcome;
  return { kind: "error", code: 1003, message: NO_MODEL };
}

function resultOf(outcome: Outcome, format: "json" | "text"): { readonly [key: string]: Json } {
  if (outcome.kind !== "done") return {};
  return format === "text" ? { output: outcome.text } : (outcome.model ?? {});
}

function cut(exchange: HttpsExchange, how: "reset" | "close"): Response {
  exchange.drop(how);
  return new Response(null, { status: 503 });
}

function idOf(body: unknown): string | number | null {
  const found = z.looseObject({ id: z.union([z.string(), z.number()]) }).safeParse(body);
  return found.success ? found.data.id : null;
}

function rpcError(id: string | number | null, code: number, message: string, data?: readonly Json[]): Response {
  return Response.json({ jsonrpc: "2.0", id, error: { code, message, ...(data ? { data } : {}) } });
}
