import { buildCommand } from "@stricli/core";
import { readFileSync, statSync } from "node:fs";
import { systemClock } from "../../shared/clock.ts";
import { parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { startAgent } from "../compose.ts";
import { makeLog } from "../log.ts";
import { command, commonFlags, stateDirOf, vaultKeyOf, type AgentContext, type CommonFlags } from "./context.ts";

const BYTES_MAX = 64 * 1024;

function readEnvelope(path: string) {
  try {
    if (statSync(path).size > BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", path);
    return parseEnvelope(new Uint8Array(readFileSync(path)));
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("IO", path, { cause: error });
  }
}

export const readmit = buildCommand<CommonFlags, [string], AgentContext>({
  docs: {
    brief: "Let an agent in quarantine take work again, by a keyadmin's signature in a file",
    fullDescription:
      "Let an agent in quarantine take work again, by a keyadmin's signature in a file. For a site without a line; where there is one the hub\n" +
      "hands it over. Stop the agent first. Work that was signed before the readmission stays refused.\n\n" +
      "EXAMPLES\n  farhand-agent status\n  farhand-agent readmit agent-ams.readmission",
  },
  parameters: {
    flags: { ...commonFlags },
    positional: {
      kind: "tuple",
      parameters: [{ parse: (value: string) => value, brief: "What farhand agent readmit wrote", placeholder: "FILE" }],
    },
  },
  func: command(async (context: AgentContext, given: CommonFlags, path: string) => {
    const envelope = readEnvelope(path);
    const vaultKey = await vaultKeyOf(context, given);
    const log = { ...makeLog(), info: () => undefined };
    const agent = await startAgent({
      stateDir: stateDirOf(context, given),
      clock: systemClock,
      vaultKey,
      log,
      idle: true,
    });
    try {
      await agent.readmit(envelope);
    } finally {
      await agent.stop();
    }
    context.process.stdout.write("readmitted: what is signed from now on is taken\n");
  }),
});
