import { z } from "zod";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { InventoryView } from "../../../shared/trust.ts";
import { DeviceId, SiteId } from "../../../shared/ids.ts";
import { readYaml } from "../inventory/yaml.ts";
import { meant } from "../nearest.ts";
import { TemplateFault } from "./fault.ts";
import { UNDEFINED } from "./strict.ts";

const Values = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable's name"), z.json());
const VariablesFile = z.strictObject({
  all: Values.default({}),
  sites: z.record(z.string(), Values).default({}),
  devices: z.record(z.string(), Values).default({}),
});
export type Variables = z.infer<typeof VariablesFile>;

export const NO_VARIABLES: Variables = { all: {}, sites: {}, devices: {} };
const RESERVED = ["device", "secret", UNDEFINED];

/** Where a variable is given: `all`, `sites ams`, `devices ams-r1`. */
export interface Definition {
  readonly name: string;
  readonly level: string;
  readonly line: number;
}

/** Variables in three levels: `all:`, `sites:` by site, `devices:` by device; the nearer one wins, member by member. */
export const readVariables = (name: string, text: string, inventory: InventoryView): Variables =>
  readVariablesFile(name, text, inventory).variables;

/** The same with its places. Sites and devices are not looked up where there is no inventory. TEMPLATE with the line of the first fault. */
export function readVariablesFile(
  name: string,
  text: string,
  inventory: InventoryView | undefined,
): { readonly variables: Variables; readonly definitions: readonly Definition[] } {
  const { places, faults, value } = readYaml(text);
  const refuse = (fault: { line: number; column: number; message: string }): never => {
    throw new FarhandError("TEMPLATE", `${name}:${fault.line}:${fault.column}: ${fault.message}`, {
      cause: new TemplateFault("VARIABLES_FILE", fault.line, fault.message),
    });
  };
  const [broken] = faults;
  if (broken) return refuse(broken);
  const parsed = VariablesFile.safeParse(value ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path ?? [];
    if (issue?.code === "unrecognized_keys") {
      const key = issue.keys[0] ?? "";
      return refuse(places.faultAtKey(path, key, `unknown member ${key}${meant(key, ["all", "sites", "devices"])}`));
    }
    return refuse(places.fault(path, issue?.message ?? "not understood"));
  }
  const { all, sites, devices } = parsed.data;
  const known = inventory?.inventory.document ?? { sites: [], devices: [] };
  for (const id of inventory ? Object.keys(sites) : []) {
    const site = SiteId.safeParse(id);
    if (!site.success || !inventory?.site(site.data))
      refuse(
        places.faultAtKey(
          ["sites"],
          id,
          `no site ${id}${meant(
            id,
            known.sites.map((other) => other.id),
          )}`,
        ),
      );
  }
  for (const id of inventory ? Object.keys(devices) : []) {
    const device = DeviceId.safeParse(id);
    if (!device.success || !inventory?.device(device.data))
      refuse(
        places.faultAtKey(
          ["devices"],
          id,
          `no device ${id}${meant(
            id,
            known.devices.map((other) => other.id),
          )}`,
        ),
      );
  }
  const levels: [readonly string[], Readonly<Record<string, unknown>>][] = [
    [["all"], all],
    ...Object.entries(sites).map(([id, values]): [string[], Record<string, unknown>] => [["sites", id], values]),
    ...Object.entries(devices).map(([id, values]): [string[], Record<string, unknown>] => [["devices", id], values]),
  ];
  for (const [path, values] of levels) {
    const taken = RESERVED.find((reserved) => Object.hasOwn(values, reserved));
    if (taken !== undefined) refuse(places.faultAtKey(path, taken, `${taken} is Farhand's own name`));
  }
  const definitions = levels.flatMap(([path, values]) =>
    Object.keys(values).map((variable) => ({
      name: variable,
      level: path.join(" "),
      line: places.faultAtKey(path, variable, "").line,
    })),
  );
  return { variables: parsed.data, definitions };
}

/** What a template sees: the variables, and the device's signed facts under `device`. */
export function variablesOf(variables: Variables, device: Device): Record<string, unknown> {
  const { id, site, platform, address, tags } = device;
  return {
    ...variables.all,
    ...variables.sites[site],
    ...variables.devices[id],
    device: { id, site, platform, address, tags },
  };
}
