// The real-router lab: three FRR routers, an agent's host and a hub's host, in namespaces without names.

import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { Node, type ExecOptions, type ExecResult, type SpawnOptions } from "./node.ts";
import { poll } from "./poll.ts";
import { startRouter, type LabRouter } from "./router.ts";
import {
  agentAddress,
  cables,
  hostSetup,
  hubAddress,
  plans,
  routerNames,
  type HostName,
  type NodeName,
  type RouterName,
} from "./topology.ts";

export type { ExecOptions, ExecResult, SpawnOptions } from "./node.ts";
export type { LabRouter } from "./router.ts";
export type { HostName, NodeName, RouterName } from "./topology.ts";

export type Lab = {
  id: string;
  routers: LabRouter[];
  router(name: RouterName): LabRouter;
  /** The hub's address as the agent must dial it; the hub's process should listen on it or on 0.0.0.0. */
  hubAddress: string;
  agentAddress: string;
  /** Runs to the end, in the node's namespaces. A failing program is a result; an abort or a missed deadline throws. */
  exec(node: NodeName, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Starts a process, leader of its group. On agent and hub `child.pid` is the program itself, so kill -9 means it. */
  spawn(node: NodeName, argv: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Asks the router itself, past SSH and past us. */
  vtysh(router: RouterName, command: string): Promise<string>;
  /** The state of every BGP session of a router, by neighbour address, as bgpd tells it. */
  bgp(router: RouterName): Promise<Record<string, string>>;
  /** OpenSSH known_hosts lines for all routers. */
  knownHosts(): string;
  /** Ends everything. May be called often; also when start failed or the lab is half dead. */
  stop(): Promise<void>;
};

const nodeNames: readonly NodeName[] = ["switch", "agent", "hub", ...routerNames];
const isRouter = (name: NodeName): name is RouterName => routerNames.some((router) => router === name);

/** Needs root; ask `labVerdict()` first. Takes a few seconds. Aborting the signal later also stops the lab. */
export async function startLab({ signal }: { signal?: AbortSignal } = {}): Promise<Lab> {
  const nodes = new Map<NodeName, Node>();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= Promise.all([...nodes.values()].map((node) => node.stop())).then(() => undefined));
  const node = (name: NodeName): Node => {
    const found = nodes.get(name);
    if (found === undefined || stopping !== undefined) throw new Error(`the lab's ${name} is not running`);
    return found;
  };

  try {
    const started = await Promise.allSettled(
      nodeNames.map(async (name) => nodes.set(name, await Node.start(name, isRouter(name), signal))),
    );
    for (const outcome of started) if (outcome.status === "rejected") throw outcome.reason;
    await plugCables(node, signal);

    const password = randomBytes(18).toString("base64url");
    const brought = await Promise.allSettled(
      routerNames.map((name) => startRouter(node(name), name, password, signal)),
    );
    const routers = brought.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });

    const vtysh = async (name: RouterName, command: string): Promise<string> =>
      node(name).must(["vtysh", "-c", command]);
    const bgp = async (name: RouterName): Promise<Record<string, string>> =>
      sessionStates(await vtysh(name, "show bgp ipv4 unicast summary json"));
    await Promise.all(
      routerNames.map((name) =>
        poll(
          `BGP on ${name}`,
          async () => {
            const states = await bgp(name);
            return plans[name].neighbors.every(({ address }) => states[address] === "Established") || undefined;
          },
          { within: 20_000, every: 100, signal },
        ),
      ),
    );
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => void stop().catch(() => undefined), { once: true });
    return {
      id: randomBytes(4).toString("hex"),
      routers,
      router(name) {
        const found = routers.find((router) => router.name === name);
        if (found === undefined) throw new Error(`no router ${name}`);
        return found;
      },
      hubAddress,
      agentAddress,
      exec: async (name, argv, options) => node(name).exec(argv, options),
      spawn: (name, argv, options) => node(name).spawn(argv, options),
      vtysh,
      bgp,
      knownHosts: () =>
        routers.map(({ address, hostKeyPublic }) => `${address} ssh-ed25519 ${hostKeyPublic}\n`).join(""),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function plugCables(node: (name: NodeName) => Node, signal: AbortSignal | undefined): Promise<void> {
  const batches = new Map<NodeName, string[]>();
  for (const [[from, port], [to, peer]] of cables) {
    const line = `link add ${port} type veth peer name ${peer} netns ${node(to).pid}`;
    batches.set(from, [...(batches.get(from) ?? []), line]);
  }
  // The peer's namespace is given by a pid as we see it, so these run outside the nodes' process ids.
  await Promise.all([...batches].map(([name, lines]) => ipBatch(node(name).outside(), lines, signal)));
  const hosts: readonly (HostName | "switch")[] = ["switch", "agent", "hub"];
  await Promise.all(hosts.map((name) => ipBatch(node(name), hostSetup[name], signal)));
}

async function ipBatch(
  node: Pick<Node, "must">,
  lines: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await node.must(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n`, signal });
}

const summary = z.object({ peers: z.record(z.string(), z.object({ state: z.string() })) });

/** Reads `show bgp ipv4 unicast summary json`. */
function sessionStates(json: string): Record<string, string> {
  const { peers } = summary.parse(JSON.parse(json));
  return Object.fromEntries(Object.entries(peers).map(([address, { state }]) => [address, state]));
}
