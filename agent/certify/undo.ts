import { MARGIN_MS } from "../../drivers/transaction/context.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import { FarhandError } from "../../shared/errors.ts";
import { failed, notApplicable, ok, said, untruth, type Item } from "./item.ts";
import { BOUNDARIES, memoryJournal } from "./journal.ts";

const AT_CONFIRM = BOUNDARIES.indexOf("confirm?");

class Died extends FarhandError {
  constructor(boundary: string) {
    super("CANCELED", `ended by the certification at ${boundary}`);
  }
}

export const undo: readonly Item[] = [
  {
    id: "undo-timer",
    title: "with nobody there, the device's own timer takes the change back",
    changes: true,
    run: async (bench) => {
      const spec = await bench.planChange();
      const dead = new AbortController();
      const journal = memoryJournal((step) => {
        if (step !== "verify" && !dead.signal.aborted) return;
        dead.abort(new Died(step));
        dead.signal.throwIfAborted();
      });
      const ended = await bench.run(spec, journal, bench.context(dead.signal)).catch(() => undefined);
      if (!journal.has("verify")) return failed(`it did not come to be seen in force: ${ended ? said(ended) : ""}`);
      const confirmMs = journal.token()?.confirmMs ?? bench.confirmMs;
      const { clock } = bench;
      const startedMs = clock.monotonicMs();
      // Nobody looks before it may have fired: a login must not be what moves the device.
      await clock.sleep(confirmMs, bench.signal);
      const back = await bench.waitForBaseline(MARGIN_MS);
      const seconds = ((clock.monotonicMs() - startedMs) / 1000).toFixed(0);
      if (back === undefined)
        return failed(`${seconds} s later, with a timer of ${confirmMs / 1000} s, the change is still there`);
      if (await bench.isInForce()) return failed("the configuration is the one before, and the change is seen");
      // What an agent does that starts again: it finds that it is over, and leaves nothing behind.
      const found = await recoverChange(bench.context(), spec, journal.progress(), memoryJournal().hooks);
      if (found.state !== "ROLLED_BACK") return failed(`it was taken back, and is told as ${said(found)}`);
      return ok(`was in force; ${seconds} s after its last session it was gone (timer ${confirmMs / 1000} s)`);
    },
  },
  {
    id: "crash",
    title: "after a crash at any moment the journal is enough to end in what is true",
    changes: true,
    run: async (bench) => {
      const ends = new Map<string, string[]>();
      for (const boundary of BOUNDARIES) {
        const spec = await bench.planChange();
        const dead = new AbortController();
        const journal = memoryJournal((step) => {
          if (step !== boundary && !dead.signal.aborted) return;
          dead.abort(new Died(step));
          dead.signal.throwIfAborted();
        });
        const ended = await bench.run(spec, journal, bench.context(dead.signal)).catch(() => undefined);
        const result = dead.signal.aborted
          ? await recoverChange(bench.context(), spec, journal.progress(), memoryJournal().hooks)
          : ended;
        if (!result) return failed(`${boundary}: it ended in nothing`);
        const lie = await untruth(bench, result, spec);
        if (lie !== null) return failed(`${boundary}: ${lie}`);
        const at = BOUNDARIES.indexOf(boundary);
        // Nobody but us is here to confirm: what was not proved must not stay, and what was confirmed must.
        if (dead.signal.aborted && result.state === "DONE" && at < AT_CONFIRM)
          return failed(`${boundary}: kept, and nobody had proved or confirmed it`);
        if (dead.signal.aborted && result.state !== "DONE" && at > AT_CONFIRM)
          return failed(`${boundary}: confirmed, and ${said(result)}`);
        const state = dead.signal.aborted ? result.state : "no such step";
        ends.set(state, [...(ends.get(state) ?? []), boundary]);
        if (!(await bench.settle())) return failed(`${boundary}: the device could not be made as it was`);
      }
      return ok([...ends].map(([state, at]) => `${state}: ${at.join(" ")}`).join("; "));
    },
  },
  {
    id: "replace",
    title: "a whole configuration replaces the one that runs",
    changes: true,
    run: async (bench) => {
      const reason = await bench.replaceable();
      if (reason !== null) return notApplicable(reason);
      const { changed } = bench;
      if (!changed) return failed("no configuration with the change in it was seen");
      const spec = await bench.restoring(changed);
      const result = await bench.run(spec);
      if (result.state !== "DONE") return failed(said(result));
      const now = await bench.running();
      if (now.publicDigest !== changed.publicDigest)
        return failed(`not equal: ${bench.driver.diff(changed.publicText, now.publicText)}`.slice(0, 1_000));
      return (await bench.isInForce()) ? ok(`level ${result.level ?? "?"}, equal`) : failed("equal, and not in force");
    },
  },
  {
    id: "restore",
    title: "a snapshot is put back to equality",
    changes: true,
    run: async (bench) => {
      const reason = await bench.replaceable();
      if (reason !== null) return notApplicable(reason);
      const kept = await bench.run(await bench.planChange());
      if (kept.state !== "DONE") return failed(said(kept));
      const result = await bench.run(await bench.restoring(bench.requireBaseline()));
      if (result.state !== "DONE") return failed(said(result));
      return (await bench.isAsBefore()) ? ok(`level ${result.level ?? "?"}, equal`) : failed("DONE, and not equal");
    },
  },
];
