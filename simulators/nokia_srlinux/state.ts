/** The state datastore: the running configuration and what the box knows by itself, made anew at each look. */
import type { Box } from "./box.ts";
import { hash, macOf } from "./ip.ts";
import { ROOT } from "./model/root.ts";
import { bgpNeighbors, instances, learntMacs, lldpNeighbors, portUp, subinterfaceUp } from "./network.ts";
import { applyEdit, cloneBranch, entriesAt, itemAt, leafAt, prune, type Branch, type Path, type Step } from "./tree.ts";

const step = (name: string, ...keys: string[]): Step => ({ name, keys });

export function stateTree(box: Box): Branch {
  const tree = cloneBranch(box.store.running);
  const put = (path: Path, values: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, value] of Object.entries(values))
      if (value !== undefined) applyEdit(tree, { op: "leaf", path: [...path, step(name)], value });
  };
  system(box, put);
  configuration(box, put);
  interfaces(box, put);
  const fill: Put = (path, values) => {
    for (const [name, value] of Object.entries(values))
      if (itemAt(tree, [...path, step(name)]) === undefined) put(path, { [name]: value });
  };
  for (const { keys } of entriesAt(box.store.running, "interface")) fillPort(box, step("interface", ...keys), fill);
  for (const instance of instances(box.store.running)) networkInstance(box, instance, put, fill);
  prune(tree, ROOT);
  return tree;
}

function networkInstance(box: Box, name: string, put: Put, fill: Put): void {
  const self = step("network-instance", name);
  fill([self], { type: "ip-vrf", "admin-state": "enable" });
  put([self], { "oper-state": leafAt(box.store.running, self, "admin-state") === "disable" ? "down" : "up" });
  for (const { keys } of entriesAt(box.store.running, self, "interface"))
    put([self, step("interface", ...keys)], { "oper-state": subinterfaceUp(box, keys[0] ?? "") ? "up" : "down" });
  for (const { address, destination } of learntMacs(box, name))
    put([self, step("bridge-table"), step("mac-table"), step("mac", address)], {
      destination,
      type: "learnt",
      "last-update": iso(box.store.bootedAtMs),
    });
  for (const { peer, peerAs, state, received, active, sent } of bgpNeighbors(box, name)) {
    const at = [self, step("protocols"), step("bgp"), step("neighbor", peer)];
    fill(at, { "admin-state": "enable", "peer-as": peerAs === "" ? undefined : peerAs });
    put(at, {
      "session-state": state,
      "last-established": state === "established" ? iso(box.store.bootedAtMs) : undefined,
      "received-routes": String(received),
      "active-routes": String(active),
      "sent-routes": String(sent),
    });
  }
}

/** The model's defaults, which only the state datastore shows. */
function fillPort(box: Box, self: Step, fill: Put): void {
  const isEthernet = self.keys[0]?.startsWith("ethernet-") === true;
  fill([self], { "admin-state": "enable", mtu: isEthernet ? "9232" : self.keys[0] === "mgmt0" ? "1514" : undefined });
  if (isEthernet) fill([self, step("ethernet")], { "port-speed": "25G" });
  for (const { keys } of entriesAt(box.store.running, self, "subinterface"))
    fill([self, step("subinterface", ...keys)], { "admin-state": "enable" });
}

type Put = (path: Path, values: Readonly<Record<string, string | undefined>>) => void;

export function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function versionText({ facts }: Box): string {
  return `${facts.version}-${facts.build}`;
}

function system(box: Box, put: Put): void {
  const { store, facts } = box;
  put([step("system"), step("information")], {
    description: `SRLinux-${versionText(box)} ${facts.model} Copyright (c) 2000-2020 Nokia.`,
    "current-datetime": iso(store.clock.nowMs() + store.faults.conditions.clockSkewMs),
    "last-booted": iso(store.bootedAtMs),
    version: versionText(box),
  });
  put([step("platform"), step("chassis")], {
    type: facts.model,
    "mac-address": facts.macAddress,
    slots: "1",
    "part-number": "3HE15268AARA01",
    "clei-code": "CMM7A00DRA",
    "serial-number": store.serial,
    "manufactured-date": "11232021",
  });
  modules(box, put);
  put([step("system"), step("lldp")], { "chassis-id": facts.macAddress, "system-name": box.hostname });
  for (const { port, id, system: name, remotePort } of lldpNeighbors(box))
    put([step("system"), step("lldp"), step("interface", port), step("neighbor", id)], {
      "chassis-id": id,
      "port-id": remotePort,
      "system-name": name,
      "first-message": iso(store.bootedAtMs),
      "last-update": iso(store.clock.nowMs()),
    });
  for (const { sessionId, user, remote } of box.peers())
    put([step("system"), step("aaa"), step("authentication"), step("session", String(sessionId))], {
      username: user,
      "service-name": "sshd",
      "remote-host": remote,
    });
}

const DISK_BYTES = 31_457_280_000;

/** One control module, or the two of a chassis that has a standby. */
function modules({ store }: Box, put: Put): void {
  const { cluster, freeBytes = 21_474_836_480 } = store.faults.conditions;
  const self = step("platform");
  put([self, step("redundancy")], { "active-module": "A" });
  put([self, step("control", "A")], { "oper-state": "up" });
  if (cluster) put([self, step("control", "B")], { "oper-state": cluster.synced ? "up" : "synchronizing" });
  put([self, step("control", "A"), step("disk", "sda"), step("partition", "sda1")], {
    size: String(DISK_BYTES),
    used: String(DISK_BYTES - freeBytes),
    free: String(freeBytes),
    "percent-used": String(Math.round((1 - freeBytes / DISK_BYTES) * 100)),
    "mount-point": "/",
  });
}

/** Who has what open, what waits, and what can be gone back to. */
function configuration(box: Box, put: Put): void {
  const self = [step("system"), step("configuration")];
  put(self, { "last-change": iso(box.store.lastChange?.atMs ?? box.store.bootedAtMs) });
  for (const { name, kind, owner, startedAtMs, exclusive, sessions } of box.candidates.all) {
    put([...self, step("candidate", name)], { type: kind, username: owner, started: iso(startedAtMs) });
    for (const { sessionId, user } of exclusive === undefined ? sessions.values() : [...sessions.values(), exclusive])
      put([...self, step("session", String(sessionId))], {
        type: kind,
        name,
        exclusive: String(exclusive?.sessionId === sessionId),
        username: user,
      });
  }
  for (const [id, { name, comment, by, atMs }] of box.checkpoints.entries())
    put([...self, step("checkpoint", String(id))], {
      name,
      comment,
      username: by,
      version: versionText(box),
      created: iso(atMs),
    });
  // The load at boot is the first.
  put([...self, step("commit", "1")], {
    type: "shared",
    status: "complete",
    username: "srlinux_mgr",
    started: iso(box.store.bootedAtMs),
  });
  for (const { id, by, candidate, atMs, timeoutS } of box.commits)
    put([...self, step("commit", String(id))], {
      type: candidate.kind,
      name: candidate.name,
      status: timeoutS === undefined ? "complete" : settled(box, id),
      username: by,
      started: iso(atMs),
    });
}

/** The order of events says how a confirmed commit ended: one waits at a time. */
function settled(box: Box, id: number): "unconfirmed" | "complete" | "failed" {
  const nth = box.commits.filter((one) => one.timeoutS !== undefined && one.id <= id).length;
  const isNewest = box.commits.every((one) => one.timeoutS === undefined || one.id <= id);
  if (isNewest && box.store.pending !== undefined) return "unconfirmed";
  const armed = box.store.events.flatMap(({ kind }, at) => (kind === "armed" ? [at] : []));
  const after = box.store.events.slice((armed[nth - 1] ?? 0) + 1);
  return after.find(({ kind }) => kind === "confirmed" || kind === "rolled-back")?.kind === "confirmed"
    ? "complete"
    : "failed";
}

function interfaces(box: Box, put: Put): void {
  const { running, serial, bootedAtMs } = box.store;
  for (const {
    keys: [port = ""],
  } of entriesAt(running, "interface")) {
    const self = step("interface", port);
    const up = portUp(box, port);
    const seen = hash(`${serial}/${port}`);
    put([self], {
      ifindex: String(16_382 + (seen % 1_000_000)),
      "oper-state": up ? "up" : "down",
      "last-change": iso(bootedAtMs),
    });
    put([self, step("ethernet")], { "hw-mac-address": macOf(`${serial}/${port}`) });
    const count = (factor: number): string => String(up ? (seen % 10_000) * factor : 0);
    put([self, step("statistics")], {
      "in-packets": count(3),
      "in-octets": count(1_917),
      "in-error-packets": "0",
      "out-packets": count(2),
      "out-octets": count(1_204),
      "out-error-packets": "0",
      "carrier-transitions": up ? "1" : "0",
    });
    for (const {
      keys: [index = ""],
    } of entriesAt(running, self, "subinterface"))
      put([self, step("subinterface", index)], {
        name: `${port}.${index}`,
        ifindex: String(49_150 + (hash(`${port}.${index}`) % 1_000_000)),
        "oper-state": subinterfaceUp(box, `${port}.${index}`) ? "up" : "down",
      });
  }
}
