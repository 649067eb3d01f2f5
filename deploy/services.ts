/** The real programs that the tests drive, and what is lost where one is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface Service {
  /** Any one of these files means that it is there. */
  files: string[];
  /** The Debian and Ubuntu package that brings it. */
  package: string;
  /** What is skipped without it. */
  suite: string;
  /** The folder whose tests drive it; without that folder nothing needs the service. */
  neededBy: string;
}

const lab = { suite: "the real-router lab", neededBy: "test/lab" };
const host = { suite: "changes on a real Linux host", neededBy: "test/drivers" };

export const services: Service[] = [
  { files: ["/usr/sbin/sshd"], package: "openssh-server", ...lab },
  { files: ["/usr/bin/ssh"], package: "openssh-client", ...lab },
  { files: ["/usr/bin/sshpass"], package: "sshpass", ...lab },
  { files: ["/usr/bin/sudo"], package: "sudo", ...lab },
  { files: ["/usr/lib/frr/zebra"], package: "frr", ...lab },
  { files: ["/usr/lib/frr/frr-reload.py"], package: "frr-pythontools", ...lab },
  { files: ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"], package: "iproute2", ...lab },
  {
    files: ["/usr/bin/chromium", "/usr/bin/google-chrome", "/snap/bin/chromium"],
    package: "chromium",
    suite: "the console in a browser",
    neededBy: "test/console",
  },
  { files: ["/usr/sbin/cron"], package: "cron", ...host },
  { files: ["/usr/sbin/chronyd"], package: "chrony", ...host },
  { files: ["/lib/systemd/systemd"], package: "systemd", ...host },
  { files: ["/usr/sbin/nft"], package: "nftables", ...host },
  {
    files: ["/usr/sbin/nginx"],
    package: "nginx-light",
    suite: "HTTPS against a real server",
    neededBy: "test/drivers/https.test.ts",
  },
  { files: ["/usr/sbin/snmpd"], package: "snmpd", suite: "SNMP against net-snmp", neededBy: "test/drivers" },
  { files: ["/usr/bin/snmpwalk"], package: "snmp", suite: "SNMP against net-snmp", neededBy: "test/drivers" },
  {
    files: ["/usr/lib/python3/dist-packages/ncclient/__init__.py"],
    package: "python3-ncclient",
    suite: "NETCONF against ncclient",
    neededBy: "test/netconf",
  },
  {
    files: ["/usr/sbin/netconfd"],
    package: "netconfd",
    suite: "changes on a NETCONF server that is not ours",
    neededBy: "test/netconf",
  },
  {
    // One folder for each architecture: the module itself would do, and this file of its package is in the same place on all.
    files: ["/usr/share/yuma/modules/examples/interfaces-notifications.yang"],
    package: "netconfd-module-ietf-interfaces",
    suite: "state checks on a NETCONF server that is not ours",
    neededBy: "test/netconf",
  },
  {
    files: ["/usr/sbin/ifconfig", "/sbin/ifconfig"],
    package: "net-tools",
    suite: "state checks on a NETCONF server that is not ours",
    neededBy: "test/netconf",
  },
  { files: ["/usr/sbin/mosquitto"], package: "mosquitto", suite: "the broker's access rules", neededBy: "test/broker" },
];

/** What the tests in `root` need and this machine does not have. */
export function missingServices(root: string, exists: (path: string) => boolean = existsSync): Service[] {
  return services.filter(({ neededBy, files }) => exists(join(root, neededBy)) && !files.some(exists));
}

export interface Machine {
  isRoot: boolean;
  /** The text of /etc/os-release; empty where there is none. */
  osRelease: string;
  isCi: boolean;
}

export type Plan =
  | { do: "nothing" }
  | { do: "install"; packages: string[] }
  /** The tests go on without; each line says what is lost and how to get it. */
  | { do: "go on"; lines: string[] }
  | { do: "fail"; lines: string[] };

function isDebianLike(osRelease: string): boolean {
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease);
}

export function planFor(missing: Service[], machine: Machine): Plan {
  if (missing.length === 0) return { do: "nothing" };
  const packages = missing.map((service) => service.package);
  const debian = isDebianLike(machine.osRelease);
  if (debian && machine.isRoot) return { do: "install", packages };
  return { do: machine.isCi ? "fail" : "go on", lines: linesFor(missing, debian) };
}

export function linesFor(missing: Service[], debian: boolean): string[] {
  const how = debian ? "run `npm test` as root, or: apt-get install" : "on Debian or Ubuntu:";
  return missing.map((service) => `${service.suite} is skipped without ${service.package} (${how} ${service.package})`);
}
