// A hub that is hostile by construction against a real agent: whatever it sends, devices hear what people signed, once.
import { expect, it } from "vitest";
import type { ErrorCode } from "../../../shared/errors.ts";
import { runCampaign } from "./campaign.ts";

/** `npm run nightly` sends 20,000; so does FARHAND_CAMPAIGN_MESSAGES=20000. */
const SEED = Number(process.env["FARHAND_CAMPAIGN_SEED"] ?? 1);
const MESSAGES = Number(process.env["FARHAND_CAMPAIGN_MESSAGES"] ?? 5_000);
const EACH_MIN = 50;

/** Every code with which the agent's way in can refuse what a hub sends. */
const CODES: readonly ErrorCode[] = [
  "ATTEMPTS",
  "BUNDLE_INCOMPLETE",
  "DRIVER_CHANGED",
  "ENVELOPE_SHAPE",
  "ENVELOPE_TOO_LARGE",
  "ENVELOPE_TYPE",
  "EVIDENCE_TOO_LOW",
  "EXPIRED",
  "FENCE",
  "GRANT_RATE",
  "GRANT_SCOPE",
  "INVENTORY_MISMATCH",
  "KEYS_VERSION",
  "LEVEL_TOO_LOW",
  "LIFETIME",
  "MANIFEST_UNKNOWN",
  "NONCE",
  "NOT_YET_VALID",
  "NO_AUTHOR",
  "OFFER_MISMATCH",
  "PAYLOAD_NOT_CANONICAL",
  "PLATFORM_UNKNOWN",
  "POLICY_UNKNOWN",
  "REPLAY",
  "RISK_UNDERSTATED",
  "SCHEMA",
  "SEQUENCE",
  "SIGNATURE_BAD",
  "SIGNATURE_MISSING",
  "THRESHOLD",
  "TRUST_MISMATCH",
  "TRUST_ROLLBACK",
  "TRUST_ROOT",
  "TRUST_STALE",
  "WRONG_AGENT",
  "WRONG_ORG",
  "WRONG_SITE",
];

it(`a hostile hub, seed ${SEED}, ${MESSAGES} messages`, { timeout: 600_000 }, async () => {
  const outcome = await runCampaign({ seed: SEED, messages: MESSAGES });
  const table = [...outcome.refused]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => `  ${code.padEnd(24)}${count}`);
  const { messages, jobs, replays } = outcome;
  process.stdout.write(
    `${messages} messages, ${jobs} jobs that people signed, ${replays} replays\n${table.join("\n")}\n`,
  );
  expect(outcome.faults).toEqual([]);
  expect(outcome.surprises).toEqual([]);
  // Nothing of it was worth a cut: the agent was connected throughout.
  expect(outcome.links).toBe(0);
  expect([...outcome.refused.keys()].toSorted()).toEqual(CODES);
  if (MESSAGES < 20_000) return;
  expect([...outcome.refused].filter(([, count]) => count < EACH_MIN)).toEqual([]);
  expect(jobs).toBeGreaterThanOrEqual(messages / 10);
});
