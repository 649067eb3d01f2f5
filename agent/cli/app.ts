import { buildApplication, buildRouteMap, run as runApplication, type Application } from "@stricli/core";
import { exportCommand, importCommand } from "./bundle.ts";
import { certifyCommand } from "./certify.ts";
import { enroll } from "./enroll.ts";
import { evidence } from "./evidence.ts";
import { EXIT, type AgentContext } from "./context.ts";
import { planCommand } from "./plan.ts";
import { policy } from "./policy.ts";
import { proxySet } from "./proxy.ts";
import { readmit } from "./readmit.ts";
import { vaultRewrap } from "./rewrap.ts";
import { run } from "./run.ts";
import { siteKey } from "./site-key.ts";
import { jobs, status } from "./status.ts";
import { witness } from "./witness.ts";
import { credentialRelease, credentialSet, secretSet } from "./vault-commands.ts";

export function agentApplication(version: string): Application<AgentContext> {
  const root = buildRouteMap<string, AgentContext>({
    routes: {
      enroll,
      run,
      status,
      jobs,
      plan: planCommand,
      witness,
      policy,
      readmit,
      import: importCommand,
      export: exportCommand,
      proxy: proxySet,
      credential: buildRouteMap<string, AgentContext>({
        routes: { set: credentialSet, release: credentialRelease },
        docs: { brief: "What logs in to devices" },
      }),
      secret: buildRouteMap<string, AgentContext>({
        routes: { set: secretSet },
        docs: { brief: "Values that texts name" },
      }),
      "site-key": siteKey,
      certify: certifyCommand,
      evidence,
      vault: buildRouteMap<string, AgentContext>({
        routes: { rewrap: vaultRewrap },
        docs: { brief: "What seals this agent's secrets" },
      }),
    },
    docs: {
      brief: "The site's end of Farhand: calls out, runs what people signed, listens on nothing",
      fullDescription:
        "The site's end of Farhand: calls out, runs what people signed, listens on nothing.\n\n" +
        "Data goes to standard output, words about it to standard error.\n" +
        "Exit status: 0 done, 1 failed, 4 a key or token was not accepted, 64 the command line is not understood.\n\n" +
        "EXAMPLES\n" +
        "  farhand-agent enroll --token-file agent-ams.join --vault-key-file vault.key\n" +
        "  farhand-agent credential set lab --username ops --vault-key-file vault.key\n" +
        "  farhand-agent run --vault-key-file vault.key",
    },
  });
  return buildApplication(root, {
    name: "farhand-agent",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", onlyRequiredInUsageLine: true, disableAnsiColor: true },
  });
}

/** Stricli's own statuses are negative; ours stand in context.ts. */
export async function runAgentCli(
  app: Application<AgentContext>,
  args: readonly string[],
  context: AgentContext,
): Promise<number> {
  context.process.exitCode = null;
  await runApplication(app, args, context);
  const code = Number(context.process.exitCode ?? EXIT.ok);
  if (code >= 0) return code;
  return code === -4 || code === -5 ? EXIT.usage : EXIT.failure;
}
