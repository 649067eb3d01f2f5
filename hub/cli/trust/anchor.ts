import { resolve } from "node:path";
import type { Bytes } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { decodeTrustFile } from "../../../shared/tuf/file.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { openUntimed, type UntimedView } from "../../../shared/tuf/open.ts";
import type { Cli } from "../command.ts";
import type { HubFlags } from "../flags.ts";
import { readBytes, settingsOf } from "../settings.ts";

/** What a person trusts: a trust file of their own, and the roots in it from the first one on. */
export interface Anchor extends UntimedView {
  readonly roots: readonly Bytes[];
}

/** The file is the pin: its first root is believed, everything else must follow from it. */
export async function openAnchor(bytes: Uint8Array): Promise<Anchor> {
  const update = decodeTrustFile(bytes);
  const roots = update.roots ?? [];
  const [first] = roots;
  if (!first) throw new FarhandError("TRUST_MISMATCH", "a trust file without root.json");
  const view = await openUntimed(first, update);
  const last = readMetadata("root", view.set.root).signed.version;
  return { ...view, roots: roots.filter((root) => readMetadata("root", root).signed.version <= last) };
}

/** The trust file of this person, without a hub: by flag, else by FARHAND_TRUST. */
export async function anchorOf(cli: Cli, path: string | undefined): Promise<Anchor | undefined> {
  const chosen = path ?? cli.env["FARHAND_TRUST"];
  return chosen === undefined ? undefined : openAnchor(readBytes(resolve(cli.cwd, chosen)));
}

/** The anchor: without it everything that a review says would rest on the hub's word. */
export async function loadAnchor(cli: Cli, flags: HubFlags): Promise<Anchor> {
  const path = settingsOf(cli, flags).trust;
  if (path === undefined)
    throw new FarhandError(
      "USAGE",
      "which trust file do you trust? Give --trust FILE, set FARHAND_TRUST, or use: farhand login",
    );
  return openAnchor(readBytes(path));
}
