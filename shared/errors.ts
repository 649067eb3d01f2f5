/**
 * Every error that a person can meet, in one table: a stable code, what happened, what to do next.
 * `exit` is the CLI's exit status class. Codes are never renamed or reused.
 */
interface ErrorEntry {
  readonly what: string;
  readonly next: string;
}

const entry = (what: string, next: string): ErrorEntry => ({ what, next });

export const ERRORS = {
  // Signed bytes
  ENVELOPE_SHAPE: entry(
    "The envelope is not in the one accepted form.",
    "Export it again with this version of farhand.",
  ),
  ENVELOPE_TOO_LARGE: entry("The envelope is larger than 512 KiB.", "Split the job into several."),
  ENVELOPE_TYPE: entry("This document is of another type than the one asked for.", "Hand over the right document."),
  SIGNATURE_BAD: entry(
    "A signature does not match the bytes.",
    "The bytes were altered after signing; fetch them again, and sign again if that does not help.",
  ),
  SIGNATURE_MISSING: entry("No trusted key has signed this.", "Sign it with a key that keys.json lists."),
  PAYLOAD_NOT_CANONICAL: entry(
    "The signed bytes are not canonical JSON (RFC 8785).",
    "Make the document with farhand.",
  ),
  SCHEMA: entry(
    "The document does not have the expected members.",
    "Compare it with the schema in the documentation; the path of the first fault is named.",
  ),
  // Authority
  NO_AUTHOR: entry("No author in scope has signed.", "Have a person with the author role for these sites sign."),
  THRESHOLD: entry(
    "Too few distinct persons have signed.",
    "Have another person with the approver role for these sites review and sign.",
  ),
  POLICY_UNKNOWN: entry(
    "keys.json has no such policy version.",
    "Publish the policy, or plan the job again under the current one.",
  ),
  KEYS_VERSION: entry(
    "The document needs a newer keys.json than this agent holds.",
    "Connect the agent, or import the newer keys.json.",
  ),
  INVENTORY_MISMATCH: entry("The document was made for another signed inventory.", "Plan the job again."),
  RISK_UNDERSTATED: entry(
    "The steps carry more risk than the document claims.",
    "Plan the job again; the risk class is derived from what the steps do.",
  ),
  LEVEL_UNDERSTATED: entry(
    "The device cannot give the guarantee level that was signed.",
    "Plan the job again and read what blocks the better level.",
  ),
  LOCAL_POLICY: entry(
    "This site's local policy does not allow it.",
    "Ask the owner of the site's policy file; it can only narrow.",
  ),
  LOCAL_POLICY_FILE: entry(
    "This site's local policy file is not in order. Nothing starts.",
    "Mend it on the jump host and check it with: farhand-agent policy check FILE",
  ),
  LOCAL_STOP: entry(
    "The owner of this site's jump host has stopped all work.",
    "Ask them; the detail is what they wrote. It ends with the stop in their policy file.",
  ),
  LOCAL_WINDOW: entry(
    "This site's change window is closed.",
    "Plan the change to begin within the window that the site's policy file names.",
  ),
  LOCAL_LIMIT: entry(
    "It is more at once than this site's local policy allows.",
    "Split the job, or wait; the detail names the limit.",
  ),
  GRANT_SCOPE: entry(
    "The grant does not cover this request.",
    "Ask for what the grant enumerates, or have a wider grant signed.",
  ),
  GRANT_RATE: entry("The grant's rate is used up.", "Wait a minute, or have a grant with a higher rate signed."),
  // Address and time
  WRONG_ORG: entry("The document is for another organisation.", "Hand it to an agent of that organisation."),
  WRONG_SITE: entry("The document is for another site.", "Hand it to that site's agent."),
  WRONG_AGENT: entry("The document is for another agent.", "Hand it to the agent that it names."),
  NOT_YET_VALID: entry("The document is not valid yet.", "Wait for its start time, or correct the clock."),
  EXPIRED: entry("The document is no longer valid.", "Sign a new one."),
  LIFETIME: entry("The document is valid for longer than the policy allows.", "Plan it again with a shorter lifetime."),
  REPLAY: entry(
    "This manifest and attempt was taken already.",
    "Nothing to do; the stored outcome is final. Plan a new job to run it again.",
  ),
  ATTEMPTS: entry("The signed maximum of attempts is used up.", "Plan a new job."),
  NONCE: entry("The offer does not answer this agent's request.", "Nothing to do; the agent asks again."),
  SEQUENCE: entry(
    "The offer's sequence number was used already.",
    "Nothing to do; the hub must re-sync with the agent.",
  ),
  FENCE: entry("A newer attempt has been seen for this device.", "Nothing to do; this one is stale."),
  OFFER_MISMATCH: entry(
    "The offer, the warrant and the manifest do not belong together.",
    "The hub must offer them again.",
  ),
  MANIFEST_UNKNOWN: entry(
    "The manifest is not one that the warrant names.",
    "The bytes were altered, or belong to another job.",
  ),
  CANCELED: entry("A person canceled it.", "Nothing to do."),
  BUNDLE_INCOMPLETE: entry(
    "A text that the manifest names by digest has not arrived.",
    "The agent asks again; look at the link if it lasts.",
  ),
  // Trust, and what stands in for a link
  TRUST_ROOT: entry(
    "The trust root is not one that the held root vouches for.",
    "Publish each root version in turn, signed by the thresholds of the one before it and of its own.",
  ),
  TRUST_ROLLBACK: entry(
    "The trust documents are older than those held.",
    "Fetch the newest ones; if the hub has none newer, ask who restored it.",
  ),
  TRUST_STALE: entry(
    "The trust documents have expired.",
    "Publish them afresh: farhand trust publish. Nothing that people signed starts before.",
  ),
  TRUST_MISMATCH: entry(
    "The trust documents do not belong together.",
    "Publish them afresh as one set: farhand trust publish",
  ),
  STATE_ROLLBACK: entry(
    "This agent's state went back to an older copy of itself. It is in quarantine.",
    "Find out who restored it; a keyadmin lets it back in with: farhand agent readmit",
  ),
  AGENT_BANNED: entry("This agent is banned.", "Enrol a new agent under a new id."),
  AGENT_KICKED: entry(
    "A person closed this agent's session.",
    "Nothing to do; the agent comes back by itself. To keep it out: farhand agent ban",
  ),
  ID_SPENT: entry(
    "This id belonged to an agent that was banned or removed. Ids are never used again.",
    "Choose another id for the new agent.",
  ),
  KEY_REUSED: entry("This key belongs to somebody else already.", "Enrol again: the agent makes fresh keys each time."),
  HELD: entry(
    "A person holds this device: hands off.",
    "Ask who holds it; it is lifted with: farhand device release DEVICE",
  ),
  BREAKGLASS: entry(
    "The break-glass does not cover this use.",
    "Read what it allows: site, agent, on-call person, one use, a device timer, nothing destructive.",
  ),
  AUDIT_CHAIN: entry(
    "The audit log does not hold together.",
    "Keep both copies. The first bad entry is named; compare with what agents and receipts witnessed.",
  ),
  CHECKPOINT: entry(
    "The hub's audit log is not a continuation of the one this agent witnessed.",
    "Find out who restored or rewrote the hub before anything else runs.",
  ),
  RECEIPT_CHAIN: entry(
    "The receipts of this agent are not one unbroken chain.",
    "Ask the agent for the missing ones; if it has none, its journal was replaced.",
  ),
  BUNDLE_SHAPE: entry("The file is not a bundle in the one accepted form.", "Export it again."),
  BUNDLE_ENTRY: entry(
    "An entry of the bundle is not what its index says.",
    "The file was altered or cut short; copy it again from the source.",
  ),
  BUNDLE_ORDER: entry(
    "The bundle is not the next one in its order.",
    "Bring the one that is missing; a bundle that was taken in already is not taken again.",
  ),
  BUNDLE_ADMISSION: entry(
    "No site operator has admitted this bundle.",
    "Have a person with the siteoperator role for this site admit it.",
  ),
  PROXY: entry(
    "The proxy did not let the connection through.",
    "Check its address, its credentials and its rules for this hub.",
  ),
  PROXY_OPENS_TLS: entry(
    "A proxy on the way opens TLS: the certificate shown is not the hub's.",
    "Have the hub's address exempted from inspection; Farhand does not go through a proxy that reads along.",
  ),
  // Plan against reality
  DRIFTED: entry(
    "The device's configuration is not the one that was reviewed.",
    "Look at the drift, plan again for this device, and have it signed.",
  ),
  DRIVER_CHANGED: entry(
    "The agent's platform file is not the one that made the plan.",
    "Plan again with the agent's current version.",
  ),
  DIFF_MISMATCH: entry(
    "The change would do, or did, something other than what was signed.",
    "Plan again; if it recurs, the platform file needs a rewrite rule.",
  ),
  COMMANDS_MISMATCH: entry(
    "The commands for this device are not the ones that were signed.",
    "Plan again with the agent's current version.",
  ),
  PLATFORM_UNKNOWN: entry("This agent has no driver for the platform.", "Correct the inventory, or update the agent."),
  PLATFORM_MISMATCH: entry(
    "The device is not what the inventory says.",
    "Correct platform or serial in the inventory and sign it.",
  ),
  LEVEL_TOO_LOW: entry(
    "The guarantee level is too low for this change.",
    "Do what the plan lists to raise the level; a management-path change needs a device timer.",
  ),
  EVIDENCE_TOO_LOW: entry(
    "The driver for this platform has not been proved on recorded or real devices.",
    "Accept it by name in the warrant, or wait for recorded evidence.",
  ),
  TEXT_REFUSED: entry("The text holds something that may not be sent to this device.", "Remove the named line."),
  SECRET_UNKNOWN: entry(
    "The text names a secret that this agent's vault does not hold.",
    "Store it with: farhand-agent secret set NAME",
  ),
  SECRET_KEEP: entry(
    "The text keeps a secret that the device does not have at that place.",
    'Name the secret with secret("name"), or correct the line.',
  ),
  READ_NOT_ALLOWED: entry(
    "The command is not a read on this platform's allow-list.",
    "Make it a change, or use a command from the list.",
  ),
  // Devices
  SUSPECT_MTU: entry(
    "The device greets and then its key exchange stalls: small packets pass, large ones may not.",
    "Compare the MTU along the way (ping with a size and without fragmentation), or look whether the device itself is stuck.",
  ),
  STANDBY: entry(
    "This is the standby of a pair: the active one takes changes.",
    "Point the inventory at the address that follows the active member.",
  ),
  MANAGED: entry(
    "A central manager holds this device, and would undo what is changed beside it.",
    "Make the change in that manager, or have a warrant accept it by name with a reason.",
  ),
  PREFLIGHT: entry(
    "The preflight of the device found something that a change must not meet.",
    "Mend what it names, or have a warrant accept the code by name with a reason.",
  ),
  CONNECT_TIMEOUT: entry(
    "The device did not answer in time.",
    "Check reachability from the site: farhand job submit check",
  ),
  CONNECT_REFUSED: entry(
    "The device refused the connection.",
    "Check that SSH is enabled and that no access list blocks the agent.",
  ),
  CONNECTION_LOST: entry(
    "The connection to the device broke.",
    "Look at the transcript; the agent probes the device again.",
  ),
  HOST_KEY: entry(
    "The device's host key is not the pinned one. Nothing was sent to it.",
    "Find out why before pinning the new key in the inventory.",
  ),
  ALGORITHMS: entry(
    "The device offers only SSH algorithms that its profile does not allow.",
    "Update the device, or set a legacy profile for it in the signed inventory.",
  ),
  LOGIN_REFUSED: entry("The device refused the credential.", "Check the credential in this agent's vault."),
  HOP_REFUSED: entry(
    "A hop on the way refused its credential. The device behind it was not reached.",
    "Check the hop's credential in this agent's vault; the message names the hop.",
  ),
  CREDENTIAL_BINDING: entry(
    "The credential is not bound to this device in the signed inventory.",
    "Correct the inventory and have it signed.",
  ),
  CREDENTIAL_STOPPED: entry(
    "The credential was refused too often and is used nowhere until a person looks.",
    "Send a new one, or release it: farhand-agent credential release NAME",
  ),
  CREDENTIAL_STALE: entry(
    "The credential is older than the one held.",
    "Send it again with a higher version: farhand secret send",
  ),
  CREDENTIAL_UNKNOWN: entry(
    "This agent's vault does not hold the credential.",
    "Store it with: farhand-agent credential set NAME",
  ),
  PRIVILEGE: entry(
    "The login does not reach the privilege that the job needs.",
    "Give the account privileged access, or store the enable secret.",
  ),
  PROMPT: entry(
    "The device's prompt could not be recognised.",
    "Send the transcript with a report; the platform file needs a case.",
  ),
  COMMAND_TIMEOUT: entry(
    "The device did not finish a command in time.",
    "Look at the transcript; raise the command deadline if the device is slow.",
  ),
  COMMAND_REFUSED: entry("The device refused a command.", "Look at the transcript for its answer; correct the text."),
  AUTHORIZATION_DENIED: entry(
    "The device's AAA does not authorise a command.",
    "Give the account the right to use it.",
  ),
  OUTPUT_TOO_LARGE: entry("A command's output exceeds its cap.", "Narrow the command, or raise the cap in the job."),
  INCOMPLETE_OUTPUT: entry(
    "The configuration ended before its end marker and was not stored.",
    "Run it again; look at the transcript if it recurs.",
  ),
  DEVICE_ANSWER: entry(
    "The device's answers do not follow its protocol.",
    "Read the detail; update the device's software, or leave this read out.",
  ),
  SESSIONS_FULL: entry("The device has no free session.", "Close idle sessions on the device."),
  CANDIDATE_BUSY: entry(
    "Somebody else holds the device's configuration lock or has uncommitted changes in its candidate.",
    "Ask the owner named in the detail to commit or discard, then run again.",
  ),
  UNSAVED_RUNNING: entry(
    "The change is in force and confirmed, and not saved: the device held lines before it that nobody had saved.",
    "Have their owner save or remove them, then save the device.",
  ),
  NETCONF_ABSENT: entry(
    "The device does not start its NETCONF subsystem.",
    "Switch NETCONF over SSH on, or name another transport for the device in the signed inventory.",
  ),
  NETCONF_FRAMING: entry(
    "The device's answer is not framed as NETCONF over SSH demands (RFC 6242).",
    "Look at the detail; a proxy or a terminal on the way may alter the bytes.",
  ),
  NETCONF_MESSAGE: entry(
    "The device's answer is not a NETCONF message in an accepted form (RFC 6241).",
    "Look at the detail; send it with a report if the device is otherwise in order.",
  ),
  NETCONF_CAPABILITY: entry(
    "The device does not offer the NETCONF capability that this needs.",
    "Switch it on on the device, or choose a change that does not need it; the detail names it.",
  ),
  CERTIFICATE: entry(
    "The device's TLS certificate is not the one that the signed inventory names, or is out of its dates.",
    "Compare it with the device's own over another way; if it was changed on purpose, sign the new one into the inventory.",
  ),
  TLS_REFUSED: entry(
    "No TLS connection could be agreed on: the device offers only versions or algorithms that are no longer safe.",
    "Turn on TLS 1.2 or newer on the device.",
  ),
  API_REFUSED: entry(
    "The device's API answered with an error.",
    "The detail holds its words; compare them with the vendor's documentation.",
  ),
  DEVICE_RATE_LIMITED: entry(
    "The device's API takes no more requests for now.",
    "Wait, or lower how much is asked of this device at once.",
  ),
  PENDING_CHANGE: entry("Somebody else's change is pending on the device.", "Finish or discard it, then run again."),
  ARM_FAILED: entry(
    "The device did not arm its undo timer. Nothing was changed.",
    "See what blocks it with: farhand job submit check",
  ),
  VERIFICATION_FAILED: entry(
    "The device did not pass verification after the change.",
    "It was rolled back; see which expectation failed.",
  ),
  CHECKS_UNSUPPORTED: entry(
    "The state that the checks ask for cannot be read as rows from this device.",
    "Leave the checks away, or the ones that name a table it does not have.",
  ),
  WAY_HOME_LOST: entry(
    "The hub could not be reached afresh after the change.",
    "It was rolled back; the change cuts this site off.",
  ),
  OTHER_ADMIN: entry(
    "Somebody else changed the device during the change.",
    "It was rolled back; agree on a time and plan again.",
  ),
  REVERT_FAILED: entry(
    "The device did not return to its snapshot.",
    "A person must look at the device now; the snapshot is kept.",
  ),
  UNKNOWN_OUTCOME: entry(
    "Whether the change took effect is not known.",
    "The agent probes until the deadline; then a person decides with evidence.",
  ),
  DEVICE_BUSY: entry("Another task holds this device.", "Nothing to do; it waits its turn."),
  // Process and limits
  DEADLINE: entry("The deadline passed.", "Look at which step took the time; raise the deadline or narrow the job."),
  CRASH_LOOP: entry("The agent restarted too often during this task.", "Send the journal's diagnosis with a report."),
  CAPACITY: entry("The limit of concurrent work is reached.", "Nothing to do; it waits."),
  DISK_FULL: entry("The disk quota is used up.", "Free space, or raise the quota."),
  JOURNAL_CORRUPT: entry(
    "The journal failed its integrity check and was put aside.",
    "Keep the file for analysis; the agent starts a new epoch.",
  ),
  VAULT_LOCKED: entry(
    "The vault's key is missing or wrong.",
    "Give the key file (mode 0400) or the passphrase that made the vault.",
  ),
  SEALED: entry(
    "The sealed text does not open here.",
    "It was sealed for another place or key, or altered; have it sealed again.",
  ),
  NOT_RESTORABLE: entry(
    "This configuration cannot be put back onto the device as a whole.",
    "The message says why; restore what matters of it as a change: farhand device config, farhand plan change",
  ),
  REVEAL_FORBIDDEN: entry(
    "This person may not open sealed configurations of these sites.",
    "Have a keyadmin give the reveal role in keys.json, or use the recovery key offline.",
  ),
  VAULT_KEY_MODE: entry(
    "The vault's key file can be read or written by others.",
    "chmod 0400 the file and make the agent's user its owner.",
  ),
  ENVIRONMENT: entry("The environment weakens security.", "Unset the named variable and start again."),
  ALREADY_RUNNING: entry("Another process uses this state folder.", "Stop it first."),
  // Hub, API and CLI
  UNAUTHORIZED: entry("No valid token.", "Log in: set FARHAND_TOKEN_FILE or use --token-file."),
  FORBIDDEN: entry("The token does not allow this.", "Use a token with the role that the message names."),
  NOT_FOUND: entry("There is no such thing.", "List what there is, and check the name."),
  CONFLICT: entry("It is in a state that does not allow this.", "Look at it again; the message says what it is now."),
  RATE_LIMITED: entry("Too many requests.", "Wait for the time that the answer names."),
  JOIN_TOKEN: entry("The join token is unknown, used or expired.", "Make a new one: farhand agent invite"),
  CHALLENGE: entry(
    "The other side did not prove its identity.",
    "Check that hub and agent belong together; enrol again if the keys changed.",
  ),
  AGENT_PENDING: entry(
    "The agent's key is not countersigned yet.",
    "Compare the fingerprint, then: farhand agent approve",
  ),
  PROTOCOL: entry("The other side broke the link protocol.", "Update the older side."),
  CREDIT: entry("The other side sent more than it was allowed.", "Update the older side."),
  KEY_FILE: entry(
    "The key file could not be opened.",
    "Check the passphrase, and that the file is yours alone: chmod 0600.",
  ),
  INVENTORY_FILE: entry("The inventory file has a fault.", "Correct the named line."),
  TEMPLATE: entry(
    "The template could not be rendered.",
    "Define the named variable, or correct the template; farhand check template tells all that is wrong with it at once.",
  ),
  PLAN_INCOMPLETE: entry("Some devices have no plan.", "See why with: farhand job show; leave them out or plan again."),
  RECEIPT_MISMATCH: entry(
    "What the hub shows does not follow from the agents' signed plan receipts.",
    "Do not sign. Report it: the hub may be compromised.",
  ),
  BROKER_RULES: entry(
    "The broker's access rules are not in order. The broker must not start with them.",
    "Make them again from the signed agents list; the detail names the fault.",
  ),
  USAGE: entry("The command line is not understood.", "See --help."),
  IO: entry("A file or network operation failed.", "The message names it; correct and try again."),
  INTERNAL: entry("Farhand made an error.", "Report it with the log line that carries this id."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERRORS, value);
}

/** The one error type that crosses module borders. `detail` is shown to people: never a secret, never device output unescaped. */
export class FarhandError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(
      detail === undefined ? `${code}: ${ERRORS[code].what}` : `${code}: ${ERRORS[code].what} (${detail})`,
      options,
    );
    this.name = "FarhandError";
    this.code = code;
    this.detail = detail;
  }

  get what(): string {
    return ERRORS[this.code].what;
  }

  get next(): string {
    return ERRORS[this.code].next;
  }
}

/** The code of any thrown value; what is not ours is INTERNAL. */
export function errorCode(error: unknown): ErrorCode {
  return error instanceof FarhandError ? error.code : "INTERNAL";
}
