import { labVerdict } from "../lab/requirements.ts";
import {
  changes,
  perRouter,
  routerNames,
  running,
  startRealStage,
  stopRealStage,
  type RealStage,
} from "../real/stage.ts";
import { section, type Checks, type Section } from "./checks.ts";
import { tasksOf } from "./simulated.ts";

interface Options {
  readonly once: boolean;
  readonly say: (text: string) => void;
  readonly report: (sections: readonly Section[]) => boolean;
  readonly interrupted: Promise<void>;
}

async function peers({ lab, world }: RealStage, checks: Checks): Promise<void> {
  const id = await world.plan({
    select: "platform=frr_linux",
    template: perRouter((name) => changes.peerAtExchange(name)),
    title: "Peer at the exchange",
  });
  await world.sign(id, "ann");
  await world.sign(id, "bob");
  const ended = await world.waitForJob(id);
  checks.equal(
    "every router",
    tasksOf(ended).map((task) => task.state),
    ["DONE", "DONE", "DONE"],
  );
  for (const name of routerNames) {
    let states: string[] = [];
    await world.until(`${name}: BGP`, 30_000, async () => {
      const sessions = Object.entries(await lab.bgp(name)).filter(([address]) => address.startsWith("10.0.100."));
      states = sessions.map(([, state]) => state);
      return states.length === 2 && states.every((state) => state === "Established");
    });
    checks.equal(`${name} says of its sessions at the exchange`, states, ["Established", "Established"]);
  }
}

async function wayHome(stage: RealStage, checks: Checks): Promise<void> {
  const before = await running(stage, "r2");
  const id = await stage.world.plan({
    select: "device=r2",
    template: changes.killWayHome.join("\n"),
    title: "Kill the way home",
    extra: ["--confirm-seconds", "20"],
  });
  await stage.world.sign(id, "ann");
  await stage.world.sign(id, "bob");
  const ended = await stage.world.waitForJob(id);
  checks.equal(
    "the task",
    tasksOf(ended).map((task) => [task.state, task.code]),
    [["ROLLED_BACK", "WAY_HOME_LOST"]],
  );
  checks.that("the router is as before", (await running(stage, "r2")) === before, "r2");
}

/** The same product on three FRRouting routers, in network namespaces made here. */
export async function realDemo({ once, say, report, interrupted }: Options): Promise<boolean> {
  const verdict = labVerdict();
  if (!verdict.run) {
    say(`The real routers need what this machine does not have: ${verdict.reason}`);
    return false;
  }
  const stage = await startRealStage((what) => say(`  ${what}`));
  try {
    const ok = report([
      await section("three real routers: neighbours, prefix lists, BGP up", (checks) => peers(stage, checks)),
      await section("a real router: a change that kills the way home undoes itself", (checks) =>
        wayHome(stage, checks),
      ),
    ]);
    if (!once) {
      say("\nThe lab stays until Ctrl-C.");
      await interrupted;
    }
    return ok;
  } finally {
    await stopRealStage(stage);
  }
}
