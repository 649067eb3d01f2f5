import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { sealedOf } from "../device/sealed.ts";
import { snapshotAt } from "../device/snapshots.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";

interface Flags extends HubFlags {
  readonly at?: string;
  readonly out: string;
}

export const recoveryFetch = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs(
    "Save the sealed form of a device's configuration, to open it offline",
    [
      "farhand recovery fetch ams-r1 --out ams-r1.sealed",
      "farhand recovery fetch ams-r1 --at 3f0c91ab --out ams-r1.sealed",
    ],
    "What is saved is ciphertext: it opens with the recovery key, or at an agent of the site.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      at: {
        kind: "parsed",
        parse: text,
        brief: "Digest, or its beginning, or a time; the newest without it",
        placeholder: "SNAPSHOT",
        optional: true,
      },
      out: { kind: "parsed", parse: text, brief: "File to write", placeholder: "FILE" },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(fetchSealed),
});

async function fetchSealed(cli: Cli, flags: Flags, device: DeviceId) {
  const client = clientOf(cli, flags);
  const { snapshots } = await client.call("deviceHistory", { params: { id: device }, query: { limit: 1000 } });
  const snapshot = flags.at === undefined ? snapshots[0] : snapshotAt(snapshots, flags.at);
  if (!snapshot) throw new FarhandError("NOT_FOUND", `${device} was never collected`);
  const { bytes } = await sealedOf(client, snapshot, "read");
  const out = resolve(cli.cwd, flags.out);
  writeFile(out, bytes, { mode: 0o600 });
  cli.out.data("sealed", { device, snapshot, file: out }, () => out);
  cli.out.next(`farhand recovery open ${flags.out} --key recovery.key.json`);
  return undefined;
}
