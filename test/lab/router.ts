// One router of the lab: FRR behind OpenSSH, on a machine of its own.

import { readFileSync } from "node:fs";
import type { Node } from "./node.ts";
import { poll } from "./poll.ts";
import { frrConf, plans, type RouterName } from "./topology.ts";

export type LabRouter = {
  name: RouterName;
  /** Where the agent reaches it. */
  address: string;
  sshPort: number;
  /** The base64 blob of the ssh-ed25519 host key, as in known_hosts. */
  hostKeyPublic: string;
  /** May `sudo -n` anything. */
  user: string;
  /** Random per lab. */
  password: string;
  /** The router's files, seen from outside: `${root}/etc/frr/frr.conf`. */
  root: string;
  /** What sshd logged so far, at DEBUG1. */
  sshLog(): string;
};

export const labUser = "farhand";
const sshLogPath = "/var/log/sshd.log";
const script = readFileSync(new URL("./router-files.sh", import.meta.url), "utf8");

/** Files, accounts, sshd and FRR; resolves when both answer. The cables must be in place. */
export async function startRouter(
  node: Node,
  name: RouterName,
  password: string,
  signal?: AbortSignal,
): Promise<LabRouter> {
  const input = `${password}\n${frrConf(name)}`;
  await node.must(["/bin/bash", "-c", script, "router-files", name, labUser], { input, signal });
  await node.must(["/usr/sbin/sshd", "-E", sshLogPath], { signal });
  await node.must(["/usr/lib/frr/frrinit.sh", "start"], { signal });
  const firstNeighbor = plans[name].neighbors[0]?.address ?? "";
  await poll(
    `FRR on ${name}`,
    async () => {
      const said = await node.must(["vtysh", "-c", "show watchfrr", "-c", "show bgp ipv4 unicast summary"], { signal });
      return (said.match(/^ +(zebra|bgpd|staticd) +Up$/gm)?.length === 3 && said.includes(firstNeighbor)) || undefined;
    },
    { within: 15_000, signal },
  );
  // An ordinary router was saved by its engineer: frr.conf is what `write` makes of the running configuration.
  await node.must(["vtysh", "-c", "write memory"], { signal });
  const sshLog = (): string => readFileSync(`${node.root}${sshLogPath}`, "utf8");
  await poll(`sshd on ${name}`, () => (sshLog().includes("Server listening on 0.0.0.0 port 22") ? true : undefined), {
    within: 10_000,
    signal,
  });
  const [, blob = ""] = readFileSync(`${node.root}/etc/ssh/ssh_host_ed25519_key.pub`, "utf8").split(" ");
  return {
    name,
    address: plans[name].management,
    sshPort: 22,
    hostKeyPublic: blob,
    user: labUser,
    password,
    root: node.root,
    sshLog,
  };
}
