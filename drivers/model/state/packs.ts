import type { Expectation } from "../../../shared/documents/checks.ts";
import type { TransportName } from "../../../shared/documents/inventory.ts";
import type { PlatformId } from "../../../shared/ids.ts";
import { readEmbedded } from "../embedded.ts";
import defaultsText from "./defaults.yaml" with { type: "text" };
import { DefaultsFile, PackFile, type TableFile } from "./pack.ts";
import aristaEos from "./packs/arista_eos.yaml" with { type: "text" };
import ciscoIosxe from "./packs/cisco_iosxe.yaml" with { type: "text" };
import frrLinux from "./packs/frr_linux.yaml" with { type: "text" };
import juniperJunos from "./packs/juniper_junos.yaml" with { type: "text" };
import linux from "./packs/linux.yaml" with { type: "text" };
import mikrotikRouteros from "./packs/mikrotik_routeros.yaml" with { type: "text" };
import netconfCiscoIosxe from "./packs/netconf/cisco_iosxe.yaml" with { type: "text" };
import netconfJuniperJunos from "./packs/netconf/juniper_junos.yaml" with { type: "text" };
import netconf from "./packs/netconf/netconf.yaml" with { type: "text" };
import nokiaSrlinux from "./packs/nokia_srlinux.yaml" with { type: "text" };

const texts: readonly string[] = [
  aristaEos,
  ciscoIosxe,
  frrLinux,
  juniperJunos,
  linux,
  mikrotikRouteros,
  nokiaSrlinux,
  netconf,
  netconfCiscoIosxe,
  netconfJuniperJunos,
];

const defaultTexts: readonly string[] = [defaultsText];

/** By platform, and `/` with the transport where it is of one alone. */
let packs: ReadonlyMap<string, PackFile> | undefined;
let defaults: readonly Expectation[] | undefined;

/** Every platform whose state can be read as rows. */
export function allPacks(): readonly PackFile[] {
  packs ??= new Map(
    texts.map((text) => readEmbedded(PackFile, text, "pack")).map((pack) => [keyOf(pack.id, pack.transport), pack]),
  );
  return [...packs.values()];
}

const keyOf = (platform: PlatformId, transport: TransportName | undefined): string =>
  transport === undefined ? platform : `${platform}/${transport}`;

/** What is read of a platform over a transport; without one, over the first that it has. */
export function packFor(platform: PlatformId, transport?: TransportName): PackFile | undefined {
  allPacks();
  return packs?.get(keyOf(platform, transport)) ?? packs?.get(platform);
}

/** The packs of a platform, over whatever transport. */
export const packsOf = (platform: PlatformId): readonly PackFile[] => allPacks().filter(({ id }) => id === platform);

/** What people expect of any change, those of them whose table the pack has. */
export function defaultsFor(pack: PackFile): readonly Expectation[] {
  defaults ??= defaultTexts.flatMap((text) => readEmbedded(DefaultsFile, text, "defaults").expect);
  return defaults.filter(({ table }) => pack.tables[table] !== undefined);
}

/** A platform file with its reads and what is expected by default: what a signed check means must not change under its digest. */
export function withState<T extends { readonly id: PlatformId }>(
  file: T,
  transport?: TransportName,
): T & { state?: PackFile } {
  const pack = packFor(file.id, transport);
  return pack ? { ...file, state: pack, expected: defaultsFor(pack) } : file;
}

/** The table that a command shows. */
export function tableOf(pack: PackFile, command: string): readonly [string, TableFile] | undefined {
  const plain = command.trim().replace(/ +/gv, " ");
  return Object.entries(pack.tables).find(([, table]) => table.command === plain || table.also.includes(plain));
}
