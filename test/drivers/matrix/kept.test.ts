// What every platform must do when nothing goes wrong: read, change, replace, restore, and leave nothing behind.
import { describe, expect, test } from "vitest";
import { runChange } from "../../../drivers/transaction/change.ts";
import { recorder } from "../support.ts";
import { record } from "./results.ts";
import { begin } from "./run.ts";
import { nameOf } from "./subject.ts";
import { subjects } from "./subjects/index.ts";

describe.concurrent.each(subjects.map((subject) => [nameOf(subject), subject] as const))("%s", (_name, subject) => {
  test("says what it is, and shows the same configuration twice", async () => {
    const { sim, box, stop } = await begin(subject, { mode: "merge", line: "whole" });
    try {
      const session = await box.open();
      const facts = await session.facts();
      expect(facts.serial).toBe(box.target.serial);
      if (sim.hostname() !== "") expect(facts.hostname).toBe(sim.hostname());
      record(subject, { facts: 1 });
      const [first, second] = [await session.running(), await session.running()];
      expect(first.publicDigest).toBe(second.publicDigest);
      expect(first.raw.length).toBeGreaterThan(50);
      expect(box.driver.publicForm(box.target.id, first.raw, box.context().tagger).publicDigest).toBe(
        first.publicDigest,
      );
      await session.close();
      expect(box.transcript.join("\n")).not.toContain(sim.password);
      record(subject, { collect: 1 });
    } finally {
      await stop();
    }
  });
  const modes = subject.replace ? (["merge", "replace"] as const) : (["merge"] as const);
  test.each(modes)(
    "a %s is proved, kept and saved: the diff that was measured is the diff that was signed",
    async (mode) => {
      const { sim, box, spec, stop } = await begin(subject, { mode, line: "whole" });
      try {
        const result = await runChange(box.context(), spec, recorder().hooks);
        expect(result).toMatchObject({ state: "DONE", code: null, notApplied: false });
        expect(result.diff).toBe(spec.diff);
        expect(subject.merge.inForce.test(sim.runningConfig())).toBe(true);
        expect(sim.pendingRollback()).toBeUndefined();
        // What a reboot loads holds it too.
        expect(subject.merge.inForce.test(sim.startupConfig())).toBe(true);
        record(subject, { [mode]: 1 });
      } finally {
        await stop();
      }
    },
  );
  test("a change that is there already sends nothing", async () => {
    const { sim, box, spec, stop } = await begin(subject, { mode: "merge", line: "whole" });
    try {
      await runChange(box.context(), spec, recorder().hooks);
      const applies = sim.applyCount();
      const again = await box.plan(subject.merge.text, { verify: subject.merge.verify });
      expect(again.diff).toBe("[]");
      expect(await runChange(box.context(), again, recorder().hooks)).toMatchObject({
        state: "DONE",
        notApplied: true,
      });
      expect(sim.applyCount()).toBe(applies);
    } finally {
      await stop();
    }
  });
});
