import { buildCommand } from "@stricli/core";
import { Hold, holdText } from "../../../shared/documents/hold.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { verifyHold } from "../../../shared/verify/hands.ts";
import type { HubClient } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { meant } from "../nearest.ts";
import { timeOf } from "../plan/inputs.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory, type Trusted } from "../trust/load.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly reason: string;
}
interface HoldFlags extends Flags {
  readonly until?: string;
}

const parameters = {
  positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
} as const;
const reason = (brief: string) => ({ kind: "parsed", parse: text, brief, placeholder: "TEXT" }) as const;

export const deviceHold = buildCommand<HoldFlags, [DeviceId], CliContext>({
  docs: docs(
    "Keep everybody's hands off a device",
    [
      "farhand device hold ams-r1 --reason 'line card swap, ticket 4711' --until 2026-12-01T18:00:00Z --key ann.key.json",
      "farhand device hold ams-r1 --reason 'being rebuilt' --key ann.key.json",
    ],
    "While it stands the site's agents refuse every change of the device (HELD), whoever signed for one; reads go on. It is signed with your\n" +
      "key, so that no hub can make or lift one: anybody with a part at the site may release it. Without --until it stands until then. An agent\n" +
      "that cannot be reached hears of it when it can; a change that has begun reaches its end.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      reason: reason("Why, for whoever is refused"),
      until: {
        kind: "parsed",
        parse: text,
        brief: "When it ends by itself, ISO 8601 with a zone",
        placeholder: "TIME",
        optional: true,
      },
    },
    ...parameters,
  },
  func: command(async (cli: Cli, flags: HoldFlags, id: DeviceId) => {
    const exp = flags.until === undefined ? null : timeOf(flags.until);
    if (exp !== null && exp * 1000 <= cli.clock.nowMs()) throw new FarhandError("USAGE", `${flags.until} is over`);
    return say(cli, flags, id, { held: true, exp });
  }),
});

export const deviceRelease = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs("Lift a hold: the device may be changed again", [
    "farhand device release ams-r1 --reason 'card swapped' --key ann.key.json",
  ]),
  parameters: { flags: { ...hubFlags, ...keyFlags, reason: reason("Why, for the audit log") }, ...parameters },
  func: command((cli: Cli, flags: Flags, id: DeviceId) => say(cli, flags, id, { held: false, exp: null })),
});

async function say(cli: Cli, flags: Flags, id: DeviceId, word: Pick<Hold, "held" | "exp">) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const inventory = requireInventory(trusted);
  const device = inventory.device(id);
  if (!device) {
    const known = inventory.inventory.document.devices.map((one) => one.id);
    throw new FarhandError("NOT_FOUND", `no device ${id} in the inventory that you trust${meant(id, known)}`);
  }
  const signer = await signerFromFile(cli, flags, flags.key);
  const owner = trusted.store.personOf(signer.kid);
  if (!owner) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key");
  const newest = await newestOf(client, trusted, id);
  if (!word.held && newest?.held !== true) throw new FarhandError("CONFLICT", `nobody holds ${id}`);
  const iat = Math.floor(cli.clock.nowMs() / 1000);
  const hold = readAs(Hold, {
    type: "hold",
    v: 1,
    org: trusted.store.org,
    site: device.site,
    device: id,
    owner: owner.id,
    reason: flags.reason,
    generation: Math.max(iat, (newest?.generation ?? 0) + 1),
    ...word,
    iat,
  });
  const envelope = await signEnvelope("farhand-hold+jws", hold, [signer]);
  // Whoever may not sign it learns so here.
  await verifyHold(envelope, { trust: trusted.store, inventory });
  await client.call("putHold", { body: envelope });
  cli.out.data("device-hold", { hold }, () => `${id}: ${holdText(hold)}`);
  return undefined;
}

/** A holder who has left: what they signed may stand at an agent all the same. */
const VOID: ReadonlySet<ErrorCode> = new Set(["SIGNATURE_MISSING", "FORBIDDEN", "INVENTORY_MISMATCH", "WRONG_SITE"]);

/**
 * The generation of the newest word, 0 where it does not count any more, and whether it holds the device. Only what a person signed counts: a
 * generation of the hub's own making could keep everybody from signing the next one.
 */
async function newestOf(
  client: HubClient,
  trusted: Trusted,
  id: DeviceId,
): Promise<Pick<Hold, "held" | "generation"> | undefined> {
  const { envelope } = await client.call("getHold", { params: { id } });
  if (!envelope) return undefined;
  try {
    return await verifyHold(envelope, { trust: trusted.store, inventory: requireInventory(trusted) });
  } catch (error) {
    if (!VOID.has(errorCode(error))) throw error;
    return { held: true, generation: 0 };
  }
}
