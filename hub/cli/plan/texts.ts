import { resolve } from "node:path";
import { sha256, utf8 } from "../../../shared/bytes.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import type { TextRef } from "../../../shared/documents/manifest.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import type { InventoryView } from "../../../shared/trust.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { readText } from "../settings.ts";
import { NO_VARIABLES, readVariables, variablesOf } from "./variables.ts";

export interface Rendered {
  readonly device: DeviceId;
  readonly ref: TextRef;
  readonly bytes: ReturnType<typeof utf8>;
}

/** The author's template, once for each device. */
export async function renderTexts(
  cli: Cli,
  flags: { readonly template: string; readonly vars?: string },
  devices: readonly Device[],
  inventory: InventoryView,
): Promise<Rendered[]> {
  // The template engine is a WebAssembly module: only this command pays for loading it.
  const { Template } = await import("./template.ts");
  const variables =
    flags.vars === undefined
      ? NO_VARIABLES
      : readVariables(flags.vars, readText(resolve(cli.cwd, flags.vars)), inventory);
  const template = new Template(flags.template, readText(resolve(cli.cwd, flags.template)));
  return devices.map((device) => {
    const rendered = template.render(device.id, variablesOf(variables, device));
    const bytes = utf8(rendered);
    return { device: device.id, ref: { sha256: sha256(bytes), bytes: bytes.length }, bytes };
  });
}

const AT_ONCE = 8;

/** Each text once, however many devices it is for. */
export async function upload(client: HubClient, rendered: readonly Rendered[]): Promise<void> {
  const texts = [...new Map(rendered.map(({ ref, bytes }) => [ref.sha256, bytes])).values()];
  while (texts.length > 0) await Promise.all(texts.splice(0, AT_ONCE).map((bytes) => client.putBlob(bytes)));
}
