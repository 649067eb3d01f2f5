import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { readInventoryFile } from "../inventory/file.ts";
import { readYaml } from "../inventory/yaml.ts";
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
      : ours(file, content);
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

function ours(file: string, content: string): { hosts: readonly { name: string }[]; findings: readonly Located[] } {
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
    for (const { id, address, port, hostKeys, via, transport } of devices) {
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
