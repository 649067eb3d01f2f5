/**
 * The agent as it ships, but for one thing: it notes each boundary of its journal, and dies at the one that it is told.
 *
 *   bun test/faults/agent-under-test.ts STATE_DIR VAULT_KEY_FILE POINTS_FILE [KILL_POINT]
 *
 * A point is "LABEL before-commit" or "LABEL after-commit"; labels are those of the journal's own transactions.
 */
import { appendFileSync } from "node:fs";
import { startAgent } from "../../agent/compose.ts";
import { makeLog } from "../../agent/log.ts";
import { systemClock } from "../../shared/clock.ts";

const [stateDir, keyFile, pointsFile, killPoint] = process.argv.slice(2);
if (stateDir === undefined || keyFile === undefined || pointsFile === undefined)
  throw new Error("STATE_DIR VAULT_KEY_FILE POINTS_FILE");

/** What comes before the offer is accepted belongs to the start of the process, not to the change. */
let begun = false;

const agent = await startAgent({
  stateDir,
  clock: systemClock,
  vaultKey: { kind: "file", path: keyFile },
  log: makeLog(),
  onBoundary(labels, phase) {
    for (const label of labels) {
      begun ||= label === "accept";
      if (!begun) continue;
      const point = `${label} ${phase}`;
      appendFileSync(pointsFile, `${point}\n`);
      if (point === killPoint) process.kill(process.pid, "SIGKILL");
    }
  },
});
process.once("SIGTERM", () => void agent.drain().then(() => process.exit(0)));
