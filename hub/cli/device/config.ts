import { buildCommand } from "@stricli/core";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { escapeText } from "../terminal/escape.ts";

interface Flags extends HubFlags {
  readonly at?: string;
}

export const deviceConfig = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs("Print a device's collected configuration, secrets hidden", [
    "farhand device config ams-r1",
    "farhand device config ams-r1 --at 3f0c91ab > ams-r1.txt",
  ]),
  parameters: {
    flags: {
      ...hubFlags,
      at: {
        kind: "parsed",
        parse: text,
        brief: "Digest, or its beginning, of an older one",
        placeholder: "DIGEST",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(config),
});

async function config(cli: Cli, flags: Flags, id: DeviceId) {
  const client = clientOf(cli, flags);
  const { snapshots } = await client.call("deviceHistory", { params: { id }, query: { limit: 1000 } });
  const found = snapshots.find((snapshot) => flags.at === undefined || snapshot.public.sha256.startsWith(flags.at));
  if (!found)
    throw new FarhandError(
      "NOT_FOUND",
      flags.at === undefined ? `${id} was never collected` : `${id} has none at ${flags.at}`,
    );
  const shown = new TextDecoder().decode(await client.getBlob(found.public.sha256));
  cli.out.data("device-config", { device: id, snapshot: found, text: shown }, () => escapeText(shown));
  return undefined;
}
