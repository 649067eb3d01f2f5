// The agent dies at every boundary of a change, on every platform: what the journal holds must be enough to end in what is true.
import { afterAll, describe, expect, test } from "vitest";
import { runChange } from "../../../drivers/transaction/change.ts";
import { recoverChange } from "../../../drivers/transaction/recover.ts";
import { recorder } from "../support.ts";
import { record } from "./results.ts";
import { begin } from "./run.ts";
import { nameOf } from "./subject.ts";
import { subjects } from "./subjects/index.ts";

const BOUNDARIES =
  "PRECHECK precheck? precheck snapshot? snapshot arm? arm stage? stage APPLYING apply? apply CONFIRM_WAIT reconnect? reconnect verify? verify confirm? confirm save? save re-read? re-read".split(
    " ",
  );
const AT_CONFIRM = BOUNDARIES.indexOf("confirm?");

class Crash extends Error {}

describe.concurrent("a crash of the agent", () => {
  test.each(
    subjects.flatMap((subject) => BOUNDARIES.map((at) => [`${nameOf(subject)} at ${at}`, subject, at] as const)),
  )(
    "%s: the device ends truthfully, with one apply at most",
    async (_name, subject, boundary) => {
      const { sim, box, spec, before, stop } = await begin(subject, { mode: "merge", line: "whole" });
      try {
        const dead = new AbortController();
        let crashed = false;
        const first = recorder({
          at: (at) => {
            if (!crashed && at !== boundary) return;
            crashed = true;
            dead.abort(new Crash(at));
            throw new Crash(at);
          },
        });
        const ended = await runChange(box.context(dead.signal), spec, first.hooks).catch((error: unknown) => error);
        if (!crashed) {
          // The platform has no such step.
          expect(ended, `${boundary} was not reached: ${JSON.stringify(ended).slice(0, 600)}`).toMatchObject({
            state: "DONE",
          });
          return;
        }
        expect(ended).toBeInstanceOf(Crash);
        const result = await recoverChange(box.context(), spec, first.progress(), recorder().hooks);
        const said = `${nameOf(subject)} at ${boundary}: ${result.state} ${result.code ?? ""} ${result.detail ?? ""}`;
        const inForce = subject.merge.inForce.test(sim.runningConfig());
        expect(sim.pendingRollback(), said).toBeUndefined();
        if (inForce) expect(result, said).toMatchObject({ state: "DONE", diff: spec.diff });
        else {
          expect(result.state, said).toMatch(/^(?:ROLLED_BACK|FAILED)$/);
          expect(result.notApplied, said).toBe(result.state === "FAILED");
          expect(subject.body(sim.runningConfig()), said).toBe(subject.body(before));
        }
        if (BOUNDARIES.indexOf(boundary) > AT_CONFIRM) expect(result.state, said).toBe("DONE");
        record(subject, { crashes: 1 });
      } finally {
        await stop();
      }
    },
    120_000,
  );
});

describe.concurrent("an agent that never comes back", () => {
  test.each(subjects.map((subject) => [nameOf(subject), subject] as const))(
    "%s: the device's own timer takes the change back",
    async (_name, subject) => {
      const { sim, box, spec, before, stop } = await begin(subject, { mode: "merge", line: "whole" });
      try {
        const dead = new AbortController();
        const first = recorder({
          at: (at) => {
            if (at !== "apply" && !dead.signal.aborted) return;
            dead.abort(new Crash(at));
            throw new Crash(at);
          },
        });
        await expect(runChange(box.context(dead.signal), spec, first.hooks)).rejects.toBeInstanceOf(Crash);
        expect(subject.merge.inForce.test(sim.runningConfig())).toBe(true);
        const pending = sim.pendingRollback();
        // Where the session is what holds the change, it is gone with the agent.
        if (pending) await box.clock.sleep(Math.max(0, pending.deadlineMs - box.clock.nowMs()) + 5_000);
        expect(subject.body(sim.runningConfig())).toBe(subject.body(before));
        const [last] = sim.events().filter((event) => event.kind === "rolled-back");
        expect(last).toMatchObject({ why: expect.stringMatching(/^(?:timer|session-lost)$/) as string });
        record(subject, { timerFired: last?.kind === "rolled-back" ? last.why : "" });
      } finally {
        await stop();
      }
    },
    120_000,
  );
});

afterAll(() => console.log(`${subjects.length} × ${BOUNDARIES.length} crashes`));
