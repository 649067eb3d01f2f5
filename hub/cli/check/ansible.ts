import { z } from "zod";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import type { TransportName } from "../../../shared/documents/inventory.ts";
import { DeviceId } from "../../../shared/ids.ts";
import { readIni } from "./ansible-ini.ts";
import { readYaml } from "../inventory/yaml.ts";

/**
 * An Ansible inventory, in YAML or INI, as its documentation has it ("How to build your inventory"): groups with `hosts`, `vars` and `children`; a
 * nearer group's variable wins over a farther one's, a host's over all. Nothing is resolved that Ansible would have to run (`{{ … }}`,
 * lookups, vaults): such a value is named, not guessed.
 */
export interface AnsibleHost {
  readonly name: string;
  readonly groups: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly platform: string | null;
  readonly transport: Exclude<TransportName, "snmp">;
}

export interface AnsibleLint {
  readonly hosts: readonly AnsibleHost[];
  readonly findings: readonly (CheckFinding & { readonly device: string | null })[];
}

/** `ansible_network_os` of the collections, and what the platform is called here. */
const PLATFORMS: Readonly<Record<string, string>> = {
  "cisco.ios.ios": "cisco_iosxe",
  ios: "cisco_iosxe",
  "arista.eos.eos": "arista_eos",
  eos: "arista_eos",
  "junipernetworks.junos.junos": "juniper_junos",
  junos: "juniper_junos",
  "nokia.srlinux.srlinux": "nokia_srlinux",
  "community.routeros.routeros": "mikrotik_routeros",
  "cisco.nxos.nxos": "cisco_nxos",
  nxos: "cisco_nxos",
  "frr.frr.frr": "frr_linux",
  "ansible.netcommon.default": "netconf",
};

/** `ansible_connection` of ansible.netcommon, and where it goes unless `ansible_port` says otherwise. */
const CONNECTIONS: readonly (readonly [RegExp, AnsibleHost["transport"], number])[] = [
  [/(?:^|\.)netconf$/, "netconf", 830],
  [/(?:^|\.)httpapi$/, "https", 443],
];

/** Variables that hold a secret, or switch a check off: neither is taken over, and whoever reads the file should know. */
const SECRET = /(?:^|_)(?:pass|password|passphrase|secret|become_pass|token|private_key)$/;
const UNSAFE: readonly (readonly [RegExp, RegExp, string])[] = [
  [/^ansible_host_key_checking$/, /^(?:false|no|0)$/i, "host keys are not checked"],
  [
    /^ansible_ssh_(?:common|extra)_args$|^ansible_ssh_args$/,
    /StrictHostKeyChecking|UserKnownHostsFile/i,
    "host keys are not checked",
  ],
  [
    /^ansible_ssh_(?:common|extra)_args$|^ansible_ssh_args$/,
    /ProxyCommand/i,
    "a command of the file's is run to reach the device",
  ],
  [/^ansible_(?:httpapi_validate_certs|validate_certs)$/, /^(?:false|no|0)$/i, "certificates are not checked"],
  [/^ansible_connection$/, /^(?:local|telnet)$/i, "a connection that nobody verifies"],
];
const KNOWN =
  /^ansible_(?:host|port|user|network_os|connection|become|become_method|become_user|ssh_private_key_file|command_timeout|connect_timeout)$/;

type Vars = Readonly<Record<string, unknown>>;
interface Group {
  readonly hosts?: Readonly<Record<string, Vars | null>> | null | undefined;
  readonly vars?: Vars | null | undefined;
  readonly children?: Readonly<Record<string, Group | null>> | null | undefined;
}
const Values = z.record(z.string(), z.unknown());
const GroupSchema: z.ZodType<Group> = z.strictObject({
  hosts: z.record(z.string(), Values.nullable()).nullable().optional(),
  vars: Values.nullable().optional(),
  get children() {
    return z.record(z.string(), GroupSchema.nullable()).nullable().optional();
  },
});
const Inventory = z.record(z.string(), GroupSchema.nullable());

const DEPTH_MAX = 16;
const HOSTS_MAX = 100_000;

/** True where the file has Ansible's shape rather than ours. */
export const isAnsible = (value: unknown): boolean => Inventory.safeParse(value).success;

const blocked = (details: readonly string[]): AnsibleLint => ({
  hosts: [],
  findings: details.slice(0, 50).map((detail) => ({
    device: null,
    severity: "blocks",
    code: "INVENTORY_FILE",
    detail: detail.slice(0, 500),
    hint: null,
  })),
});

/** Its YAML form. */
export function lintAnsible(text: string): AnsibleLint {
  const { value, faults } = readYaml(text);
  if (faults.length > 0) return blocked(faults.map(({ line, column, message }) => `${line}:${column}: ${message}`));
  const parsed = Inventory.safeParse(value);
  if (!parsed.success) return blocked([parsed.error.issues[0]?.message ?? "no groups of hosts"]);
  return lintGroups(parsed.data);
}

/** Its INI form. */
export function lintAnsibleIni(text: string): AnsibleLint {
  const { groups, faults } = readIni(text);
  if (faults.length > 0) return blocked(faults.map(({ line, message }) => `${line}: ${message}`));
  return lintGroups(groups);
}

function lintGroups(inventory: z.infer<typeof Inventory>): AnsibleLint {
  const findings: (CheckFinding & { device: string | null })[] = [];
  const find = (
    device: string | null,
    severity: CheckFinding["severity"],
    code: string,
    detail: string,
    hint: string | null = null,
  ): void => void findings.push({ device, severity, code, detail: detail.slice(0, 500), hint });
  const hosts = new Map<string, { vars: Record<string, unknown>; groups: string[] }>();
  const walk = (name: string, group: Group | null, above: Vars, path: readonly string[]): void => {
    if (path.length > DEPTH_MAX) return find(null, "blocks", "INVENTORY_FILE", `${name}: nested too deeply`);
    const vars = { ...above, ...group?.vars };
    for (const [host, own] of Object.entries(group?.hosts ?? {})) {
      const held = hosts.get(host) ?? { vars: {}, groups: [] };
      for (const [key, given] of Object.entries(own ?? {}))
        if (
          Object.hasOwn(held.vars, key) &&
          held.groups.length > 0 &&
          JSON.stringify(held.vars[key]) !== JSON.stringify(given)
        )
          find(
            host,
            "warns",
            "TWICE",
            `${key} is given twice, and not the same`,
            "write it once: which one wins depends on Ansible's order",
          );
      held.vars = { ...vars, ...held.vars, ...own };
      held.groups.push(...[...path, name].filter((one) => !held.groups.includes(one)));
      if (hosts.size < HOSTS_MAX) hosts.set(host, held);
    }
    for (const [child, inner] of Object.entries(group?.children ?? {})) walk(child, inner, vars, [...path, name]);
  };
  for (const [name, group] of Object.entries(inventory)) walk(name, group, {}, []);

  const shown: AnsibleHost[] = [];
  const places = new Map<string, string>();
  for (const [name, { vars, groups }] of hosts) {
    const word = (key: string): string | null => {
      const given = vars[key];
      if (typeof given !== "string" && typeof given !== "number" && typeof given !== "boolean") return null;
      const said = String(given);
      if (said.includes("{{")) {
        find(
          name,
          "blocks",
          "UNRESOLVED",
          `${key} is a template, which only Ansible can fill in`,
          "write the value itself",
        );
        return null;
      }
      return said;
    };
    if (!DeviceId.safeParse(name).success)
      find(name, "warns", "NAME", "is no name of a device here", "1 to 63 of a-z 0-9 . _ -");
    if (/\[[^\]]*:/.test(name)) find(name, "blocks", "RANGE", "a range of hosts", "write each host by itself");
    for (const [key, given] of Object.entries(vars)) {
      const text = String(given);
      if (SECRET.test(key))
        find(
          name,
          "warns",
          "SECRET_IN_FILE",
          `${key} holds a secret, which is not taken over`,
          "farhand secret send NAME",
        );
      const unsafe = UNSAFE.find(([of, is]) => of.test(key) && is.test(text));
      if (unsafe)
        find(
          name,
          "blocks",
          "UNSAFE",
          `${key}: ${unsafe[2]}`,
          "here every host key and certificate is pinned; leave it out",
        );
      else if (key.startsWith("ansible_") && !SECRET.test(key) && !KNOWN.test(key))
        find(name, "tells", "UNKNOWN_VARIABLE", `${key} means nothing here`);
    }
    const os = word("ansible_network_os");
    const platform = os === null ? null : (PLATFORMS[os] ?? null);
    if (platform === null)
      find(
        name,
        "blocks",
        "PLATFORM_UNKNOWN",
        os === null ? "no ansible_network_os" : `${os} is no platform here`,
        `one of ${[...new Set(Object.values(PLATFORMS))].join(", ")}`,
      );
    const address = word("ansible_host") ?? name;
    const connection = word("ansible_connection") ?? "";
    const [, transport, usualPort] = CONNECTIONS.find(([pattern]) => pattern.test(connection)) ?? [null, "cli", 22];
    const port = Number(word("ansible_port") ?? usualPort);
    const place = `${address}:${port}`;
    const other = places.get(place);
    if (other !== undefined) find(name, "warns", "SAME_ADDRESS", `${place} is ${other}'s too`);
    places.set(place, name);
    // Ansible's file has no place for one.
    if (transport === "https")
      find(name, "warns", "NO_CERTIFICATE", "no certificate is named", "write it under tls: in the inventory");
    else
      find(
        name,
        "warns",
        "NO_HOST_KEY",
        "no host key is pinned",
        "farhand hostkeys collect, then farhand hostkeys accept",
      );
    shown.push({ name, groups, address, port, platform, transport });
  }
  return { hosts: shown, findings };
}
