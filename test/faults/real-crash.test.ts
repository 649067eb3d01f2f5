import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labVerdict } from "../lab/requirements.ts";
import { routerNames, running, startRealStage, stopRealStage, type RealStage, type RouterName } from "../real/stage.ts";
import { crashEverywhere, discoverPoints, table, type Rig } from "./boundaries.ts";

const verdict = labVerdict();

let stage: RealStage | undefined;

beforeAll(async () => {
  if (verdict.run) stage = await startRealStage(undefined, { sitePerRouter: true });
}, 120_000);
afterAll(() => stopRealStage(stage), 60_000);

function rigOf(real: RealStage): Rig {
  const router = (device: string): RouterName => {
    const found = routerNames.find((name) => name === device);
    if (!found) throw new Error(`no router ${device}`);
    return found;
  };
  return {
    world: real.world,
    lanes: routerNames.map((name) => ({ agent: `agent-${name}`, device: name })),
    planExtra: ["--confirm-seconds", "15"],
    change: (number) => {
      const line = `ip prefix-list CRASH-${number} seq 5 permit 10.${number}.0.0/16`;
      return { template: `${line}\n`, shows: line };
    },
    truth: {
      config: (device) => running(real, router(device)),
      // FRR keeps no count; that a line is there once says nothing. The journal's own count is held by the simulated twin of this test.
      applies: () => Promise.resolve(undefined),
      isQuiet: async (device) => {
        const { stdout } = await real.lab.exec(router(device), [
          "sh",
          "-c",
          "ls /run/farhand/undo-*/armed 2>/dev/null | wc -l",
        ]);
        return Number(stdout.trim()) === 0;
      },
    },
  };
}

describe.skipIf(!verdict.run)(
  `kill -9 of the agent at every boundary of its journal, real routers${verdict.run ? "" : ` (skipped: ${verdict.reason})`}`,
  () => {
    it("T14: leaves a truthful end", { timeout: 900_000 }, async () => {
      if (!stage) throw new Error("no stage");
      const rig = rigOf(stage);
      const points = await discoverPoints(rig);
      expect(points.length).toBeGreaterThan(20);
      const outcomes = await crashEverywhere(rig, points);
      process.stdout.write(`${table(outcomes)}\n`);
      expect(outcomes.filter((outcome) => outcome.problems.length > 0)).toEqual([]);
      expect(outcomes).toHaveLength(points.length);
    });
  },
);
