import { buildCommand } from "@stricli/core";
import { FarhandError } from "../../../shared/errors.ts";
import { CredentialName, PersonId, PlatformId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { confirmFlag, deadlineFlags, deadlinesOf, type DeadlineFlags } from "../deadlines.ts";
import { as, hubFlags, optionalText, text, whole, type HubFlags } from "../flags.ts";
import { timeOf } from "../plan/inputs.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";

interface Flags extends HubFlags, DeadlineFlags {
  readonly select: string;
  readonly author: PersonId;
  readonly secret?: CredentialName;
  readonly length: number;
  readonly title?: string;
  readonly reason?: string;
  readonly notBefore?: number;
  readonly acceptSimulated?: readonly PlatformId[];
}

export const credentialRotate = buildCommand<Flags, [CredentialName], CliContext>({
  docs: docs(
    "Give devices' logins new passwords, in two phases",
    [
      "farhand credential rotate netops --select site=ams --author ann",
      "farhand credential rotate netops --select device=ams-r1 --author ann --secret netops-next --reason 'a leaver'",
    ],
    "Each device gets a password of its own, which its agent makes; --secret names one that was sent to the agents, for all of them.\n" +
      "Written under the device's own undo timer, proved by a second login while the first stays open, then kept, confirmed and saved.\n" +
      "At no moment no login works. The password leaves the agent only sealed to the site's agents and the recovery key.\n" +
      "It can lock out, so it is of the destructive class: sign it as your policy asks. Devices without a timer are refused.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...deadlineFlags,
      confirmSeconds: confirmFlag,
      select: {
        kind: "parsed",
        parse: text,
        brief: "Devices bound to this credential: site=ams,platform=frr_linux,tag.role=edge,device=r1",
        placeholder: "SELECTOR",
      },
      author: { kind: "parsed", parse: as(PersonId), brief: "You, as keys.json names you", placeholder: "P" },
      secret: {
        kind: "parsed",
        parse: as(CredentialName),
        brief: "A secret in the agents' vaults instead of a password that they make",
        placeholder: "NAME",
        optional: true,
      },
      length: {
        kind: "parsed",
        parse: whole(16, 64),
        brief: "Characters of a password that is made",
        default: "24",
        placeholder: "N",
      },
      title: optionalText("What it is, in one line", "TEXT"),
      reason: optionalText("Why", "TEXT"),
      notBefore: {
        kind: "parsed",
        parse: timeOf,
        brief: "Earliest start, as 2026-11-25T02:00Z",
        placeholder: "TIME",
        optional: true,
      },
      acceptSimulated: {
        kind: "parsed",
        parse: as(PlatformId),
        brief: "Accept a driver proved on simulators only",
        placeholder: "PLATFORM",
        variadic: true,
        optional: true,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { parse: as(CredentialName), brief: "The credential, as the inventory names it", placeholder: "NAME" },
      ],
    },
  },
  func: command(rotate),
});

async function rotate(cli: Cli, flags: Flags, credential: CredentialName) {
  const client = clientOf(cli, flags);
  const devices = pick(parseSelector(flags.select), requireInventory(await loadTrust(cli, flags, client)));
  const other = devices.find((device) => device.credential !== credential);
  if (other) throw new FarhandError("CREDENTIAL_BINDING", `${other.id} is bound to ${other.credential}`);
  const job = await client.submit({
    kind: "rotate",
    title: flags.title ?? `Rotate ${credential}: ${flags.select}`.slice(0, 200),
    reason: flags.reason ?? "",
    author: flags.author,
    devices: devices.map((device) => device.id),
    credential,
    password:
      flags.secret === undefined ? { kind: "made", length: flags.length } : { kind: "sent", secret: flags.secret },
    accepts: { levelE: [], simulatedEvidence: [...(flags.acceptSimulated ?? [])] },
    ...deadlinesOf(flags),
    ...(flags.notBefore !== undefined && { notBefore: flags.notBefore }),
  });
  cli.out.data(
    "job-submitted",
    { job: job.id, kind: job.kind, state: job.state, devices: devices.length },
    () => job.id,
  );
  cli.out.next(`farhand sign ${job.id} --key KEYFILE`);
  return undefined;
}
