/**
 * JSON-RPC over HTTPS at `/jsonrpc` (SR Linux System Management Guide, "JSON interface"): get, set, validate, diff and cli. Each request is
 * one transaction in a private candidate of its own; only `cli` can leave a named candidate behind. An error is answered with status 200.
 */
import { z } from "zod";
import type { CommandRecord } from "../device.ts";
import { matches } from "../faults.ts";
import type { HttpsDoor, HttpsExchange, HttpsUser } from "../kit/https.ts";
import { hasJsonRpc, type Box } from "./box.ts";
import { Cli } from "./cli.ts";
import { diffJson, diffText } from "./diff.ts";
import { assertSingular, editsOf, locate, Refused } from "./json-path.ts";
import { statements } from "./lexer.ts";
import { ROOT } from "./model/root.ts";
import { jsonAt, type Json } from "./print.ts";
import { stateTree } from "./state.ts";
import { configurationTool } from "./transaction.ts";
import { applyEdit, prune, type Branch } from "./tree.ts";

const Command = z.strictObject({
  path: z.string().max(4096),
  datastore: z.string().optional(),
  action: z.enum(["update", "replace", "delete"]).optional(),
  value: z.unknown().optional(),
  recursive: z.boolean().optional(),
  "include-field-defaults": z.boolean().optional(),
});
type Command = z.output<typeof Command>;

const Request = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string()]),
  method: z.string(),
  params: z.object({
    commands: z.array(z.union([z.string().max(1_000_000), Command])).max(10_000),
    datastore: z.string().optional(),
    "output-format": z.enum(["json", "text", "table"]).optional(),
    "confirm-timeout": z.number().int().optional(),
  }),
});
type Request = z.output<typeof Request>;

export interface JsonRpcOptions {
  readonly box: () => Box;
  readonly users: readonly HttpsUser[];
  readonly log: (record: CommandRecord) => void;
  readonly nextSession: () => number;
}

export class JsonRpc {
  readonly #o: JsonRpcOptions;

  constructor(options: JsonRpcOptions) {
    this.#o = options;
  }

  async handle(exchange: HttpsExchange, door: HttpsDoor): Promise<Response> {
    if (!hasJsonRpc(this.#o.box().store.running)) {
      exchange.drop("reset");
      return exchange.silence();
    }
    if (exchange.url.pathname !== "/jsonrpc") return new Response("404 Not Found\n", { status: 404 });
    const login = door.login(exchange, this.#o.users);
    if (login.kind === "unanswered") return exchange.silence();
    if (login.kind === "refused")
      return new Response("401 Unauthorized\n", {
        status: 401,
        headers: { "www-authenticate": 'Basic realm="SR Linux"' },
      });
    if (exchange.method !== "POST") return new Response(null, { status: 405 });
    let parsed: unknown;
    try {
      parsed = JSON.parse(exchange.body);
    } catch {
      return failure(null, "Failed to parse the request as JSON", -32_700);
    }
    const request = Request.safeParse(parsed);
    if (!request.success)
      return failure(null, `Invalid request: ${request.error.issues[0]?.path.join("/") ?? ""}`, -32_600);
    return this.#answer(exchange, request.data, login.username);
  }

  async #answer(exchange: HttpsExchange, request: Request, user: string): Promise<Response> {
    const box = this.#o.box();
    const { faults, clock } = box.store;
    const sessionId = this.#o.nextSession();
    const said = request.params.commands.map((one) =>
      typeof one === "string" ? one : `${one.action ?? ""} ${one.path}`.trim(),
    );
    const line = `${request.method} ${said.join("; ")}`;
    const mode = request.method === "set" ? "config" : "exec";
    this.#o.log({ atMs: clock.nowMs(), sessionId, user, mode, line: line.slice(0, 4096) });
    const before = faults.bites("drop", line);
    if (before?.kind === "drop") return cut(exchange, before.how);
    if (faults.bites("hang", line)) return exchange.silence();
    const answer = this.#run(box, request, { sessionId, user });
    const after = faults.bites("drop", line, "after");
    if (after?.kind === "drop") return cut(exchange, after.how);
    return answer;
  }

  #run(box: Box, request: Request, holder: { sessionId: number; user: string }): Response {
    try {
      const result = new Call(box, request, holder).result();
      return Response.json({ result, id: request.id, jsonrpc: "2.0" });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return failure(request.id, error.message);
    }
  }
}

function cut(exchange: HttpsExchange, how: "reset" | "close"): Promise<Response> {
  exchange.drop(how);
  return exchange.silence();
}

function failure(id: Request["id"] | null, message: string, code = -1): Response {
  return Response.json({ error: { code, message }, id, jsonrpc: "2.0" });
}

class Call {
  readonly #box: Box;
  readonly #request: Request;
  readonly #holder: { readonly sessionId: number; readonly user: string };

  constructor(box: Box, request: Request, holder: { readonly sessionId: number; readonly user: string }) {
    this.#box = box;
    this.#request = request;
    this.#holder = holder;
  }

  result(): Json {
    switch (this.#request.method) {
      case "get":
        return this.#commands().map((command) => this.#get(command));
      case "set":
        return this.#set();
      case "validate":
      case "diff":
        return this.#try(this.#request.method);
      case "cli":
        return this.#cli();
      default:
        throw new Refused(`Unknown method '${this.#request.method}'. Options are [get, set, validate, diff, cli]`);
    }
  }

  #commands(): Command[] {
    return this.#request.params.commands.map((command) => {
      if (typeof command === "string") throw new Refused("Commands of this method are objects with a path");
      return command;
    });
  }

  #datastore(command: Command, standard: string): string {
    return command.datastore ?? this.#request.params.datastore ?? standard;
  }

  #get(command: Command): Json {
    const from = this.#datastore(command, "running");
    if (!["running", "state", "candidate"].includes(from))
      throw new Refused(`Datastore '${from}' cannot be used with method 'get'`);
    this.#authorize(`get ${command.path}`);
    const { path } = locate(ROOT, command.path, from === "state");
    const tree = from === "state" ? stateTree(this.#box) : this.#box.store.running;
    return jsonAt(tree, ROOT, path);
  }

  #set(): Json {
    const commands = this.#commands();
    const datastores = new Set(commands.map((command) => this.#datastore(command, "candidate")));
    const [only = "candidate"] = datastores;
    if (datastores.size > 1 || !["candidate", "tools"].includes(only))
      throw new Refused(`Datastore '${[...datastores].join(", ")}' cannot be used with method 'set'`);
    if (only === "tools") return this.#tools(commands);
    const timeoutS = this.#request.params["confirm-timeout"];
    if (timeoutS !== undefined && (timeoutS < 1 || timeoutS > 86_400))
      throw new Refused(`Invalid value "${timeoutS}" for 'confirm-timeout': Must be in the range 1..86400`);
    const { candidates } = this.#box;
    const candidate = candidates.ephemeral(this.#holder.user);
    this.#edit(candidate.tree, commands);
    const outcome = candidates.commit(
      candidate,
      this.#holder,
      "api",
      timeoutS === undefined ? undefined : timeoutS * 1000,
    );
    if (outcome.kind === "refused") throw new Refused(outcome.message.replace(/^Error: /, ""));
    this.#box.noteCommit(this.#holder.user, candidate, timeoutS);
    return [{}];
  }

  #edit(tree: Branch, commands: readonly Command[]): void {
    const { faults } = this.#box.store;
    for (const [index, command] of commands.entries()) {
      const { action = "update", path } = command;
      if (faults.get("wrong-privilege"))
        throw new Refused(`User '${this.#holder.user}' is not authorized to write to path '${path}'`);
      const typed = `${action} ${path}${command.value === undefined ? "" : ` ${JSON.stringify(command.value)}`}`;
      const fault = faults.forLine(typed, index + 1);
      if (fault)
        throw new Refused(
          fault.message.startsWith("Command authorization failed")
            ? `User '${this.#holder.user}' is not authorized to write to path '${path}'`
            : native(fault.message, path),
        );
      const located = locate(ROOT, path, false);
      if (action !== "delete") assertSingular(located, ROOT);
      if (action !== "update") applyEdit(tree, { op: "delete", path: located.path });
      if (action !== "delete") for (const edit of editsOf(located, command.value)) applyEdit(tree, edit);
    }
    prune(tree, ROOT);
  }

  #try(method: "validate" | "diff"): Json {
    const candidate = this.#box.candidates.ephemeral(this.#holder.user);
    this.#edit(candidate.tree, this.#commands());
    if (method === "diff") {
      const isText = this.#request.params["output-format"] === "text";
      const shown = (isText ? diffText : diffJson)(candidate.baseline, candidate.tree, ROOT);
      return shown === "" ? [] : [shown];
    }
    const outcome = this.#box.candidates.validate(candidate);
    if (outcome.kind === "refused") throw new Refused(outcome.message.replace(/^Error: /, ""));
    return [{}];
  }

  #tools(commands: readonly Command[]): Json {
    if (this.#box.store.faults.get("wrong-privilege"))
      throw new Refused(`User '${this.#holder.user}' is not authorized to run tools`);
    for (const { path, value } of commands) {
      this.#authorize(`set ${path}`);
      const words = /^\/?system\/configuration\/(confirmed-accept|confirmed-reject|generate-checkpoint|save)$/.exec(
        path,
      )?.[1];
      const cleared = /^\/?interface\[name=[^\]]+\]\/statistics\/clear$/.test(path);
      if (words === undefined && !cleared) throw new Refused(`Path not valid - unknown element '${path}'`);
      if (words === undefined) continue;
      const options = z
        .record(z.string(), z.string())
        .catch({})
        .parse(value ?? {});
      const answer = configurationTool(this.#box, this.#holder.user, [words, ...Object.entries(options).flat()]);
      if (answer.kind === "error") throw new Refused(answer.message.replace(/^Error: /, ""));
    }
    return [{}];
  }

  /** As typed one after the other in one session. Text comes as one piece, JSON as one result for each command. */
  #cli(): Json {
    const cli = new Cli({ box: this.#box, holder: this.#holder, via: "api" });
    const isJson = (this.#request.params["output-format"] ?? "json") === "json";
    if (this.#request.params["output-format"] === "table") throw new Refused("Output format 'table' is not available");
    try {
      const results = this.#request.params.commands.map((command): Json => {
        if (typeof command !== "string") throw new Refused("Commands of method 'cli' are strings");
        this.#authorize(command);
        let shown: Json = {};
        for (const tokens of statementsOf(command)) {
          const answer = cli.run(tokens);
          if (answer.kind === "error") throw new Refused(answer.message);
          if (answer.kind === "logout") break;
          shown = !isJson ? answer.text : (answer.json ?? (answer.text === "" ? {} : { text: answer.text }));
        }
        return shown;
      });
      return isJson ? results : [results.map((one) => (typeof one === "string" ? one : "")).join("")];
    } finally {
      cli.leave();
    }
  }

  #authorize(line: string): void {
    const denied = this.#box.store.faults.get("authorization-denied");
    if (denied?.match !== undefined && matches(denied.match, line))
      throw new Refused(`User '${this.#holder.user}' is not authorized: '${line}'`);
  }
}

function statementsOf(command: string): ReturnType<typeof statements> {
  try {
    return statements(command);
  } catch {
    throw new Refused("Parsing error: unexpected end of command");
  }
}

function native(message: string, path: string): string {
  return message.startsWith("% Invalid input") ? `Path not valid - unknown element '${path}'` : message;
}
