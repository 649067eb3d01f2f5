/** The command line at a terminal: prompts, questions, and `% ` before what is refused. */
import type { Dialect, Shell } from "../kit/shell.ts";
import type { Peer } from "../kit/start.ts";
import { Cli } from "./cli.ts";
import { endsBody } from "./config/tree.ts";
import { calendar } from "./dates.ts";
import type { EosDevice } from "./device.ts";
import type { Outcome } from "./outcome.ts";

const PASSWORD_TRIES = 3;

export interface DialectOptions {
  readonly device: EosDevice;
  readonly peers: () => readonly Peer[];
  readonly privileged: boolean;
  readonly enablePassword: string | undefined;
}

export function eosDialect(shell: Shell, options: DialectOptions): Dialect {
  const { device } = options;
  const { term } = shell;
  const { sessionId, user, remote } = shell.options;
  const cli = new Cli({
    device,
    who: { sessionId, user, terminal: `vty${sessionId + 1}` },
    privileged: options.privileged && !device.store.faults.get("wrong-privilege"),
    enablePassword: options.enablePassword,
    abbreviations: true,
    peers: options.peers,
    setLength: (rows) => (term.length = rows),
    setWidth: (columns) => (term.width = columns),
  });

  async function answer(typed: string): Promise<Outcome> {
    const outcome = cli.run(typed);
    if (outcome.kind === "body") {
      await term.write("Enter TEXT message. Type 'EOF' on its own line to end.\n");
      const body: string[] = [];
      while (!endsBody(body.at(-1) ?? "")) {
        const input = await term.readLine({ prompt: "" });
        if (input.kind === "cancel") return { kind: "done", text: "" };
        body.push(input.text);
      }
      return cli.run(typed, { body });
    }
    if (outcome.kind !== "password") return outcome;
    let tried: Outcome = outcome;
    for (let left = PASSWORD_TRIES; left > 0; left -= 1) {
      tried = cli.run(typed, { password: await term.readPassword("Password: ") });
      if (tried.kind === "done") break;
    }
    return tried;
  }

  return {
    hostname: () => device.hostname(),
    prompt: () => cli.prompt(),
    mode: () => (cli.configuring ? "config" : "exec"),
    greeting: () => {
      const { lastLogin } = device;
      device.lastLogin = { atMs: device.store.clock.nowMs(), from: remote };
      const motd = device.store.running.find(({ line }) => line === "banner motd")?.body?.slice(0, -1) ?? [];
      const last = lastLogin ? `Last login: ${calendar(lastLogin.atMs)} from ${lastLogin.from}\n` : "";
      return `${motd.map((line) => `${line}\n`).join("")}${last}`;
    },
    line: async (typed) => {
      const outcome = await answer(typed);
      switch (outcome.kind) {
        case "done":
          if (outcome.text !== "") await shell.print(outcome.text);
          return undefined;
        case "error":
          await shell.print(`% ${outcome.message}\n`);
          return undefined;
        case "logout":
          return "logout";
        case "body":
        case "password":
          return undefined;
        default:
          return outcome satisfies never;
      }
    },
    // `terminal monitor` shows them as the log file has them, with the agent that speaks.
    logLine: (text) => `${calendar(device.store.clock.nowMs()).slice(4, 19)} ${device.hostname()} Ebra: ${text}`,
    ended: () => cli.ended(),
  };
}
