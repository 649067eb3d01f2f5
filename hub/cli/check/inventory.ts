import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import type * as lint from "../../../drivers/model/lint/platforms.ts";
import type { TransportName } from "../../../shared/documents/inventory.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { PlatformId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { readInventoryFile } from "../inventory/file.ts";
import { readYaml } from "../inventory/yaml.ts";
import { meant } from "../nearest.ts";
import { readText } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { isIni } from "./ansible-ini.ts";
import { isAnsible, lintAnsible, lintAnsibleIni } from "./ansible.ts";

type Located = CheckFinding & { readonly device: string | null };

export const checkInventory = buildCommand<OutputFlags, [string], CliContext>({
  docs: docs(
    "What is wrong with an inventory file: ours, or Ansible's in YAML or INI",
    ["farhand check inventory inventory.yaml", "farhand check inventory ansible/hosts.yml --json"],
    "Touches no device and no hub. An Ansible file is told by its shape: groups with hosts, vars and children, or sections in brackets.\nExits 1 if anything blocks.",
  ),
  parameters: {
    flags: outputFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Inventory file", placeholder: "FILE" }] },
  },
  func: command(check),
});

async function check(cli: Cli, _flags: OutputFlags, file: string) {
  const content = readText(resolve(cli.cwd, file));
  const { hosts, findings } = isIni(content)
    ? lintAnsibleIni(content)
    : isAnsible(readYaml(content).value)
      ? lintAnsible(content)
      : await ours(file, content);
  cli.out.data("check-inventory", { file, hosts, findings }, () =>
    table(
      [
        { title: "DEVICE", value: (row) => row.device ?? "-" },
        { title: "SEVERITY", value: (row) => row.severity },
        { title: "CODE", value: (row) => row.code },
        { title: "DETAIL", value: (row) => row.detail },
        { title: "HINT", value: (row) => row.hint ?? "" },
      ],
      findings,
      cli.out.style,
    ),
  );
  const blocking = findings.filter(({ severity }) => severity === "blocks").length;
  cli.out.note(`${hosts.length} devices, ${findings.length} findings, ${blocking} of them block`);
  return blocking > 0 ? EXIT.failure : EXIT.ok;
}

type Drivers = Pick<typeof lint, "textLintFor" | "textLints">;

/** A platform that no driver of this release speaks to that way. */
function undriven(
  { textLintFor, textLints }: Drivers,
  platform: PlatformId,
  transport: TransportName | undefined,
): { detail: string; hint: string } | undefined {
  const isRead = transport === "snmp" && SNMP_PLATFORMS.includes(platform);
  if (isRead || textLintFor(platform, transport)) return undefined;
  const over = textLints().flatMap((one) => (one.platform === platform ? one.transport : []));
  if (over.length > 0)
    return {
      detail: `no driver for ${platform} over ${transport ?? "cli"}`,
      hint: `it is spoken to over ${over.join(", ")}`,
    };
  const names = [...new Set([...textLints().map((one) => one.platform), ...SNMP_PLATFORMS])];
  return { detail: `no driver for ${platform}${meant(platform, names)}`, hint: `one of ${names.join(", ")}` };
}

/** What can only be read: it has no text that a driver would write. */
const SNMP_PLATFORMS: readonly string[] = ["snmp_generic"];

async function ours(
  file: string,
  content: string,
): Promise<{ hosts: readonly { name: string }[]; findings: readonly Located[] }> {
  // Every language of every platform: only whoever asks for it pays for loading it.
  const drivers = await import("../../../drivers/model/lint/platforms.ts");
  const findings: Located[] = [];
  const find = (
    device: string | null,
    severity: CheckFinding["severity"],
    code: string,
    detail: string,
    hint: string | null,
  ): void => void findings.push({ device, severity, code, detail: detail.slice(0, 500), hint });
  try {
    const { devices } = readInventoryFile(file, content);
    const places = new Map<string, string>();
    for (const { id, address, port, hostKeys, via, transport, platform } of devices) {
      const unknown = undriven(drivers, platform, transport);
      if (unknown) find(id, "blocks", "PLATFORM_UNKNOWN", unknown.detail, unknown.hint);
      if (hostKeys.length === 0 && (transport === undefined || transport === "cli" || transport === "netconf"))
        find(
          id,
          "warns",
          "NO_HOST_KEY",
          "no host key is pinned",
          "farhand hostkeys collect, then farhand hostkeys accept",
        );
      const place = `${via ?? ""} ${address}:${port}`.trim();
      const other = places.get(place);
      if (other !== undefined) find(id, "warns", "SAME_ADDRESS", `${place} is ${other}'s too`, null);
      places.set(place, id);
    }
    return { hosts: devices.map(({ id }) => ({ name: id })), findings };
  } catch (error) {
    if (errorCode(error) !== "INVENTORY_FILE" || !(error instanceof FarhandError)) throw error;
    const lines = (error.detail ?? "").split("\n").filter((line) => line.includes(":"));
    for (const line of lines) find(null, "blocks", "INVENTORY_FILE", line, null);
    return { hosts: [], findings };
  }
}
