import { buildCommand } from "@stricli/core";
import { Adoption } from "../../../shared/documents/adoption.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { verifyAdoption } from "../../../shared/verify/hands.ts";
import { diffLines } from "../../../drivers/model/render-diff.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { as, hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { confirm } from "../terminal/confirm.ts";
import { diffText } from "../terminal/diff.ts";
import { utc } from "../terminal/time.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { compare } from "./compare.ts";
import { beforeOf, configText } from "./diff.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly reason: string;
  readonly yes: boolean;
}

export const deviceAdopt = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs(
    "Take what somebody changed by hand as it is",
    ["farhand device adopt ams-r1 --reason 'changed on the console at night, ticket 4711' --key ann.key.json"],
    "Shows how the newest collected configuration differs from the device's baseline, which is what was adopted last or what a signed change left\n" +
      "there, then asks and signs. From then on it is the baseline. Nothing is sent to the device. Collect first: what is adopted is what was read.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      reason: {
        kind: "parsed",
        parse: text,
        brief: "Who changed it and why, as far as it is known",
        placeholder: "TEXT",
      },
      yes: { kind: "boolean", brief: "Do not ask", default: false, withNegated: false },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(adopt),
});

async function adopt(cli: Cli, flags: Flags, id: DeviceId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const inventory = requireInventory(trusted);
  const device = inventory.device(id);
  if (!device) throw new FarhandError("NOT_FOUND", `no device ${id} in the inventory that you trust`);
  const { snapshots, baseline } = await client.call("deviceHistory", { params: { id }, query: { limit: 1000 } });
  const [newest] = snapshots;
  if (!newest)
    throw new FarhandError(
      "NOT_FOUND",
      `${id} has no configuration yet: farhand job submit collect --select device=${id}`,
    );
  const config = newest.public.sha256;
  if (baseline?.config === config)
    throw new FarhandError("CONFLICT", `${id} is as its baseline says; nothing to adopt`);
  const from = baseline?.config ?? beforeOf(snapshots, newest)?.public.sha256 ?? null;
  const [older, newer] = await Promise.all([from === null ? "" : configText(client, from), configText(client, config)]);
  const found = compare(older, newer);
  cli.out.note(
    [
      cli.out.style.bold(
        `${id}  ${from === null ? "nothing known before" : from.slice(0, 12)} → ${utc(newest.takenMs)} ${config.slice(0, 12)}`,
      ),
      found.orderOnly ? "the same lines in another order" : diffText(diffLines(found.diff), cli.out.style),
    ].join("\n"),
  );
  if (!(await confirm(cli, flags, `Adopt it as the baseline of ${id}?`))) return EXIT.canceled;
  const signer = await signerFromFile(cli, flags, flags.key);
  const owner = trusted.store.personOf(signer.kid);
  if (!owner) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key");
  const adoption = readAs(Adoption, {
    type: "adoption",
    v: 1,
    org: trusted.store.org,
    site: device.site,
    device: id,
    owner: owner.id,
    reason: flags.reason,
    config,
    from,
    iat: Math.floor(cli.clock.nowMs() / 1000),
  });
  const envelope = await signEnvelope("farhand-adoption+jws", adoption, [signer]);
  // Whoever may not sign it learns so here.
  await verifyAdoption(envelope, { trust: trusted.store, inventory });
  await client.call("putAdoption", { body: envelope });
  cli.out.data(
    "device-adoption",
    { adoption, diff: found.entries },
    () => `${id}: ${config.slice(0, 12)} is its baseline now`,
  );
  return undefined;
}
