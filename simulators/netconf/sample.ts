/** A configuration to start with, the same for the same seed. */
import { INTERFACES, IANA_IF, IOSXE_NATIVE, IP, IPV4_ROUTING, ROUTING, SYSTEM, XNM } from "./names.ts";
import type { Personality } from "./config.ts";
import type { Sample } from "../kit/sample.ts";
import { escapeText } from "./xml.ts";

export interface NetconfSampleOptions {
  readonly personality: Personality;
  readonly seed: number;
  /** At least 2. */
  readonly interfaces?: number;
}

export function sampleNetconf({ personality, seed, interfaces = 4 }: NetconfSampleOptions): Sample {
  const site = 1 + ((Math.imul(seed, 2_654_435_761) >>> 16) % 250);
  const hostname = `nc${String(seed).padStart(4, "0")}-rtr`;
  const ports = Array.from({ length: Math.max(2, interfaces) }, (_, index) => ({
    index,
    description: index === 0 ? "uplink" : `access <${index}>`,
    address: `10.${site}.${Math.floor(index / 250)}.${1 + (index % 250)}`,
  }));
  const made: Facts = { hostname, gateway: `10.${site}.0.254`, ports };
  return { hostname, serial: `NC${String(100_000 + seed)}`, config: TEXTS[personality](made) };
}

interface Facts {
  readonly hostname: string;
  readonly gateway: string;
  readonly ports: readonly { index: number; description: string; address: string }[];
}

const TEXTS: Record<Personality, (facts: Facts) => string> = { generic, iosxe, junos };

function generic({ hostname, gateway, ports }: Facts): string {
  const entries = ports.map(
    ({ index, description, address }) =>
      `<interface><name>eth${index}</name><description>${escapeText(description)}</description>` +
      `<type xmlns:ianaift="${IANA_IF}">ianaift:ethernetCsmacd</type>` +
      `<ipv4 xmlns="${IP}"><address><ip>${address}</ip><prefix-length>24</prefix-length></address></ipv4></interface>`,
  );
  return (
    `<system xmlns="${SYSTEM}"><contact>noc@example.net</contact><hostname>${hostname}</hostname>` +
    `<ntp><server><name>one</name><udp><address>192.0.2.1</address></udp></server></ntp>` +
    `<authentication><user><name>netops</name><password>$6$saltsalt$notahash</password></user></authentication></system>` +
    `<interfaces xmlns="${INTERFACES}">${entries.join("")}</interfaces>` +
    `<routing xmlns="${ROUTING}"><control-plane-protocols><control-plane-protocol>` +
    `<type xmlns:rt="${ROUTING}">rt:static</type><name>main</name><static-routes><ipv4 xmlns="${IPV4_ROUTING}">` +
    `<route><destination-prefix>0.0.0.0/0</destination-prefix><next-hop><next-hop-address>${gateway}</next-hop-address></next-hop></route>` +
    `</ipv4></static-routes></control-plane-protocol></control-plane-protocols></routing>`
  );
}

function iosxe({ hostname, gateway, ports }: Facts): string {
  const entries = ports.map(
    ({ index, description, address }) =>
      `<GigabitEthernet><name>${index + 1}</name><description>${escapeText(description)}</description>` +
      `<ip><address><primary><address>${address}</address><mask>255.255.255.0</mask></primary></address></ip></GigabitEthernet>`,
  );
  return (
    `<native xmlns="${IOSXE_NATIVE}"><version>17.9</version><hostname>${hostname}</hostname>` +
    `<username><name>netops</name><privilege>15</privilege><secret><encryption>9</encryption><secret>$9$simulated</secret></secret></username>` +
    `<interface>${entries.join("")}</interface><ip><route><ip-route-interface-forwarding-list><prefix>0.0.0.0</prefix><mask>0.0.0.0</mask>` +
    `<fwd-list><fwd>${gateway}</fwd></fwd-list></ip-route-interface-forwarding-list></route></ip></native>`
  );
}

function junos({ hostname, gateway, ports }: Facts): string {
  const entries = ports.map(
    ({ index, description, address }) =>
      `<interface><name>ge-0/0/${index}</name><description>${escapeText(description)}</description>` +
      `<unit><name>0</name><family><inet><address><name>${address}/24</name></address></inet></family></unit></interface>`,
  );
  return (
    `<configuration xmlns="${XNM}"><version>21.4R3.15</version><system><host-name>${hostname}</host-name>` +
    `<login><user><name>netops</name><class>super-user</class></user></login>` +
    `<services><ssh/><netconf><ssh/></netconf></services></system><interfaces>${entries.join("")}</interfaces>` +
    `<routing-options><static><route><name>0.0.0.0/0</name><next-hop>${gateway}</next-hop></route></static></routing-options></configuration>`
  );
}
