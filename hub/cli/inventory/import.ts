import { buildCommand } from "@stricli/core";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { jcs, sha256, type Bytes } from "../../../shared/bytes.ts";
import { Inventory } from "../../../shared/documents/inventory.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { openInventory, type TrustStore } from "../../../shared/trust.ts";
import { encodeTrustFile } from "../../../shared/tuf/file.ts";
import type { UntimedSet } from "../../../shared/tuf/set.ts";
import type { HubClient } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf, readBytes, readText } from "../settings.ts";
import { loadAnchor, openAnchor } from "../trust/anchor.ts";
import { handOver } from "../trust/hand-over.ts";
import { loadTrust, shownRoots, type Trusted } from "../trust/load.ts";
import { nextSet } from "../trust/next-set.ts";
import { readInventoryFile } from "./file.ts";

export interface ImportFlags extends HubFlags, KeyFlags {
  readonly publish: boolean;
  readonly out?: string;
}

export const inventoryImport = buildCommand<ImportFlags, [string], CliContext>({
  docs: docs(
    "Read the inventory from YAML, sign it, and publish it",
    [
      "farhand inventory import inventory.yaml --key kim.key.json --publish",
      "farhand inventory import inventory.yaml --key kim.key.json --out next-trust.json",
    ],
    "Names every fault as file:line:column. Signed by a keyadmin. Nothing happens where nothing changed:\ngrants and plans hold for exactly one inventory, so a new version needs new ones.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      publish: { kind: "boolean", brief: "Hand it to the hub", default: false, withNegated: false },
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write the signed set here",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Inventory in YAML", placeholder: "FILE.yaml" }] },
  },
  func: command(importInventory),
});

/** Signs what the file says, and publishes it; nothing where nothing changed. */
export async function importInventory(cli: Cli, flags: ImportFlags, file: string): Promise<undefined> {
  const read = readInventoryFile(file, readText(resolve(cli.cwd, file)));
  if (!flags.publish && flags.out === undefined)
    throw new FarhandError("USAGE", "say where it goes: --publish, --out FILE, or both");
  const out = flags.out === undefined ? undefined : resolve(cli.cwd, flags.out);
  const client = flags.publish ? clientOf(cli, flags) : undefined;
  const from = await held(cli, flags, client, out);
  const { trust, before } = from;
  if (read.org !== trust.org)
    throw new FarhandError("WRONG_ORG", `${file} is of ${read.org}, your trust file of ${trust.org}`);
  const unchanged = before !== null && sha256(jcs({ ...read, version: before.version })) === sha256(jcs(before));
  const counts = { devices: read.devices.length, sites: read.sites.length };
  if (unchanged) {
    cli.out.data(
      "inventory-import",
      { changed: false, version: before.version, sha256: sha256(jcs(before)), ...counts },
      () => `nothing changed: version ${before.version} stays`,
    );
    return undefined;
  }
  const document = readAs(Inventory, { ...read, version: (before?.version ?? 0) + 1 });
  const signer = await signerFromFile(cli, flags, flags.key);
  const envelope = await signEnvelope("farhand-inventory+jws", document, [signer]);
  // Opening it again with what everyone else trusts finds a key that is no keyadmin's before the hub does.
  const { digest } = await openInventory(envelope, trust);
  const update = await nextSet(from.set, { inventory: envelope }, [signer], cli.clock.nowMs());
  if (out !== undefined) writeFile(out, encodeTrustFile({ ...update, roots: from.roots }), { mode: 0o644 });
  if (client && from.trusted) await handOver(cli, client, from.trusted, update);
  cli.out.data(
    "inventory-import",
    { changed: true, version: document.version, sha256: digest, ...counts },
    () => `inventory version ${document.version}: ${counts.devices} devices at ${counts.sites} sites, ${digest}`,
  );
  if (client) cli.out.next("farhand inventory list");
  else cli.out.next(`farhand trust publish ${flags.out ?? ""}`);
  return undefined;
}

interface Before {
  readonly trust: TrustStore;
  readonly before: Inventory | null;
  readonly set: UntimedSet;
  readonly roots: readonly Bytes[];
  readonly trusted: Trusted | undefined;
}

/** What the new one follows: the hub's, else the file that will be written, else the trust file of this person. */
async function held(
  cli: Cli,
  flags: ImportFlags,
  client: HubClient | undefined,
  out: string | undefined,
): Promise<Before> {
  if (client) {
    const trusted = await loadTrust(cli, flags, client);
    const { store: trust, inventory, view } = trusted;
    return { trust, before: inventory?.inventory.document ?? null, set: view.set, roots: shownRoots(trusted), trusted };
  }
  const anchor = await loadAnchor(cli, flags);
  const from = out !== undefined && existsSync(out) ? await openAnchor(readBytes(out)) : anchor;
  const before = from.inventory?.inventory.document ?? null;
  return { trust: anchor.keys, before, set: from.set, roots: from.roots, trusted: undefined };
}
