import type { Selector } from "../../shared/documents/grant.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import { FarhandError } from "../../shared/errors.ts";
import { DeviceId, PlatformId, SiteId } from "../../shared/ids.ts";
import type { InventoryView } from "../../shared/trust.ts";
import { selects } from "../../shared/verify/grant-scope.ts";
import { meant } from "./nearest.ts";

/** `site=ams,site=lon,platform=frr_linux,tag.role=edge,device=r1`: values of one key are alternatives, keys must all match. */
export interface Selection {
  readonly sites: readonly SiteId[];
  readonly selector: Selector;
  readonly text: string;
}

const KEYS = ["site", "platform", "device", "tag.NAME"];

export function parseSelector(text: string): Selection {
  const sites: SiteId[] = [];
  const platforms: PlatformId[] = [];
  const devices: DeviceId[] = [];
  const tags: Record<string, string> = {};
  for (const part of text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")) {
    const at = part.indexOf("=");
    const [key, value] = at === -1 ? [part, ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    const id = <T>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } }): T => {
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      throw new FarhandError("USAGE", `--select ${part}: not an id`);
    };
    if (at === -1 || value === "") throw new FarhandError("USAGE", `--select ${part}: must be key=value`);
    if (key === "site") sites.push(id(SiteId));
    else if (key === "platform") platforms.push(id(PlatformId));
    else if (key === "device") devices.push(id(DeviceId));
    else if (key.startsWith("tag.") && key.length > 4) {
      const tag = key.slice(4);
      if (Object.hasOwn(tags, tag)) throw new FarhandError("USAGE", `--select ${key}: a device has one value of a tag`);
      tags[tag] = value;
    } else throw new FarhandError("USAGE", `--select ${key}: there are ${KEYS.join(", ")}${meant(key, KEYS)}`);
  }
  return {
    sites,
    text,
    selector: {
      ...(devices.length > 0 && { devices }),
      ...(platforms.length > 0 && { platforms }),
      ...(Object.keys(tags).length > 0 && { tags }),
    },
  };
}

/** The devices that it names, in the inventory's order. None, or a name that does not exist, is an error: a typing fault must not narrow a job in silence. */
export function pick(selection: Selection, inventory: InventoryView): Device[] {
  const { devices, sites } = inventory.inventory.document;
  for (const id of selection.selector.devices ?? []) {
    if (!inventory.device(id))
      throw new FarhandError(
        "NOT_FOUND",
        `no device ${id}${meant(
          id,
          devices.map((device) => device.id),
        )}`,
      );
  }
  for (const id of selection.sites) {
    if (!inventory.site(id))
      throw new FarhandError(
        "NOT_FOUND",
        `no site ${id}${meant(
          id,
          sites.map((site) => site.id),
        )}`,
      );
  }
  const picked = devices.filter(
    (device) =>
      (selection.sites.length === 0 || selection.sites.includes(device.site)) && selects(selection.selector, device),
  );
  if (picked.length === 0) throw new FarhandError("NOT_FOUND", `no device matches ${selection.text}`);
  return picked;
}
