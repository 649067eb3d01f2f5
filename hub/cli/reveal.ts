import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { RevealTask } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import { DeviceId } from "../../shared/ids.ts";
import { generateBoxJwk, type BoxPublicKey } from "../../shared/keys.ts";
import { openConfiguration } from "../../shared/sealed.ts";
import { command, docs, type Cli } from "./command.ts";
import type { CliContext } from "./context.ts";
import { sealedOf } from "./device/sealed.ts";
import { snapshotAt } from "./device/snapshots.ts";
import { writeFile } from "./files.ts";
import { as, hubFlags, keyFlags, text, waitFlag, type HubFlags, type KeyFlags } from "./flags.ts";
import { ended, followJob } from "./job/follow.ts";
import { exitOfJob } from "./job/outcome.ts";
import { signerFromFile } from "./keys/passphrase.ts";
import { openReview } from "./review/open.ts";
import { same } from "./review/check-task.ts";
import { signExactly } from "./review/sign.ts";
import { clientOf } from "./settings.ts";
import { escapeText } from "./terminal/escape.ts";
import { loadTrust } from "./trust/load.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly at?: string;
  readonly reason: string;
  readonly out?: string;
  readonly wait: number;
}

export const reveal = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs(
    "Open a sealed configuration, secrets in clear",
    [
      "farhand reveal ams-r1 --reason 'the peer lost its key, ticket 4711' --key ann.key.json --out ams-r1.conf",
      "farhand reveal ams-r1 --at 3f0c91ab --reason 'compare by hand' --key ann.key.json",
    ],
    "Needs the reveal role at the device's site. Signs a request for this one configuration with this one reason; an agent of the site\n" +
      "seals it again to a key that only this command has, and forgets at its end. Who, what and why stand in the hub's audit log and in\n" +
      "the agent's receipt. The hub sees ciphertext.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      at: {
        kind: "parsed",
        parse: text,
        brief: "Digest, or its beginning, or a time; the newest without it",
        placeholder: "SNAPSHOT",
        optional: true,
      },
      reason: { kind: "parsed", parse: as(RevealTask.shape.reason), brief: "Why", placeholder: "TEXT" },
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write to this new file, mode 0600, instead of printing",
        placeholder: "FILE",
        optional: true,
      },
      wait: waitFlag("Seconds to wait for the agent, and for approvers where the policy wants some", 300),
    },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(open),
});

async function open(cli: Cli, flags: Flags, device: DeviceId) {
  const client = clientOf(cli, flags);
  const { store, inventory } = await loadTrust(cli, flags, client);
  const site = inventory?.device(device)?.site;
  if (site === undefined) throw new FarhandError("NOT_FOUND", `no device ${device} in the signed inventory`);
  const { snapshots } = await client.call("deviceHistory", { params: { id: device }, query: { limit: 1000 } });
  const snapshot = flags.at === undefined ? snapshots[0] : snapshotAt(snapshots, flags.at);
  if (!snapshot) throw new FarhandError("NOT_FOUND", `${device} was never collected`);
  const { ref } = await sealedOf(client, snapshot, "read");
  const signer = await signerFromFile(cli, flags, flags.key);
  const person = store.personOf(signer.kid)?.id;
  if (person === undefined) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key");
  const own = await generateBoxJwk();
  const digest = snapshot.public.sha256;
  const asked = { sealed: ref, public: digest, to: own.x as BoxPublicKey, reason: flags.reason };
  const job = await client.submit({
    kind: "reveal",
    title: `Reveal ${device} ${digest.slice(0, 12)}`,
    author: person,
    devices: [device],
    ...asked,
  });
  const opened = await openReview(cli, flags, job.id);
  // The key above all: to another one the hub could have it sealed for itself.
  const task: RevealTask = { kind: "reveal", device, person, ...asked };
  const tasks = opened.review.manifests.flatMap((manifest) => manifest.tasks);
  if (!same(tasks, [task])) throw new FarhandError("RECEIPT_MISMATCH", "the hub offers something else to be signed");
  await client.call("addSignatures", { params: { id: job.id }, body: await signExactly(opened, signer) });
  cli.out.note(`job ${job.id}: asked for`);
  const view = await followJob(cli, client, { job: job.id, until: ended, waitMs: flags.wait * 1000 });
  const outcome = view.assignments.flatMap((assignment) => assignment.tasks)[0];
  if (!outcome?.output || outcome.state !== "DONE") {
    cli.out.note(`${device}: ${view.state} ${outcome?.code ?? view.code ?? ""}`.trimEnd());
    return exitOfJob(view.state);
  }
  const place = { org: store.org, site, device };
  const raw = await openConfiguration(await client.getBlob(outcome.output), place, own);
  if (flags.out === undefined) cli.out.data("revealed", { device, public: digest, text: raw }, () => escapeText(raw));
  else {
    const out = resolve(cli.cwd, flags.out);
    writeFile(out, raw, { mode: 0o600, fresh: true });
    cli.out.data("revealed", { device, public: digest, file: out }, () => out);
  }
  return undefined;
}
