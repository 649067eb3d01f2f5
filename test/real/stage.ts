import type { Lab } from "../lab/lab.ts";
import { startLab } from "../lab/lab.ts";
import { changes, plans, type RouterName, routerNames } from "../lab/topology.ts";
import { World, type DeviceSpec } from "../support/world.ts";

export const AGENT = "agent-lab";
export const SITE = "lab";

/** Three FRR routers behind OpenSSH, an agent whose only way to the hub leads through r2, and a hub at the end of that way. */
export interface RealStage {
  readonly lab: Lab;
  readonly world: World;
}

export const deviceOf = (lab: Lab, name: RouterName, hostKey = lab.router(name).hostKeyPublic): DeviceSpec => ({
  id: name,
  site: SITE,
  platform: "frr_linux",
  address: plans[name].management,
  port: lab.router(name).sshPort,
  hostKey: `ssh-ed25519 ${hostKey}`,
  wayHome: name === "r2",
});

export interface RealOptions {
  /** A site and an agent for each router, so that agents can be worked on side by side. */
  readonly sitePerRouter?: boolean;
}

export async function startRealStage(onStep?: (what: string) => void, options: RealOptions = {}): Promise<RealStage> {
  const lab = await startLab();
  try {
    const [router] = lab.routers;
    const world = await World.start({
      sites: options.sitePerRouter
        ? routerNames.map((name) => ({ id: name, agent: `agent-${name}` }))
        : [{ id: SITE, agent: AGENT }],
      devices: routerNames.map((name) => ({
        ...deviceOf(lab, name),
        ...(options.sitePerRouter ? { site: name } : {}),
      })),
      username: router?.user ?? "",
      password: router?.password ?? "",
      hubHost: lab.hubAddress,
      grantCommands: ["show version", "show bgp summary"],
      launchers: {
        hub: (argv, { env, cwd }) => lab.spawn("hub", argv, { env, cwd, stdio: ["pipe", "pipe", "pipe"] }),
        agent: (argv, { env, cwd }) => lab.spawn("agent", argv, { env, cwd, stdio: ["pipe", "pipe", "pipe"] }),
      },
      ...(onStep ? { onStep } : {}),
    });
    return { lab, world };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

export async function stopRealStage(stage: RealStage | undefined): Promise<void> {
  await stage?.world.stop();
  await stage?.lab.stop();
}

/** The configuration as the router itself tells it, past SSH and past us. */
export const running = ({ lab }: RealStage, name: RouterName): Promise<string> =>
  lab.vtysh(name, "show running-config no-header");

/** One template for all: each router gets its own lines. */
export const perRouter = (lines: (name: RouterName) => readonly string[]): string =>
  routerNames.map((name) => `{% if device.id == "${name}" %}${lines(name).join("\n")}\n{% endif %}`).join("");

export { changes, routerNames, type RouterName };
