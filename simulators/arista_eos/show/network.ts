/** Routes, neighbours, and what was learned from the wire. */
import { shortInterface } from "../config/interfaces.ts";
import type { EosDevice } from "../device.ts";
import { done, type Outcome } from "../outcome.ts";
import { bgpOf, isUp, routesOf } from "./facts.ts";
import { table } from "./table.ts";

const CODES = `Codes: C - connected, S - static, K - kernel,
       O - OSPF, IA - OSPF inter area, E1 - OSPF external type 1,
       E2 - OSPF external type 2, N1 - OSPF NSSA external type 1,
       N2 - OSPF NSSA external type2, B - Other BGP Routes,
       B I - iBGP, B E - eBGP, R - RIP, I L1 - IS-IS level 1,
       I L2 - IS-IS level 2, A B - BGP Aggregate`;

export function showRoutes(device: EosDevice): Outcome {
  const routes = routesOf(device);
  const line = (route: (typeof routes)[number]): string => {
    const code = ` ${route.code.padEnd(8)} ${route.prefix}`;
    if (route.via === undefined) return `${code} is directly connected, ${route.interface}`;
    return `${code} [${route.type === "static" ? "1/0" : "200/0"}] via ${route.via}, ${route.interface}`;
  };
  const fallback = routes.find(({ prefix }) => prefix === "0.0.0.0/0");
  const last = fallback ? `Gateway of last resort:\n${line(fallback)}` : "Gateway of last resort is not set";
  const rest = routes.filter((route) => route !== fallback).map(line);
  return done(`\nVRF: default\n${CODES}\n\n${last}\n\n${rest.join("\n")}\n\n`, {
    vrfs: {
      default: {
        routingDisabled: device.store.running.some(({ line: text }) => text === "no ip routing"),
        allRoutesProgrammedHardware: true,
        allRoutesProgrammedKernel: true,
        routes: Object.fromEntries(
          routes.map((route) => [
            route.prefix,
            {
              routeType: route.type,
              hardwareProgrammed: true,
              kernelProgrammed: true,
              directlyConnected: route.via === undefined,
              routeAction: "forward",
              vias: [{ interface: route.interface, ...(route.via === undefined ? {} : { nexthopAddr: route.via }) }],
            },
          ]),
        ),
      },
    },
  });
}

export function showBgpSummary(device: EosDevice): Outcome {
  const bgp = bgpOf(device);
  if (!bgp) return done("% BGP inactive\n", { vrfs: {} });
  const upSince = device.store.bootedAtMs;
  const text = table(
    [
      { head: "  Description", width: 24 },
      { head: "Neighbor", width: 15 },
      { head: "V", width: 1 },
      { head: "AS", width: 10 },
      { head: "MsgRcvd", width: 9, right: true },
      { head: "MsgSent", width: 9, right: true },
      { head: "InQ", width: 4, right: true },
      { head: "OutQ", width: 4, right: true },
      { head: "Up/Down", width: 8, right: true },
      { head: "State", width: 11 },
      { head: "PfxRcd", width: 6 },
      { head: "PfxAcc", width: 6 },
    ],
    bgp.neighbors.map((one) => [
      `  ${one.description.slice(0, 22)}`,
      one.address,
      "4",
      one.as,
      "100",
      "100",
      "0",
      "0",
      "00:10:00",
      one.state === "Established" ? "Estab" : one.state,
      one.state === "Established" ? String(one.prefixes.length) : "",
      one.state === "Established" ? String(one.prefixes.length) : "",
    ]),
  );
  const head = `BGP summary information for VRF default
Router identifier ${bgp.routerId}, local AS number ${bgp.as}
Neighbor Status Codes: m - Under maintenance
`;
  return done(head + text, {
    vrfs: {
      default: {
        vrf: "default",
        routerId: bgp.routerId,
        asn: bgp.as,
        peers: Object.fromEntries(
          bgp.neighbors.map((one) => [
            one.address,
            {
              description: one.description,
              asn: one.as,
              peerState: one.state,
              prefixReceived: one.prefixes.length,
              prefixAccepted: one.prefixes.length,
              msgReceived: 100,
              msgSent: 100,
              inMsgQueue: 0,
              outMsgQueue: 0,
              underMaintenance: false,
              upDownTime: upSince / 1000,
              version: 4,
            },
          ]),
        ),
      },
    },
  });
}

export function showLldp(device: EosDevice): Outcome {
  const off = device.store.running.some(({ line }) => line === "no lldp run");
  if (off) return done("% LLDP is not enabled\n", { lldpNeighbors: [] });
  const seen = device.neighborhood.lldp.filter(({ port }) => isUp(device, port));
  const text = table(
    [
      { head: "Port", width: 13 },
      { head: "Neighbor Device ID", width: 24 },
      { head: "Neighbor Port ID", width: 19 },
      { head: "TTL", width: 3 },
    ],
    seen.map((one) => [shortInterface(one.port), one.device, one.remotePort, "120"]),
  );
  const counts = `Last table change time   : 0:10:00 ago
Number of table inserts  : ${seen.length}
Number of table deletes  : 0
Number of table drops    : 0
Number of table age-outs : 0

`;
  return done(counts + text, {
    tablesLastChangeTime: device.store.bootedAtMs / 1000,
    tablesInserts: seen.length,
    tablesDeletes: 0,
    tablesDrops: 0,
    tablesAgeOuts: 0,
    lldpNeighbors: seen.map((one) => ({
      port: one.port,
      neighborDevice: one.device,
      neighborPort: one.remotePort,
      ttl: 120,
    })),
  });
}

export function showMacs(device: EosDevice): Outcome {
  const seen = device.neighborhood.macs.filter(({ port }) => isUp(device, port));
  const rows = seen.map(
    (one) =>
      `${String(one.vlan).padStart(4)}    ${one.mac}    DYNAMIC     ${shortInterface(one.port).padEnd(10)} 1       0:10:00 ago`,
  );
  const text = `          Mac Address Table
------------------------------------------------------------------

Vlan    Mac Address       Type        Ports      Moves   Last Move
----    -----------       ----        -----      -----   ---------
${rows.map((line) => `${line}\n`).join("")}Total Mac Addresses for this criterion: ${seen.length}
`;
  return done(text, {
    unicastTable: {
      tableEntries: seen.map((one) => ({
        vlanId: one.vlan,
        macAddress: one.mac,
        interface: one.port,
        entryType: "dynamic",
        moves: 1,
      })),
    },
  });
}

export function showArp(device: EosDevice): Outcome {
  const seen = device.neighborhood.arp.filter((one) => isUp(device, one.interface));
  const text = table(
    [
      { head: "Address", width: 15 },
      { head: "Age (sec)", width: 10, right: true },
      { head: "Hardware Addr", width: 15 },
      { head: "Interface", width: 20 },
    ],
    seen.map((one) => [
      one.address,
      `0:${String(Math.floor(one.ageSeconds / 60)).padStart(2, "0")}:${String(one.ageSeconds % 60).padStart(2, "0")}`,
      one.mac,
      one.interface,
    ]),
  );
  return done(text, {
    dynamicEntries: seen.length,
    staticEntries: 0,
    notLearnedEntries: 0,
    totalEntries: seen.length,
    ipV4Neighbors: seen.map((one) => ({
      address: one.address,
      age: one.ageSeconds,
      hwAddress: one.mac,
      interface: one.interface,
    })),
  });
}
