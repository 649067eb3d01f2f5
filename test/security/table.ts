/**
 * The attacks that Farhand has to stand, each with the files whose tests carry its number in their name.
 * `npx vitest run test/security/table` checks that they do and prints the table.
 */
interface Titled {
  readonly title: string;
}

/** Shown by tests. `residual` says what of the attack no test can show, and who says so. */
interface Shown extends Titled {
  readonly tests: readonly [string, ...string[]];
  readonly residual?: string;
}

/** Belongs to work that is not this version's, and why. */
interface Later extends Titled {
  readonly later: string;
}

export type Row = Shown | Later;

const shown = (title: string, ...tests: [string, ...string[]]): Shown => ({ title, tests });
const later = (title: string, why: string): Later => ({ title, later: why });

const forged = "test/security/forged.test.ts";
const shape = "test/security/shape.test.ts";
const again = "test/security/again.test.ts";
const trust = "test/security/trust.test.ts";
const tuf = "shared/tuf/tuf.test.ts";
const crash = "test/faults/simulated-crash.test.ts";

export const ATTACKS = {
  T1: shown("the author's signature alone", forged),
  T2: shown("the author signs with an approver's key of their own too", forged),
  T3: shown("one approver's signature listed twice", forged),
  T4: shown("an approver of another site", forged),
  T5: shown("the hub's key, or one that nobody knows, as author and approver", forged),
  T6: shown("a revoked key, dated before its revocation", forged),
  T7: shown("one byte, a risk field or a signature changed", forged),
  T8: shown("alg none, HS256, an embedded key, crit/b64, an unprotected header", shape),
  T9: shown("an offer, a receipt, a grant or a cancel handed over as a warrant", shape),
  T10: shown("base64url that is not canonical, 0 or 17 signatures, 600 KiB, members that are too many", shape),
  T11: shown("duplicate keys, big integers, __proto__, surrogates, bad UTF-8, nesting, unknown members", shape),
  T12: shown(
    "replay: same session, after a restart, after a reconnect, by the other carrier",
    again,
    "test/security/stick.test.ts",
  ),
  T13: shown("two deliveries at once", again),
  T14: shown("kill -9 at every boundary of the journal", crash, "test/faults/real-crash.test.ts"),
  T15: {
    title: "yesterday's snapshot of the agent, and yesterday's job",
    tests: ["test/security/rollback.test.ts"],
    residual:
      "a copy of the whole host, its mark too, shown to a hub that does not say what it has acknowledged: without a TPM nothing here remembers (agent/README.md)",
  },
  T16: shown("a clock set back a day, ahead a year, and corrected in the middle", again),
  T17: shown("no end, too long a life, a start in the future", forged),
  T18: shown(
    "another organisation, site or agent; a renamed agent; an id used again after its end",
    forged,
    "hub/api/server/enrol.test.ts",
  ),
  T19: shown("an offer with an old nonce, another digest, an old hub key, too long a life, or none at all", forged),
  T20: shown("a root signed by new keys only, by old ones only, skipped, expired, below its threshold", trust, tuf),
  T21: shown("roll-back, freeze, mix-and-match, 10 MB of metadata, 10^5 roots", trust, tuf),
  T22: shown("fast-forward, and the root that rotates the key", trust, tuf),
  T23: shown("a hub that adds a key or sets a threshold to zero", trust, "hub/cli/trust/people.test.ts"),
  T24: shown(
    "bundles: wrong site, order, truncation, length lies, names that leave the folder",
    "shared/bundle/bundle.test.ts",
    "test/agent/bundle.test.ts",
    "hub/bundles/bundles.test.ts",
    "test/airgap/round-trip.test.ts",
  ),
  T25: shown(
    "a working folder with .env, bunfig.toml and the like",
    "test/e2e/compiled-agent.test.ts",
    "deploy/compile.test.ts",
  ),
  T26: shown("an environment that owns the runtime", "hub/cli/refuse-environment.test.ts", "test/agent/cli.test.ts"),
  T27: shown("join tokens: reuse, expiry, two at once, guessing", "hub/api/server/enrol.test.ts"),
  T28: shown("enrolment with another's key, a weak key, a key twice", "hub/api/server/enrol.test.ts"),
  T29: shown(
    "a valid certificate or key of an unknown, pending or banned agent",
    "hub/links/ban.test.ts",
    "test/agent/ban.test.ts",
  ),
  T30: {
    title: "MQTT topics and access lists, at a real broker",
    tests: ["test/broker/broker.test.ts"],
    residual:
      "Mosquitto 2.0 lets whoever its CA signed for connect, to do nothing there, and starts with malformed rules unless the start check stands before it (deploy/broker/README.md)",
  },
  T31: shown("a host-key verifier that answers wrongly, late or never", "drivers/engines/ssh/host-key.test.ts"),
  T32: shown(
    "a host key that is another one; no password arrives",
    "drivers/engines/ssh/client.test.ts",
    "test/real/hops.test.ts",
  ),
  T33: shown("a peer with weak algorithms only", "drivers/engines/ssh/client.test.ts"),
  T34: shown(
    "a credential on a device, address or port that it is not bound to",
    forged,
    "shared/verify/work.test.ts",
    "shared/path.test.ts",
  ),
  T35: shown(
    "control bytes, shell and template syntax, and bidi in what a job carries",
    "test/security/words.test.ts",
    "hub/cli/review/sign.test.ts",
  ),
  T36: shown(
    "a hostile device: endless, slow, forged prompts, escapes, echoed passwords",
    "drivers/engines/cli/cli.test.ts",
    "drivers/engines/cli/fold.test.ts",
    "drivers/engines/ssh/peer-words.test.ts",
    "hub/ingest/ingest.test.ts",
  ),
  T37: shown(
    "results forged, replayed, unknown, gapped or huge",
    "hub/ingest/ingest.test.ts",
    "shared/audit/verify-export.test.ts",
  ),
  T38: shown(
    "markup and formulas in names, banners and logs; no file of comma-separated values is written at all",
    "test/security/formulas.test.ts",
    "hub/cli/terminal/escape.test.ts",
    "hub/console/text.test.ts",
    "test/console/console.test.ts",
  ),
  T39: shown(
    "a canary secret, looked for wherever an agent and a hub write or send",
    "test/security/canary.test.ts",
    "test/e2e/secrets.test.ts",
  ),
  T40: shown("no key provider, a wrong one, swapped or old ciphertext, a cut tag", "agent/vault/tamper.test.ts"),
  T41: shown(
    "JWE bombs, other algorithms, changed context, a key put in by the hub",
    "agent/vault/receive.test.ts",
    "hub/cli/secret/send.test.ts",
  ),
  T42: later("every route by every role on another site's object", "roles at the hub come later"),
  T43: later("roles that add up across sites", "roles at the hub come later"),
  T44: later("cross-site requests", "the console logs in with a token and keeps no cookie yet"),
  T45: later("OpenID Connect", "there is no single sign-on yet"),
  T46: later("a setup page after setup", "there is no setup page"),
  T47: later("races of approvals at the hub", "approvals are signatures over fixed bytes; accounts come later"),
  T48: shown(
    "an audit log with a row removed or changed, forked or cut; a full disk",
    "shared/audit/verify-export.test.ts",
    "agent/witness.test.ts",
    "hub/audit/full-disk.test.ts",
    "test/security/audit.test.ts",
  ),
  T49: later("plugins", "there are none yet"),
  T50: later("updates of the agent", "they come later"),
  T51: shown("every parser of foreign bytes", "test/security/fuzz/fuzz.test.ts"),
  T52: shown(
    "a flapping link, doubled and lost messages, power cuts",
    "test/simulation/simulation.test.ts",
    "test/faults/stream.test.ts",
  ),
} satisfies Record<string, Row>;

export type AttackNumber = keyof typeof ATTACKS;
