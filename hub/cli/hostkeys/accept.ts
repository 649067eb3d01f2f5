import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { jcs } from "../../../shared/bytes.ts";
import type { HostKey } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type Exit } from "../exit.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, passphraseFlag, text, type HubFlags } from "../flags.ts";
import { withHostKeys } from "../inventory/edit.ts";
import { readInventoryFile } from "../inventory/file.ts";
import { importInventory } from "../inventory/import.ts";
import { clientOf, readText } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { loadTrust, requireInventory, type Trusted } from "../trust/load.ts";
import { compare, newPins, type Comparison } from "./compare.ts";
import { evidenceFrom } from "./evidence.ts";
import { comparisonTable } from "./report.ts";
import { openSeen } from "./seen.ts";

interface Flags extends HubFlags {
  readonly inventory: string;
  readonly knownHosts?: readonly string[];
  readonly secondVantage?: readonly string[];
  readonly console?: readonly string[];
  readonly replace?: readonly DeviceId[];
  readonly key?: string;
  readonly passphraseFile?: string;
}

const files = (brief: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder: "FILE", variadic: true, optional: true }) as const;

export const hostkeysAccept = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Pin the host keys that something else vouches for",
    [
      "farhand hostkeys accept ams.seen.json --inventory inventory.yaml --known-hosts ~/.ssh/known_hosts",
      "farhand hostkeys accept ams.seen.json --inventory inventory.yaml --second-vantage second.seen.json --key kim.key.json",
      "farhand hostkeys accept ams.seen.json --inventory inventory.yaml --console rack12.txt --replace ams-r7 --key kim.key.json",
    ],
    "Compares what devices showed to an agent with evidence from elsewhere, and says of each whether they agree. Only keys that evidence names\n" +
      "are pinned, never one because it was the first to be seen. A key that replaces a pinned one is refused unless the device is named\n" +
      "with --replace. Without --key it only compares. With it, the keys go into the YAML file, and the inventory is signed and published.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      inventory: { kind: "parsed", parse: text, brief: "The inventory in YAML, as last imported", placeholder: "FILE" },
      knownHosts: files("known_hosts of people who went there, or ssh-keyscan from another place"),
      secondVantage: files("What another agent saw: farhand hostkeys collect --agent"),
      console: files("What was read on the devices' consoles: DEVICE SHA256:… a line"),
      replace: {
        kind: "parsed",
        parse: as(DeviceId),
        brief: "This device's key was replaced, and I know why",
        placeholder: "DEVICE",
        variadic: true,
        optional: true,
      },
      key: {
        kind: "parsed",
        parse: text,
        brief: "Your key file: a keyadmin's",
        placeholder: "KEYFILE",
        optional: true,
      },
      passphraseFile: passphraseFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, brief: "What farhand hostkeys collect wrote", placeholder: "FILE" }],
    },
  },
  func: command(accept),
});

async function accept(cli: Cli, flags: Flags, file: string): Promise<Exit | undefined> {
  const trusted = await loadTrust(cli, flags, clientOf(cli, flags));
  const inventory = requireInventory(trusted);
  const read = (path: string): string => readText(resolve(cli.cwd, path));
  const yaml = read(flags.inventory);
  requireSame(flags.inventory, yaml, trusted);
  const seen = await openSeen(file, read(file), trusted);
  const { evidenceOf, revoked, notes } = await evidenceFrom(flags, read, trusted, seen);
  for (const note of notes) cli.out.note(escapeLine(note));
  const replace = new Set<string>(flags.replace ?? []);
  for (const id of replace)
    if (!seen.sightings.has(id as DeviceId))
      throw new FarhandError("NOT_FOUND", `--replace ${id}: nobody saw its keys`);
  const comparisons = [...seen.sightings.values()].flatMap((sighting) => {
    const device = inventory.device(sighting.device);
    return device ? [compare(device, sighting.keys, evidenceOf(device), revoked)] : [];
  });
  const pins = new Map<string, readonly HostKey[]>();
  for (const comparison of comparisons) {
    const keys = newPins(comparison, replace);
    if (keys) pins.set(comparison.device.id, keys);
  }
  const willPin = (comparison: Comparison): boolean => pins.has(comparison.device.id);
  cli.out.data(
    "hostkeys-accept",
    {
      devices: comparisons.map((comparison) => ({
        device: comparison.device.id,
        verdict: comparison.verdict,
        changed: comparison.isChanged,
        pinned: willPin(comparison),
        proved: comparison.proved,
        unproved: comparison.unproved,
        sources: comparison.sources,
      })),
      unseen: seen.unseen,
    },
    () => comparisonTable(comparisons, seen.unseen, willPin, cli.out.style),
  );
  const isDone = comparisons.every((one) => willPin(one) || one.verdict === "pinned") && seen.unseen.length === 0;
  const status = isDone ? EXIT.ok : EXIT.failure;
  if (pins.size === 0) return status;
  if (flags.key === undefined) {
    cli.out.next(`the same with --key KEYFILE pins ${pins.size} of ${comparisons.length}`);
    return status;
  }
  // The file first: were it the other way round, a crash between the two would leave a file that takes the pins away again.
  const edited = withHostKeys(flags.inventory, yaml, pins);
  writeFile(resolve(cli.cwd, flags.inventory), edited, { mode: 0o644 });
  const { key } = flags;
  await importInventory(cli, { ...flags, key, publish: true }, flags.inventory);
  return status;
}

/** What else stands in the file would be signed along with the keys, and nobody would have looked at it. */
function requireSame(name: string, yaml: string, trusted: Trusted): void {
  const { document } = requireInventory(trusted).inventory;
  const read = readInventoryFile(name, yaml);
  if (!Buffer.from(jcs({ ...read, version: document.version })).equals(jcs(document)))
    throw new FarhandError(
      "INVENTORY_FILE",
      `${name} is not what is signed as version ${document.version}: import it first, then accept keys`,
    );
}
