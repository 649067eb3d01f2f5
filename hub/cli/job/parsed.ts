import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { JobId, type DeviceId } from "../../../shared/ids.ts";
import type { PackFile } from "../../../drivers/model/state/pack.ts";
import { allPacks, packFor, packsOf } from "../../../drivers/model/state/packs.ts";
import type { Row, Tables } from "../../../drivers/model/state/rows.ts";
import { readOutput, type ReadOutput } from "../../../drivers/model/state/run-output.ts";
import type { HubClient, JobView } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { writeFile } from "../files.ts";
import { checksFrom } from "../plan/checks.ts";
import { readText, statePath } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { table } from "../terminal/table.ts";
import { compare } from "./comparison.ts";
import { readEarlier, type Earlier, type RowsDocument } from "./earlier.ts";

export interface ParseFlags {
  readonly compare?: string;
  readonly before?: string;
  readonly checks?: string;
}

export interface Parsing {
  /** How many devices are worse than before. */
  show(view: JobView, commands: readonly string[]): Promise<number>;
}

/** All that the pack of these devices reads. USAGE where they are asked in several ways, or of a platform without a pack. */
export function packCommands(devices: readonly Device[]): string[] {
  const packs = [...new Set(devices.map(packOf))];
  const [pack] = packs;
  if (pack === undefined || packs.length > 1) {
    const names = packs.map(({ id, transport }) => (transport === undefined ? id : `${id} over ${transport}`));
    throw new FarhandError("USAGE", `${names.join(", ")} are asked differently: pick one platform, or give commands`);
  }
  return commandsOf(pack);
}

/** Over whatever transport. CHECKS_UNSUPPORTED for a platform without a pack. */
export function tableCommands(platform: Device["platform"]): string[] {
  const packs = packsOf(platform);
  if (packs.length === 0) throw unsupported(platform);
  return packs.flatMap(commandsOf);
}

const commandsOf = ({ tables }: PackFile): string[] => Object.values(tables).map(({ command }) => command);

function packOf({ platform, transport }: Device): PackFile {
  const pack = packFor(platform, transport);
  if (!pack) throw unsupported(platform);
  return pack;
}

function unsupported(platform: Device["platform"]): FarhandError {
  const known = [...new Set(allPacks().map(({ id }) => id))];
  return new FarhandError("CHECKS_UNSUPPORTED", `${platform}; tables are known of ${known.join(", ")}`);
}

/** What it takes to show tables and to compare them: read and checked before anything is asked. */
export async function parsing(
  cli: Cli,
  client: HubClient,
  flags: ParseFlags,
  devices: readonly Device[],
): Promise<Parsing> {
  const packs: Packs = new Map(devices.map((device) => [device.id, packOf(device)]));
  const checks = checksFrom(flags.checks, (file) => readText(resolve(cli.cwd, file)));
  const wanted = flags.compare !== undefined || flags.before !== undefined || checks !== undefined;
  const earlier = wanted ? await earlierOf(cli, client, flags, packs) : undefined;
  return {
    async show(view, commands) {
      let worse = 0;
      for await (const { device, pack, reads } of outputs(client, view, () => commands, packs)) {
        const documents = reads.map((read) => documentOf(device, pack, read));
        if (earlier === undefined)
          for (const [at, read] of reads.entries()) showTable(cli, device, pack, read, documents[at]);
        else if (compare(cli, device, pack, earlier.get(device), tablesOf(reads), checks)) worse++;
        remember(cli, device, documents);
      }
      return worse;
    },
  };
}

type Packs = ReadonlyMap<DeviceId, PackFile>;

async function* outputs(
  client: HubClient,
  view: JobView,
  commandsOf: (text: string) => readonly string[],
  packs: Packs,
): AsyncGenerator<{ device: DeviceId; pack: PackFile; reads: ReadOutput[] }> {
  for (const { device, output } of view.assignments.flatMap(({ tasks }) => tasks)) {
    const pack = packs.get(device);
    if (output === null || pack === undefined) continue;
    const text = new TextDecoder().decode(await client.getBlob(output));
    yield { device, pack, reads: readOutput(pack, commandsOf(text), text) };
  }
}

const tablesOf = (reads: readonly ReadOutput[]): Tables => new Map(reads.map(({ table: name, read }) => [name, read]));

async function earlierOf(cli: Cli, client: HubClient, flags: ParseFlags, packs: Packs): Promise<Earlier> {
  if (flags.before !== undefined) {
    if (flags.compare !== undefined && flags.compare !== "")
      throw new FarhandError("USAGE", "--compare JOB and --before FILE are two befores");
    return readEarlier(flags.before, readText(resolve(cli.cwd, flags.before)));
  }
  if (flags.compare === undefined || flags.compare === "") return remembered(cli, [...packs.keys()]);
  const job = JobId.safeParse(flags.compare);
  if (!job.success)
    throw new FarhandError("USAGE", `--compare ${flags.compare}: no job; it stands last, or before another flag`);
  const view = await client.call("getJob", { params: { id: job.data } });
  const earlier = new Map<DeviceId, Tables>();
  const known = new Set([...packs.values()].flatMap(everyCommand));
  // Which of them that job asked, and in which order, is seen in its answers.
  const asked = (text: string): string[] =>
    text.split("\n").flatMap((line) => (line.startsWith("> ") && known.has(line.slice(2)) ? [line.slice(2)] : []));
  for await (const { device, reads } of outputs(client, view, asked, packs)) earlier.set(device, tablesOf(reads));
  return earlier;
}

const everyCommand = (pack: PackFile): string[] =>
  Object.values(pack.tables).flatMap(({ command, also }) => [command, ...also]);

const memory = (cli: Cli, device: DeviceId): string => statePath(cli, "tables", `${device}.jsonl`);

function remembered(cli: Cli, devices: readonly DeviceId[]): Earlier {
  const files = devices.map((device) => memory(cli, device)).filter((file) => existsSync(file));
  if (files.length === 0)
    throw new FarhandError("USAGE", "nothing was parsed of these devices here before: run it once without --compare");
  return new Map(files.flatMap((file) => [...readEarlier(file, readText(file))]));
}

function remember(cli: Cli, device: DeviceId, documents: readonly RowsDocument[]): void {
  if (documents.length === 0) return;
  writeFile(memory(cli, device), `${documents.map((document) => JSON.stringify(document)).join("\n")}\n`);
}

function documentOf(device: DeviceId, pack: PackFile, { table: name, command, read }: ReadOutput): RowsDocument {
  const common = { schema: "farhand.run-rows/1", device, platform: pack.id, table: name, command } as const;
  if (read.kind === "unread") return { ...common, rows: null, why: read.why, strange: 0, example: null };
  const rows = read.rows.map(({ key, cells }) => ({ key, cells: { ...cells } }));
  return { ...common, rows, why: null, strange: read.strange, example: read.example };
}

function showTable(
  cli: Cli,
  device: DeviceId,
  pack: PackFile,
  one: ReadOutput,
  document: RowsDocument | undefined,
): void {
  const { style } = cli.out;
  const { table: name, read } = one;
  if (cli.out.json) {
    if (document) {
      const { schema: _schema, ...value } = document;
      cli.out.document("run-rows", value);
    }
    return;
  }
  const head = style.bold(`${device} ${name}`);
  if (read.kind === "unread") {
    cli.out.text(`${head} ${style.yellow(`not read: ${escapeLine(read.why)}`)}\n\n`);
    return;
  }
  const columns = Object.keys(pack.tables[name]?.columns ?? {});
  const body =
    read.rows.length === 0
      ? style.dim("nothing")
      : table(
          columns.map((column) => ({ title: column.toUpperCase(), value: (row: Row) => row.cells[column] ?? "" })),
          read.rows,
          style,
        );
  const strange =
    read.strange === 0
      ? ""
      : `\n${style.yellow(`${read.strange} lines not understood: ${escapeLine(read.example ?? "")}`)}`;
  cli.out.text(`${head}\n${body}${strange}\n\n`);
}
