/**
 * Takes the news of the trust repository as an agent does, and dies at the boundary of the vault that it is told.
 *
 *   bun test/faults/trust-taker.ts STATE_DIR VAULT_KEY_FILE UPDATE_FILE KILL_PHASE
 */
import { readFileSync } from "node:fs";
import { readConfig, vaultPath } from "../../agent/config.ts";
import { openJournal } from "../../agent/journal/open.ts";
import { Trust } from "../../agent/trust.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { systemClock } from "../../shared/clock.ts";
import { decodeTrustFile } from "../../shared/tuf/file.ts";

const [stateDir, keyFile, updateFile, killPhase] = process.argv.slice(2);
if (stateDir === undefined || keyFile === undefined || updateFile === undefined)
  throw new Error("STATE_DIR VAULT_KEY_FILE UPDATE_FILE KILL_PHASE");

const { org, agent } = readConfig(stateDir);
const vault = await Vault.open(
  { path: vaultPath(stateDir), org, agent },
  { kind: "file", path: keyFile },
  systemClock,
  (labels, phase) => {
    if (labels.includes("vault-trust") && phase === killPhase) process.kill(process.pid, "SIGKILL");
  },
);
const { store } = await openJournal({ stateDir, clock: systemClock });
const trust = await Trust.load(vault, store, systemClock);
await trust.take(decodeTrustFile(readFileSync(updateFile)));
process.stdout.write(`taken ${trust.facts.versions.targets}\n`);
process.exit(0);
