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
import { agentBan } from "./agent/ban.ts";
import { agentReadmit } from "./agent/readmit.ts";
import { agentKick } from "./agent/kick.ts";
import { agentInvite } from "./agent/invite.ts";
import { agentList } from "./agent/list.ts";
import { auditExport } from "./audit/export.ts";
import { auditList } from "./audit/list.ts";
import { auditVerify } from "./audit/verify.ts";
import { admit } from "./bundle/admit.ts";
import { breakglassGroup } from "./breakglass/group.ts";
import { bundleExport } from "./bundle/export.ts";
import { bundleImport } from "./bundle/import.ts";
import { bundleInspect } from "./bundle/inspect.ts";
import { bundleVerify } from "./bundle/verify.ts";
import { checkDevices } from "./check/devices.ts";
import { checkInventory } from "./check/inventory.ts";
import { checkTemplate } from "./check/template.ts";
import type { CliContext } from "./context.ts";
import { credentialRotate } from "./credential/rotate.ts";
import { deviceAdopt } from "./device/adopt.ts";
import { deviceDiff } from "./device/diff.ts";
import { deviceConfig } from "./device/config.ts";
import { deviceHistory } from "./device/history.ts";
import { deviceHold, deviceRelease } from "./device/hold.ts";
import { deviceList } from "./device/list.ts";
import { deviceRestore } from "./device/restore.ts";
import { exitCodes } from "./exit-codes.ts";
import { EXIT } from "./exit.ts";
import { secretList } from "./secret/list.ts";
import { secretSend } from "./secret/send.ts";
import { grantCreate } from "./grant/create.ts";
import { grantList } from "./grant/list.ts";
import { grantSign } from "./grant/sign.ts";
import { hostkeysAccept } from "./hostkeys/accept.ts";
import { hostkeysCollect } from "./hostkeys/collect.ts";
import { inventoryImport } from "./inventory/import.ts";
import { inventoryList, inventoryShow } from "./inventory/list.ts";
import { jobCancel } from "./job/cancel.ts";
import { jobList } from "./job/list.ts";
import { jobReceipts } from "./job/receipts.ts";
import { runNow } from "./job/run.ts";
import { jobShow } from "./job/show.ts";
import { jobTakeover } from "./job/takeover.ts";
import { submitCheck, submitCollect, submitRun } from "./job/submit.ts";
import { jobWatch } from "./job/watch.ts";
import { keyPassphrase } from "./keys/change-passphrase.ts";
import { keyShow } from "./keys/show.ts";
import { login } from "./login.ts";
import { planChange } from "./plan/change.ts";
import { receiptVerify } from "./receipt/verify.ts";
import { recoveryFetch } from "./recovery/fetch.ts";
import { recoveryOpen } from "./recovery/open.ts";
import { reveal } from "./reveal.ts";
import { review } from "./review/review.ts";
import { sign } from "./review/sign.ts";
import { trustInit } from "./trust/init.ts";
import { trustPublish } from "./trust/publish.ts";
import { escapeLine } from "./terminal/escape.ts";
import { trustFetch } from "./trust/fetch.ts";
import { trustDoctor } from "./trust/doctor.ts";
import { personAdd, personRevoke, personRoles } from "./trust/person.ts";
import { trustRenew } from "./trust/renew.ts";
import { rotateHub, rotateKeyadmin, rotatePerson, rotateRoot } from "./trust/rotate.ts";
import { keyNew } from "./keys/new.ts";
import { trustSign } from "./trust/sign.ts";
import { trustShow } from "./trust/show.ts";

const group = <R extends string>(brief: string, routes: Parameters<typeof buildRouteMap<R, CliContext>>[0]["routes"]) =>
  buildRouteMap<R, CliContext>({ routes, docs: { brief } });

/** `hub` is handed in by hub/main.ts: the operator's tool itself reaches the hub only through its API. */
export function farhand(version: string, hub?: RouteMap<CliContext>): Application<CliContext> {
  const root = buildRouteMap<string, CliContext>({
    routes: {
      login,
      trust: group("The signed documents that say who may sign what", {
        init: trustInit,
        show: trustShow,
        publish: trustPublish,
        fetch: trustFetch,
        sign: trustSign,
        renew: trustRenew,
        person: group("Who may sign, and what", { add: personAdd, roles: personRoles, revoke: personRevoke }),
        rotate: group("Another key for an old one", {
          person: rotatePerson,
          keyadmin: rotateKeyadmin,
          root: rotateRoot,
          hub: rotateHub,
        }),
        doctor: trustDoctor,
      }),
      key: group("Your own key file", { new: keyNew, passphrase: keyPassphrase, show: keyShow }),
      inventory: group("Sites and devices, as signed", {
        import: inventoryImport,
        list: inventoryList,
        show: inventoryShow,
      }),
      hostkeys: group("Host keys of many devices, pinned by evidence", {
        collect: hostkeysCollect,
        accept: hostkeysAccept,
      }),
      agent: group("Agents: invite, approve, list, kick, ban, readmit", {
        invite: agentInvite,
        list: agentList,
        approve: agentApprove,
        kick: agentKick,
        ban: agentBan,
        readmit: agentReadmit,
      }),
      bundle: group("Sites without a line: work and evidence as files", {
        export: bundleExport,
        verify: bundleVerify,
        inspect: bundleInspect,
        import: bundleImport,
      }),
      admit,
      secret: group("What agents log in with and type, sealed on the way", { send: secretSend, list: secretList }),
      grant: group("Standing permissions for reads", { create: grantCreate, list: grantList, sign: grantSign }),
      breakglass: breakglassGroup,
      plan: group("Plan work: what would it do, device by device", { change: planChange }),
      review,
      sign,
      run: runNow,
      check: group("What stands in the way of work, before there is any", {
        devices: checkDevices,
        inventory: checkInventory,
        template: checkTemplate,
      }),
      job: group("Submit, watch and cancel jobs", {
        submit: group("Submit work that only reads", { collect: submitCollect, check: submitCheck, run: submitRun }),
        list: jobList,
        show: jobShow,
        watch: jobWatch,
        cancel: jobCancel,
        takeover: jobTakeover,
        receipts: jobReceipts,
      }),
      device: group("Devices and their configurations", {
        list: deviceList,
        config: deviceConfig,
        history: deviceHistory,
        diff: deviceDiff,
        restore: deviceRestore,
        hold: deviceHold,
        release: deviceRelease,
        adopt: deviceAdopt,
      }),
      receipt: group("What agents signed, checked without a hub", { verify: receiptVerify }),
      audit: group("Who did what: look, export, prove", { list: auditList, export: auditExport, verify: auditVerify }),
      credential: group("What devices are logged in to with", { rotate: credentialRotate }),
      reveal,
      recovery: group("Sealed configurations without any agent", { fetch: recoveryFetch, open: recoveryOpen }),
      "exit-codes": exitCodes,
      ...(hub && { hub }),
    },
    docs: {
      brief: "Change, back up and audit network devices at sites that nobody can reach from the centre",
      fullDescription:
        "Change, back up and audit network devices at sites that nobody can reach from the centre.\n\n" +
        "Data goes to standard output, words about it to standard error. --json prints versioned documents, one per line.\n" +
        "farhand exit-codes lists the exit codes. NO_COLOR is honoured. --no-input never asks.\n\n" +
        "EXAMPLES\n" +
        "  farhand login --hub https://hub.example:8443 --ca hub-ca.pem --token-file ~/token --trust trust/trust.json\n" +
        "  farhand run 'show version' --select site=ams --grant ask\n" +
        "  farhand plan change --template edge.j2 --select tag.role=edge --author ann --grant nightly --title 'NTP at the edge'\n" +
        "  farhand review JOB; farhand sign JOB --key bob.key.json; farhand job watch JOB",
    },
  });
  return buildApplication(root, {
    name: "farhand",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", onlyRequiredInUsageLine: true, disableAnsiColor: true },
    localization: {
      text: {
        ...text_en,
        formatException: messageOf,
        exceptionWhileParsingArguments: (error) => `farhand: USAGE: ${scannerMessage(error)}\n  See --help.`,
      },
    },
  });
}

function scannerMessage(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return messageOf(error);
  return formatMessageForArgumentScannerError(error, {
    ArgumentParseError: ({ externalFlagNameOrPlaceholder, input, exception }) =>
      `${externalFlagNameOrPlaceholder} ${escapeLine(input)}: ${messageOf(exception)}`,
  });
}

function messageOf(error: unknown): string {
  if (error instanceof FarhandError) return error.detail ?? error.what;
  return error instanceof Error ? error.message : String(error);
}

/** Stricli's own statuses are negative; ours stand in exit.ts. */
export async function runFarhand(
  app: Application<CliContext>,
  args: readonly string[],
  context: CliContext,
): Promise<number> {
  context.process.exitCode = null;
  await run(app, args, context);
  const status = Number(context.process.exitCode ?? EXIT.ok);
  if (status >= 0) return status;
  return status === -4 || status === -5 ? EXIT.usage : EXIT.failure;
}
