import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { startAgent } from "../compose.ts";
import { makeLog } from "../log.ts";
import { command, commonFlags, EXIT, stateDirOf, vaultKeyOf, type AgentContext, type CommonFlags } from "./context.ts";

interface Flags extends CommonFlags {
  readonly airGapped: boolean;
  readonly policy?: string;
}

export const run = buildCommand<Flags, [], AgentContext>({
  docs: {
    brief: "Run the agent until it is told to stop",
    fullDescription:
      "Calls out to the hub, pulls signed work, and listens on nothing. Logs are JSON lines on standard error.\n" +
      "SIGTERM or SIGINT: starts nothing more, lets changes under way reach their end, then stops. A second signal stops at once;\n" +
      "what was under way is asked about at the next start.\n\n" +
      "--air-gapped: there is no line. Work comes with farhand-agent import, evidence leaves with farhand-agent export.\n\n" +
      "EXAMPLES\n  farhand-agent run --vault-key-file /etc/farhand-agent/vault.key\n  farhand-agent run --air-gapped",
  },
  parameters: {
    flags: {
      ...commonFlags,
      policy: {
        kind: "parsed",
        parse: (value: string) => value,
        brief: "The host's policy file, instead of the one that `policy set` named",
        placeholder: "FILE",
        optional: true,
      },
      airGapped: { kind: "boolean", brief: "Never look for the hub", default: false, withNegated: false },
    },
  },
  func: command(async (context: AgentContext, flags: Flags) => {
    const log = makeLog();
    const vaultKey = await vaultKeyOf(context, flags);
    const { airGapped, policy } = flags;
    const agent = await startAgent({
      stateDir: stateDirOf(context, flags),
      clock: systemClock,
      vaultKey,
      log,
      airGapped,
      onRefused: (error) => {
        log.error("disk", { code: "IO", detail: `ends, and has to be started again: ${String(error)}` });
        process.exit(EXIT.failure);
      },
      ...(policy === undefined ? {} : { policy: resolve(policy) }),
    });
    log.info("ready", { detail: agent.agent });
    await stopSignals(async (second) => {
      log.info("stopping");
      await Promise.race([agent.drain(), second]);
    });
    log.info("stopped");
    // A second signal leaves the drain behind; everything that counts is in the journal.
    process.exit(0);
  }),
});

async function stopSignals(drain: (second: Promise<void>) => Promise<void>): Promise<void> {
  let count = 0;
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const onSignal = (): void => {
    count++;
    if (count === 1) first.resolve();
    else second.resolve();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  await first.promise;
  await drain(second.promise);
}
