/** `show configuration sessions [detail]` and `show configuration checkpoints`. */
import { span, stamp } from "../dates.ts";
import type { EosDevice } from "../device.ts";
import { done, type Json, type Outcome } from "../outcome.ts";
import { PENDING_MAX, SAVED_MAX, type ConfigSession } from "../sessions.ts";
import { table, type Column } from "./table.ts";

/**
 * Until 4.31 the session with a timer says so itself, with `commitBy`; from 4.32 on the timer stands beside the sessions. Both
 * count in seconds of uptime, not of the day.
 */
export function showSessions(device: EosDevice, self: number, detail: boolean): Outcome {
  const { store } = device;
  const beside = device.isAtLeast(4, 32);
  const sessions = device.sessions.list();
  const { pending } = store;
  const uptimeAt = (atMs: number): number => (atMs - store.bootedAtMs) / 1000;
  const leftMs = pending ? pending.deadlineMs - store.clock.nowMs() : 0;
  const stateOf = (session: ConfigSession): string => {
    const state = device.sessions.stateOf(session);
    return beside && state === "pendingCommitTimer" ? "completed" : state;
  };

  const columns: Column[] = [
    { head: "  Name", width: Math.max(25, ...sessions.map(({ name }) => name.length + 2)) },
    { head: "State", width: 18 },
    { head: "User", width: 12 },
    { head: "Terminal", width: 12 },
    ...(detail && !beside ? [{ head: "Commit Time Left", width: 17 }] : []),
    ...(detail
      ? [
          { head: "Completed Time", width: 20 },
          { head: "Committed By", width: 12 },
        ]
      : []),
  ];
  const rows = sessions.map((session) => {
    const [first] = session.inside.values();
    const waits = device.sessions.stateOf(session) === "pendingCommitTimer";
    const done_ = session.commit !== undefined && (!waits || beside);
    return [
      `${session.inside.has(self) ? "* " : "  "}${session.name}`,
      stateOf(session),
      first?.user ?? "",
      first?.terminal ?? "",
      ...(detail && !beside ? [waits ? span(leftMs) : ""] : []),
      ...(detail ? [done_ ? stamp(session.commit?.atMs ?? 0) : "", session.commit?.by ?? ""] : []),
    ];
  });
  const head = [
    `Maximum number of completed sessions: ${SAVED_MAX}`,
    `Maximum number of pending sessions: ${PENDING_MAX}`,
    ...(beside ? ["Merge on commit is disabled", "Autosave to startup-config on commit is disabled"] : []),
    "",
    ...(beside && pending
      ? [
          `Session with pending commit timer: ${pending.persist ?? ""}`,
          `Time left until commit timer expiry: in ${span(leftMs)}`,
          "",
        ]
      : []),
    "",
  ].join("\n");

  const model = Object.fromEntries(
    sessions.map((session): [string, Json] => {
      const waits = device.sessions.stateOf(session) === "pendingCommitTimer";
      return [
        session.name,
        {
          state: stateOf(session),
          commitUser: session.commit?.by ?? "",
          description: "",
          instances: Object.fromEntries(
            [...session.inside].map(([id, { user, terminal }]) => [
              String(1000 + id),
              { user, terminal, currentTerminal: id === self },
            ]),
          ),
          ...(session.commit && (!waits || beside) ? { completedTime: session.commit.atMs / 1000 } : {}),
          ...(waits && !beside && pending ? { commitBy: uptimeAt(pending.deadlineMs) } : {}),
        },
      ];
    }),
  );
  return done(head + table(columns, rows, true), {
    maxSavedSessions: SAVED_MAX,
    maxOpenSessions: PENDING_MAX,
    ...(beside ? { mergeOnCommit: false, saveToStartupConfigOnCommit: false } : {}),
    ...(beside && pending
      ? { commitTimerSessionName: pending.persist ?? "", commitTimerExpireTime: uptimeAt(pending.deadlineMs) }
      : {}),
    sessions: model,
  });
}

export function showCheckpoints(device: EosDevice): Outcome {
  const shown = [...device.sessions.checkpoints];
  const text = table(
    [
      { head: "Filename", width: 20 },
      { head: "Date", width: 25 },
      { head: "User", width: 14 },
    ],
    shown.map(([name, { atMs, by }]) => [name, stamp(atMs), by]),
    true,
  );
  return done(`Maximum number of checkpoints: 20\n${text}`, {
    maxCheckpoints: 20,
    checkpoints: Object.fromEntries(
      shown.map(([name, { atMs, by }]) => [name, { fileDate: atMs / 1000, fileUser: by }]),
    ),
  });
}
