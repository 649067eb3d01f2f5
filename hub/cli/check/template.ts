import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { sha256 } from "../../../shared/bytes.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { ChangeMode } from "../../../shared/documents/manifest.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { InventoryView } from "../../../shared/trust.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { hubFlags, optionalText, text, type HubFlags } from "../flags.ts";
import { readInventoryFile } from "../inventory/file.ts";
import { readYaml } from "../inventory/yaml.ts";
import { TemplateFault } from "../plan/fault.ts";
import { NO_VARIABLES, readVariablesFile } from "../plan/variables.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf, readText } from "../settings.ts";
import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { isIni } from "./ansible-ini.ts";
import { isAnsible } from "./ansible.ts";
import { type Held, heldSecrets } from "./held.ts";
import { hintText, paintSeverity } from "./report.ts";
import type { TemplateFinding } from "./template-finding.ts";

interface Flags extends HubFlags {
  readonly inventory?: string;
  readonly select?: string;
  readonly vars?: string;
  readonly mode: ChangeMode;
}

export const checkTemplate = buildCommand<Flags, string[], CliContext>({
  docs: docs(
    "What is wrong with templates of changes, device by device, without any device",
    [
      "farhand check template edge.j2 --vars vars.yaml --select site=ams,tag.role=edge",
      "farhand check template edge.j2 --vars vars.yaml --inventory inventory.yaml",
      "farhand check template templates/*.j2 --json",
    ],
    "Syntax; filters, tests and functions that the engine does not have; variables that are not defined, and for which devices; variables\n" +
      "that nobody uses; what renders to nothing; lines that a plan would refuse: commands, marks, control characters, secrets written out,\n" +
      "what is no line of the platform's language; blanks that the device changes; secrets that no agent holds; devices that have no such change.\n" +
      "--select asks the signed inventory, as farhand plan change does; --inventory reads a file of ours, and --select then picks from it.\n" +
      "Without either the templates alone are read. No hub is asked then, and no device ever.\n" +
      "Each finding has a stable code and a severity: blocks, warns, tells. Exits 1 if anything blocks.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      inventory: optionalText("Inventory file, as farhand inventory import takes it", "FILE.yaml"),
      select: optionalText("Devices: site=ams,platform=frr_linux,tag.role=edge,device=r1", "SELECTOR"),
      vars: optionalText("Variables in YAML", "FILE.yaml"),
      mode: {
        kind: "enum",
        values: ChangeMode.options,
        brief: "merge adds the text; replace makes it the whole configuration",
        default: "merge",
      },
    },
    positional: { kind: "array", parameter: { parse: text, brief: "Template", placeholder: "FILE" }, minimum: 1 },
  },
  func: command(check),
});

async function check(cli: Cli, flags: Flags, ...files: string[]) {
  // The template engine is a WebAssembly module: only whoever renders pays for loading it.
  const { lintTemplates, ofVariables } = await import("./template-lint.ts");
  const sources = files.map((name) => ({ name, source: readText(resolve(cli.cwd, name)) }));
  const { inventory, held } = await askedFor(
    cli,
    flags,
    sources.some(({ source }) => source.includes("secret")),
  );
  const devices = inventory && devicesOf(inventory, flags.select);
  const read = variablesFor(cli, flags, inventory);
  const findings =
    read instanceof TemplateFault
      ? ofVariables(flags.vars ?? "", read)
      : await lintTemplates({ files: sources, devices, ...read, mode: flags.mode, held, signal: cli.signal });
  const blocking = findings.filter(({ severity }) => severity === "blocks").length;
  cli.out.data("check-template", { files, mode: flags.mode, devices: devices?.length ?? null, findings }, () =>
    findings.length === 0 ? "" : findingText(findings, devices?.length ?? 0, cli.out.style),
  );
  const on = devices ? ` on ${count(devices.length, "device")}` : ", no devices";
  cli.out.note(
    `${count(files.length, "template")}${on}: ${count(findings.length, "finding")}, ${blocking} of them block`,
  );
  return blocking > 0 ? EXIT.failure : EXIT.ok;
}

interface Asked {
  readonly inventory: InventoryView | undefined;
  readonly held: Held | undefined;
}

async function askedFor(cli: Cli, flags: Flags, usesSecrets: boolean): Promise<Asked> {
  if (flags.inventory !== undefined) {
    const content = readText(resolve(cli.cwd, flags.inventory));
    if (isIni(content) || isAnsible(readYaml(content).value))
      throw new FarhandError(
        "USAGE",
        `${flags.inventory} is Ansible's: it has no sites, and its variables are not Farhand's. farhand check inventory reads it; write it as ours`,
      );
    const document = { ...readInventoryFile(flags.inventory, content), version: 1 };
    // Nobody has signed it: it says which devices there would be, and nothing is done on any.
    const inventory = new InventoryView({ document, digest: sha256(""), bytes: new Uint8Array() });
    return { inventory, held: undefined };
  }
  if (flags.select === undefined) return { inventory: undefined, held: undefined };
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const held = usesSecrets ? await heldSecrets(client, trusted.agents?.document) : undefined;
  return { inventory: requireInventory(trusted), held };
}

function devicesOf(inventory: InventoryView, select: string | undefined): readonly Device[] {
  return select === undefined ? inventory.inventory.document.devices : pick(parseSelector(select), inventory);
}

function variablesFor(cli: Cli, { vars }: Flags, inventory: InventoryView | undefined) {
  if (vars === undefined) return { variables: NO_VARIABLES, given: undefined };
  try {
    const { variables, definitions } = readVariablesFile(vars, readText(resolve(cli.cwd, vars)), inventory);
    return { variables, given: { file: vars, definitions } };
  } catch (error) {
    if (error instanceof FarhandError && error.cause instanceof TemplateFault) return error.cause;
    throw error;
  }
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;

function findingText(findings: readonly TemplateFinding[], devices: number, style: Style): string {
  const shown = table(
    [
      {
        title: "SEVERITY",
        value: ({ severity }) => severity,
        paint: ({ severity }, cell) => paintSeverity(style, severity, cell),
      },
      { title: "CODE", value: ({ code }) => code },
      { title: "WHERE", value: placeOf },
      { title: "DEVICES", value: (finding) => devicesText(finding, devices) },
      { title: "DETAIL", value: detailOf },
    ],
    findings,
    style,
  );
  return shown + hintText(findings);
}

function placeOf({ file, line, text: rendered }: TemplateFinding): string {
  if (file === null) return "-";
  if (line !== null) return `${file}:${line}`;
  return rendered === null ? file : `${file}, line ${rendered.line} of the text`;
}

const FEW = 3;

function devicesText({ devices, deviceCount }: TemplateFinding, all: number): string {
  if (deviceCount === 0) return "-";
  const named = devices.slice(0, FEW).join(", ");
  const more = deviceCount > FEW ? `, …` : "";
  return deviceCount === 1 ? named : `${deviceCount} of ${all}: ${named}${more}`;
}

const detailOf = ({ detail, text: rendered }: TemplateFinding): string =>
  rendered === null || rendered.shown === "" ? detail : `${detail}: ${rendered.shown}`;
