import { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import { complaint } from "../answers.ts";
import type { CommandRunner, RunnerOptions } from "./channel.ts";
import { NAME_OPTIONS, rpc, type RpcOptions } from "./json-rpc.ts";

/** JSON-RPC 2.0 as Arista's eAPI speaks it ("Arista eAPI", Command API Explorer): `runCmds`, text format. */
const Result = z.object({ output: z.string().optional() });
const Failure = z.object({
  code: z.int(),
  message: z.string(),
  /** One entry for each command that was run, the last being the one that failed. */
  data: z.array(z.object({ output: z.string().optional(), errors: z.array(z.string()).optional() })).optional(),
});
const Answer = z.union([z.object({ error: Failure }), z.object({ result: z.array(Result) })]);

/** Every request begins unprivileged. A command of many lines (a banner) is a command and its input. */
export class Eapi implements CommandRunner {
  readonly #o: RunnerOptions;
  #id = 0;

  constructor(options: RunnerOptions) {
    this.#o = options;
  }

  get usable(): boolean {
    return this.#o.api.usable;
  }

  async hostname(): Promise<string> {
    const [text = ""] = await this.run(["show hostname"], NAME_OPTIONS);
    return /^Hostname:\s*(\S+)/m.exec(text)?.[1] ?? "";
  }

  async run(commands: readonly string[], options: RpcOptions): Promise<readonly string[]> {
    const { enable } = this.#o;
    const cmds = [
      enable === undefined ? "enable" : { cmd: "enable", input: enable.reveal() },
      ...commands.map((command) => withInput(command)),
    ];
    this.#id += 1;
    const call = { id: `farhand-${this.#id}`, method: "runCmds", params: { version: 1, format: "text", cmds } };
    const answer = await rpc(this.#o, call, Answer, options);
    if ("error" in answer) throw this.#refusal(answer.error, ["enable", ...commands]);
    const outputs = answer.result.slice(1).map((result) => result.output ?? "");
    if (outputs.length !== commands.length)
      throw new FarhandError("API_REFUSED", `${commands.length} commands and ${outputs.length} answers`);
    return outputs;
  }

  #refusal({ code, message, data }: z.infer<typeof Failure>, commands: readonly string[]): FarhandError {
    const at = (data?.length ?? 0) - 1;
    const words = data?.[at]?.errors?.join(" ") ?? message;
    const detail = complaint(this.#o.redact, commands[at] ?? "", words);
    if (at === 0) return new FarhandError("PRIVILEGE", detail);
    // 1000 general, 1002 invalid command, 1003 runtime, 1004 authorization or unavailable, 1005 not permitted.
    return new FarhandError(
      /[Aa]uthorization denied/.test(words) ? "AUTHORIZATION_DENIED" : "COMMAND_REFUSED",
      `${code}: ${detail}`,
    );
  }

  close(): Promise<void> {
    return this.#o.api.close();
  }
}

function withInput(command: string): string | { cmd: string; input: string } {
  const at = command.indexOf("\n");
  return at < 0 ? command : { cmd: command.slice(0, at), input: command.slice(at + 1) };
}
