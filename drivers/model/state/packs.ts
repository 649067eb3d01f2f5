import type { Expectation } from "../../../shared/documents/checks.ts";
import type { PlatformId } from "../../../shared/ids.ts";
import { readEmbedded } from "../embedded.ts";
import defaultsText from "./defaults.yaml" with { type: "text" };
import { DefaultsFile, PackFile, type TableFile } from "./pack.ts";
import aristaEos from "./packs/arista_eos.yaml" with { type: "text" };
import ciscoIosxe from "./packs/cisco_iosxe.yaml" with { type: "text" };
import frrLinux from "./packs/frr_linux.yaml" with { type: "text" };
import juniperJunos from "./packs/juniper_junos.yaml" with { type: "text" };
import linux from "./packs/linux.yaml" with { type: "text" };
import nokiaSrlinux from "./packs/nokia_srlinux.yaml" with { type: "text" };

const texts: readonly string[] = [aristaEos, ciscoIosxe, frrLinux, juniperJunos, linux, nokiaSrlinux];

const defaultTexts: readonly string[] = [defaultsText];

let packs: ReadonlyMap<string, PackFile> | undefined;
let defaults: readonly Expectation[] | undefined;

/** Every platform whose state can be read as rows. */
export function allPacks(): readonly PackFile[] {
  packs ??= new Map(texts.map((text) => readEmbedded(PackFile, text, "pack")).map((pack) => [pack.id, pack]));
  return [...packs.values()];
}

export function packFor(platform: PlatformId): PackFile | undefined {
  allPacks();
  return packs?.get(platform);
}

/** What people expect of any change, those of them whose table the pack has. */
export function defaultsFor(pack: PackFile): readonly Expectation[] {
  defaults ??= defaultTexts.flatMap((text) => readEmbedded(DefaultsFile, text, "defaults").expect);
  return defaults.filter(({ table }) => pack.tables[table] !== undefined);
}

/** A platform file with its reads and what is expected by default: what a signed check means must not change under its digest. */
export function withState<T extends { readonly id: PlatformId }>(file: T): T & { state?: PackFile } {
  const pack = packFor(file.id);
  return pack ? { ...file, state: pack, expected: defaultsFor(pack) } : file;
}

/** The table that a command shows. */
export function tableOf(pack: PackFile, command: string): readonly [string, TableFile] | undefined {
  const plain = command.trim().replace(/ +/gv, " ");
  return Object.entries(pack.tables).find(([, table]) => table.command === plain || table.also.includes(plain));
}
