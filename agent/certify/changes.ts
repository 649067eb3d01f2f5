import { parseDiff } from "../../drivers/model/diff.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type { ChangeOutcome, ChangeSpec, Session } from "../../drivers/types.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Bench } from "./bench.ts";
import { failed, notApplicable, ok, said, untruth, type Item, type Verdict } from "./item.ts";
import { memoryJournal } from "./journal.ts";
import { showsOf } from "./lab.ts";

const READ_BYTES_MAX = 16 * 1024 * 1024;
const STATE_WITHIN_MS = 20_000;

/** The change must end in one of these ways, and what it says must be so. */
async function mustEnd(
  bench: Bench,
  spec: ChangeSpec,
  result: ChangeOutcome,
  expected: { readonly states: readonly ChangeOutcome["state"][]; readonly codes?: readonly string[] },
): Promise<Verdict> {
  const { states, codes } = expected;
  if (!states.includes(result.state) || (codes && !codes.includes(result.code ?? "")))
    return failed(`${said(result)}; expected ${states.join(" or ")}${codes ? ` for ${codes.join(" or ")}` : ""}`);
  const lie = await untruth(bench, result, spec);
  return lie === null ? ok(said(result)) : failed(lie);
}

/** The change, kept; what the device shows afterwards. */
async function keep(bench: Bench, spec: ChangeSpec): Promise<void> {
  const result = await bench.run(spec);
  if (result.state !== "DONE") throw new FarhandError("UNKNOWN_OUTCOME", said(result));
}

export const changes: readonly Item[] = [
  {
    id: "change-kept",
    title: "a change is proved, kept and saved; its measured diff is the signed one",
    changes: true,
    run: async (bench) => {
      if (await bench.isInForce()) return failed("what shows the change is seen before it is made");
      const spec = await bench.planChange();
      if (spec.diff === "[]") return failed("the change would change nothing");
      const result = await bench.run(spec);
      if (result.state !== "DONE" || result.code !== null) return failed(said(result));
      if (result.diff === null || !bench.driver.sameDiff(spec.diff, result.diff))
        return failed(`measured ${result.diff ?? "nothing"}, signed ${spec.diff}`.slice(0, 1_500));
      if (!(await bench.isInForce())) return failed("DONE, and what shows it is not seen");
      bench.changed = await bench.running();
      const again = await bench.planChange();
      if (again.diff !== "[]") return failed(`planned once more it is not empty: ${again.diff}`.slice(0, 1_000));
      const nothing = await bench.run(again);
      if (nothing.state !== "DONE" || !nothing.notApplied) return failed(`once more: ${said(nothing)}`);
      return ok(`level ${result.level ?? "?"}, ${parseDiff(spec.diff).length} lines; once more sends nothing`);
    },
  },
  {
    id: "saved",
    title: "what was kept is what the next boot loads",
    changes: true,
    run: async (bench) => {
      await keep(bench, await bench.planChange());
      const { startup } = bench.lab;
      const { unsaved } = await bench.use((session) => session.readiness("merge"));
      if (unsaved === true) return failed("the device says that running differs from what the next boot loads");
      if (startup === undefined)
        return unsaved === false
          ? ok("the device says that nothing is unsaved")
          : notApplicable("the device does not tell, and the lab file names no read of what the next boot loads");
      const text = await bench.use((session) => session.run(startup.command, { outputBytesMax: READ_BYTES_MAX }));
      return text.includes(startup.contains)
        ? ok(`"${startup.command}" shows it`)
        : failed(`"${startup.command}" does not show "${startup.contains}"`);
    },
  },
  {
    id: "state-checks",
    title: "the same reads before and after a change are read as rows, and a change that breaks nothing is kept",
    changes: true,
    run: async (bench) => {
      const checks = { defaults: true, except: [], expect: [], settleMs: 0, withinMs: STATE_WITHIN_MS };
      const result = await bench.run(await bench.planChange({ checks }));
      if (result.code === "CHECKS_UNSUPPORTED") return notApplicable(said(result));
      if (result.state !== "DONE" || result.code !== null) return failed(said(result));
      const results = result.checks?.results ?? [];
      const names = (verdict: string): string[] =>
        results.flatMap((one) => (one.verdict === verdict ? [one.name] : []));
      const [same, unread] = [names("ok"), names("unknown")];
      // A device may not know a protocol at all; one that shows none of the tables shows nothing.
      if (same.length === 0) return failed(`nothing could be compared: ${unread.join(", ")}`);
      const rest = unread.length === 0 ? "" : `; not readable here: ${unread.join(", ")}`;
      return ok(`as before: ${same.join(", ")}${rest}`.slice(0, 1_500));
    },
  },
  {
    id: "undo-asked",
    title: "a change that is not proved is undone at once",
    changes: true,
    run: async (bench) => {
      const [first] = showsOf(bench.lab);
      if (!first) return failed("nothing shows the change");
      const never = { ...first, contains: ["‹farhand certify: never there›"], withinMs: 0 };
      const spec = await bench.planChange({ verify: [never] });
      const startedMs = bench.clock.monotonicMs();
      const result = await bench.run(spec);
      const seconds = ((bench.clock.monotonicMs() - startedMs) / 1000).toFixed(1);
      const verdict = await mustEnd(bench, spec, result, { states: ["ROLLED_BACK"], codes: ["VERIFICATION_FAILED"] });
      return verdict.status === "ok" ? ok(`undone ${seconds} s after the change began`) : verdict;
    },
  },
  {
    id: "refused-line",
    title: "a line that the device refuses half-way leaves nothing behind",
    changes: true,
    run: async (bench) => {
      const spec = await bench.plan(bench.lab.refused.text);
      const result = await bench.run(spec);
      // What is checked on the device before any of it is in force is refused as a text.
      const codes = result.notApplied ? ["COMMAND_REFUSED", "TEXT_REFUSED"] : ["COMMAND_REFUSED"];
      return await mustEnd(bench, spec, result, { states: ["ROLLED_BACK", "FAILED"], codes });
    },
  },
  {
    id: "dropped-lines",
    title: "a connection that is lost between the lines leaves nothing behind",
    changes: true,
    run: async (bench) => {
      const spec = await bench.planChange();
      let typing = 0;
      let cut: AbortController | undefined;
      const journal = memoryJournal((step) => {
        if (step === "stage?" || (step === "apply?" && cut === undefined)) typing = 1;
      });
      const open = (under: AbortSignal): Promise<Session> => {
        const wire = new AbortController();
        return bench.open({
          signal: AbortSignal.any([under, wire.signal]),
          sent: () => {
            // The first line of the change has an answer, the second is on its way.
            if (typing === 0 || cut !== undefined || ++typing < 4) return;
            cut = wire;
            wire.abort(new FarhandError("CONNECTION_LOST", "cut by the certification"));
          },
        });
      };
      const result = await bench.run(spec, journal, bench.context(bench.signal, open));
      if (cut === undefined) return notApplicable("the change goes to the device in one piece");
      return await mustEnd(bench, spec, result, { states: ["ROLLED_BACK", "FAILED"], codes: ["CONNECTION_LOST"] });
    },
  },
  {
    id: "dropped-answer",
    title: "a connection that is lost right after the change came into force: it is undone",
    changes: true,
    run: async (bench) => {
      const spec = await bench.planChange();
      let cut = false;
      const open = async (under: AbortSignal): Promise<Session> => {
        const wire = new AbortController();
        const session = await bench.open({ signal: AbortSignal.any([under, wire.signal]) });
        const apply = session.apply.bind(session);
        session.apply = async (token, commands) => {
          await apply(token, commands);
          cut = true;
          const lost = new FarhandError("CONNECTION_LOST", "cut by the certification");
          wire.abort(lost);
          throw lost;
        };
        return session;
      };
      const result = await bench.run(spec, memoryJournal(), bench.context(bench.signal, open));
      if (!cut) return failed(`nothing was applied: ${said(result)}`);
      return await mustEnd(bench, spec, result, { states: ["ROLLED_BACK"], codes: ["CONNECTION_LOST"] });
    },
  },
  {
    id: "drift",
    title: "somebody else's change between plan and run is seen, and nothing is applied",
    changes: true,
    run: async (bench) => {
      const spec = await bench.planChange();
      await keep(bench, await bench.plan(bench.lab.other.text));
      const theirs = (await bench.running()).publicDigest;
      const result = await bench.run(spec);
      if (result.state !== "DRIFTED" || !result.notApplied) return failed(said(result));
      if ((await bench.running()).publicDigest !== theirs) return failed("DRIFTED, and the configuration was changed");
      return (await bench.isInForce()) ? failed("DRIFTED, and the change is seen") : ok(said(result));
    },
  },
  {
    id: "busy",
    title: "somebody else's candidate stops a change",
    changes: true,
    run: async (bench) => {
      const spec = await bench.planChange();
      const theirs = await bench.plan(bench.lab.other.text);
      return await bench.use(async (session) => {
        const { id, mode, confirmMs, text, comment } = theirs;
        const token = await session.begin({ id, mode, confirmMs, preImage: bench.requireBaseline(), text, comment });
        if (!session.candidate?.(token))
          return notApplicable("lines come into force one by one: there is no candidate");
        await session.arm(token);
        const candidate = session.candidate(token);
        try {
          await candidate?.stage(JSON.parse(theirs.commands) as string[]);
          const result = await bench.run(spec);
          if (result.state === "FAILED" && result.notApplied && result.code === "CANDIDATE_BUSY")
            return ok(said(result));
          if (result.state === "DONE" && result.diff !== null && bench.driver.sameDiff(spec.diff, result.diff))
            return notApplicable("a candidate is its session's own here; what it commits is drift");
          return failed(said(result));
        } finally {
          await candidate?.abort();
        }
      });
    },
  },
  {
    id: "pending",
    title: "somebody else's change that waits for its confirmation stops a change",
    changes: true,
    run: async (bench) => {
      const first = await bench.planChange();
      const dead = new AbortController();
      const journal = memoryJournal((step) => {
        if (step !== "verify") return;
        dead.abort(new FarhandError("CANCELED", "ended by the certification"));
        dead.signal.throwIfAborted();
      });
      await bench.run(first, journal, bench.context(dead.signal)).catch(() => undefined);
      const token = journal.token();
      if (!journal.has("verify") || token === null) return failed("the change did not come to its verification");
      const pending = await bench.use((session) => session.pending(token));
      if (pending !== "armed" && (await bench.isAsBefore()))
        return notApplicable("its session holds the undo, and it ended with the session");
      const result = await bench.run(await bench.plan(bench.lab.other.text));
      const isSeen = result.code === "PENDING_CHANGE" || result.code === "CANDIDATE_BUSY";
      const recovered = await recoverChange(bench.context(), first, journal.progress(), memoryJournal().hooks);
      if (!isSeen || !result.notApplied) return failed(`beside it: ${said(result)}`);
      const verdict = await mustEnd(bench, first, recovered, { states: ["ROLLED_BACK"] });
      return verdict.status === "ok" ? ok(said(result)) : verdict;
    },
  },
];
