import {
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  formatMessageForArgumentScannerError,
  run,
  text_en,
  type Application,
  type RouteMap,
} from "@stricli/core";
import { FarhandError } from "../../shared/errors.ts";
import { agentApprove } from "./agent/approve.ts";
import { agentInvite } from "./agent/invite.ts";
import { agentList } from "./agent/list.ts";
import type { CliContext } from "./context.ts";
import { EXIT } from "./exit.ts";
import { grantCreate } from "./grant/create.ts";
import { grantList } from "./grant/list.ts";
import { grantSign } from "./grant/sign.ts";
import { inventoryImport } from "./inventory/import.ts";
import { inventoryList, inventoryShow } from "./inventory/list.ts";
import { login } from "./login.ts";
import { trustInit } from "./trust/init.ts";
import { trustPublish } from "./trust/publish.ts";
import { escapeLine } from "./terminal/escape.ts";
import { trustShow } from "./trust/show.ts";

const group = <R extends string>(brief: string, routes: Parameters<typeof buildRouteMap<R, CliContext>>[0]["routes"]) =>
  buildRouteMap<R, CliContext>({ routes, docs: { brief } });

/** `hub` is handed in by hub/main.ts: the operator's tool itself reaches the hub only through its API. */
export function farhand(version: string, hub?: RouteMap<CliContext>): Application<CliContext> {
  const root = buildRouteMap<string, CliContext>({
    routes: {
      login,
      trust: group("Make and publish keys.json, the root of who may sign what", { init: trustInit, show: trustShow, publish: trustPublish }),
      inventory: group("Sites and devices, as signed", { import: inventoryImport, list: inventoryList, show: inventoryShow }),
      agent: group("Agents: invite, approve, list", { invite: agentInvite, list: agentList, approve: agentApprove }),
      grant: group("Standing permissions for reads", { create: grantCreate, list: grantList, sign: grantSign }),
      ...(hub && { hub }),
    },
    docs: {
      brief: "Change, back up and audit network devices at sites that nobody can reach from the centre",
    },
  });
  return buildApplication(root, {
    name: "farhand",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", onlyRequiredInUsageLine: true, disableAnsiColor: true },
    localization: { text: { ...text_en, formatException: messageOf, exceptionWhileParsingArguments: (error) => `farhand: USAGE: ${scannerMessage(error)}\n  See --help.` } },
  });
}

function scannerMessage(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return messageOf(error);
  return formatMessageForArgumentScannerError(error, {
    ArgumentParseError: ({ externalFlagNameOrPlaceholder, input, exception }) => `${externalFlagNameOrPlaceholder} ${escapeLine(input)}: ${messageOf(exception)}`,
  });
}

function messageOf(error: unknown): string {
  if (error instanceof FarhandError) return error.detail ?? error.what;
  return error instanceof Error ? error.message : String(error);
}

/** Stricli's own statuses are negative; ours stand in exit.ts. */
export async function runFarhand(app: Application<CliContext>, args: readonly string[], context: CliContext): Promise<number> {
  context.process.exitCode = null;
  await run(app, args, context);
  const status = Number(context.process.exitCode ?? EXIT.ok);
  if (status >= 0) return status;
  return status === -4 || status === -5 ? EXIT.usage : EXIT.failure;
}
