import { LabFile, type LabDevice } from "../../../agent/certify/lab.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { nameOf, type Subject } from "../matrix/subject.ts";

/** What a lab file says of each subject beside its address: as a person with such a device at hand would write it. */
interface Written {
  readonly refused: string;
  readonly mayTouch: readonly string[];
  readonly reads: readonly string[];
  readonly refusedRead?: string;
  readonly startup?: { readonly command: string; readonly contains: string };
  readonly undo?: string;
  readonly otherUndo?: string;
}

const IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces";

const written: Readonly<Record<string, Written>> = {
  "cisco_iosxe/cli": {
    refused: "interface Loopback0\n description probe\n ip address 999.1.1.1 255.255.255.255\n",
    mayTouch: ["interface Loopback0", "ip prefix-list PL ", "ip prefix-list THEIRS "],
    reads: ["show running-config", "show version"],
    startup: { command: "show startup-config", contains: "192.0.2.0/24" },
  },
  "arista_eos/cli": {
    refused: "interface Loopback0\n   description probe\n   ip address 999.1.1.1/32\n",
    mayTouch: ["interface Loopback0", "ip prefix-list PL", "ip prefix-list THEIRS"],
    reads: ["show running-config", "show version"],
    startup: { command: "show startup-config", contains: "192.0.2.0/24" },
  },
  "frr_linux/cli": {
    refused:
      "interface eth1\n description probe\nrouter bgp 64512\n neighbor 172.16.0.1 peer-group NOSUCH\nip prefix-list PROBE seq 5 permit 198.51.100.0/24\n",
    mayTouch: ["PROBE", "THEIRS", "interface eth1", "router bgp 64512"],
    reads: ["show running-config", "show version"],
  },
  "juniper_junos/cli": {
    refused:
      "set interfaces ge-0/0/0 description probe\nset interfaces ge-0/0/0 unit 0 family inet address 999.1.1.1/32\nset policy-options prefix-list PL 192.0.2.0/24\n",
    mayTouch: ["interfaces ge-0/0/0", "policy-options prefix-list"],
    reads: ["show configuration", "show version"],
  },
  "nokia_srlinux/cli": {
    refused:
      "set / interface lo0 description probe\nset / interface lo0 no-such-leaf 1\nset / system information contact probe\n",
    mayTouch: ["interface lo0", "system information contact", "routing-policy prefix-set"],
    reads: ["info flat from running", "show version"],
  },
  "netconf/netconf": {
    refused: `<interfaces xmlns="${IF}">\n<interface><name>eth1</name><description>probe</description></interface>\n<interface><name>eth2</name><no-such-leaf>1</no-such-leaf></interface>\n</interfaces>\n`,
    mayTouch: ["eth0", "eth1", "eth2", "eth3"],
    reads: ["get-config"],
  },
  "cisco_iosxe/netconf": {
    refused: `<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native">\n<interface>\n<GigabitEthernet><name>1</name><description>probe</description></GigabitEthernet>\n<GigabitEthernet><name>2</name><no-such-leaf>1</no-such-leaf></GigabitEthernet>\n</interface>\n</native>\n`,
    mayTouch: ["GigabitEthernet"],
    reads: ["get-config", "table interfaces"],
  },
};
const arista = written["arista_eos/cli"];
const nokia = written["nokia_srlinux/cli"];
const all: Readonly<Record<string, Written>> = {
  ...written,
  ...(arista && { "arista_eos/https": arista }),
  ...(nokia && { "nokia_srlinux/https": nokia }),
};

export const certified = (subject: Subject): boolean => all[nameOf(subject)] !== undefined;

export function labOf(subject: Subject, target: Device, more: Partial<LabDevice> = {}): LabDevice {
  const file = all[nameOf(subject)];
  if (!file) throw new Error(`no lab file for ${nameOf(subject)}`);
  const { id, platform, transport, address, port, hostKeys, algorithms, tls, serial } = target;
  const { merge, foreign } = subject;
  const lab = LabFile.parse({
    schema: "farhand.lab/1",
    devices: [
      {
        id,
        platform,
        address,
        port,
        algorithms,
        serial,
        ...(transport === undefined ? {} : { transport }),
        ...(tls === undefined ? {} : { tls }),
        hostKeys: hostKeys.map(({ algorithm, publicKey }) => `${algorithm} ${publicKey}`),
        credential: { username: "netops" },
        mayTouch: file.mayTouch,
        change: {
          text: merge.text,
          shows: merge.verify.map(({ command, contains }) => ({
            command: command.replaceAll("\n", ""),
            contains: contains?.[0],
          })),
          ...(file.undo === undefined ? {} : { undo: file.undo }),
        },
        other: {
          text: `${foreign.lines.join("\n")}\n`,
          ...(file.otherUndo === undefined ? {} : { undo: file.otherUndo }),
        },
        refused: { text: file.refused },
        reads: file.reads,
        ...(file.refusedRead === undefined ? {} : { refusedRead: file.refusedRead }),
        ...(file.startup === undefined ? {} : { startup: file.startup }),
        confirmSeconds: 180,
        connectSeconds: 120,
        commandSeconds: 60,
      },
    ],
  }).devices[0];
  if (!lab) throw new Error("no device");
  return { ...lab, ...more };
}
