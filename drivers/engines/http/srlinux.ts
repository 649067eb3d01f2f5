import { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import { complaint, refuseErrors } from "../answers.ts";
import type { CommandRunner, RunnerOptions } from "./channel.ts";
import { NAME_OPTIONS, rpc, type RpcOptions } from "./json-rpc.ts";

/**
 * JSON-RPC 2.0 as SR Linux speaks it (Nokia, "SR Linux System Management Guide", JSON-RPC; learn.srlinux.dev "JSON-RPC basics"): method
 * `cli`, whose commands run one after the other in a session of their own, up to the first that fails. `set` commits a candidate of its
 * own as it comes: nothing could be read back before it is in force, so changes go through `cli` and a candidate that has a name.
 */
const Answer = z.union([
  z.object({ error: z.object({ code: z.int(), message: z.string() }) }),
  z.object({ result: z.array(z.unknown()) }),
]);

/** Of the protocol itself (JSON-RPC 2.0 §5.1), as opposed to what a command's failure is told by: -1. */
const PROTOCOL_CODE_MAX = -32_000;

export class SrlinuxRpc implements CommandRunner {
  readonly #o: RunnerOptions;
  #id = 0;

  constructor(options: RunnerOptions) {
    this.#o = options;
  }

  get usable(): boolean {
    return this.#o.api.usable;
  }

  async hostname(): Promise<string> {
    const [text = ""] = await this.run(["show version"], NAME_OPTIONS);
    return /^Hostname\s*:\s*(\S+)/m.exec(text)?.[1] ?? "";
  }

  /** Where the device gives all answers as one text, that is the last one's, and the others are empty. */
  async run(commands: readonly string[], options: RpcOptions): Promise<readonly string[]> {
    this.#id += 1;
    const call = { id: this.#id, method: "cli", params: { commands, "output-format": "text" } };
    const answer = await rpc(this.#o, call, Answer, options);
    if ("error" in answer) throw this.#refusal(answer.error.code, answer.error.message, commands);
    const outputs = answer.result.map(textOf);
    if (outputs.length === commands.length) return outputs;
    if (outputs.length > 1)
      throw new FarhandError("API_REFUSED", `${commands.length} commands and ${outputs.length} answers`);
    return commands.map((_command, at) => (at === commands.length - 1 ? (outputs[0] ?? "") : ""));
  }

  /** Which of many commands failed is not told; the message quotes what it did not like. */
  #refusal(code: number, message: string, commands: readonly string[]): FarhandError {
    const { errors, redact } = this.#o;
    const command = commands.length === 1 ? (commands[0] ?? "") : `one of ${commands.length} commands`;
    if (code <= PROTOCOL_CODE_MAX) return new FarhandError("API_REFUSED", `${code}: ${complaint(redact, "", message)}`);
    try {
      // A terminal puts a word before what an API says without it.
      const lines = message.split("\n").map((line) => (/^(?:Parsing )?[Ee]rror:/.test(line) ? line : `Error: ${line}`));
      refuseErrors(errors, { command, lines, kind: "config" }, redact);
    } catch (error) {
      if (error instanceof FarhandError) return error;
      throw error;
    }
    return new FarhandError("COMMAND_REFUSED", complaint(redact, command, message));
  }

  close(): Promise<void> {
    return this.#o.api.close();
  }
}

/** A command that says nothing is answered by an empty object, and by one with `text` where there is no other form for what it says. */
function textOf(result: unknown): string {
  if (typeof result === "string") return result;
  const shaped = z.object({ text: z.string().optional() }).safeParse(result);
  return shaped.success ? (shaped.data.text ?? "") : JSON.stringify(result);
}
