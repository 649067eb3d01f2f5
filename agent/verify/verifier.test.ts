import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jcs, sha256, utf8 } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { Breakglass } from "../../shared/documents/breakglass.ts";
import type { Evidence } from "../../shared/documents/common.ts";
import type { Manifest, TaskSpec } from "../../shared/documents/manifest.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, Digest, PlatformId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import {
  changeTask,
  id,
  makeBreakglass,
  makeManifest,
  makeOrg,
  makeWarrant,
  NO_DIGEST,
  type TestOrg,
} from "../../shared/testing/org.ts";
import type { WorkDocuments } from "../../shared/verify/work.ts";
import type { Driver } from "../../drivers/types.ts";
import { LocalRules } from "../policy/local-policy.ts";
import { putMeta } from "../journal/meta.ts";
import { openJournal } from "../journal/open.ts";
import { Verifier, type VerifierOptions } from "./verifier.ts";

let org: TestOrg;
let stateDir: string;
let store: Store;
/** The texts that the hub has, and which of them were asked for. */
let texts: Map<Digest, Uint8Array>;
let fetched: Digest[];
/** The devices that holds were asked about, each time. */
let asked: DeviceId[][];
beforeAll(async () => {
  const rule = { approvers: 1, onePerson: false };
  org = await makeOrg({
    keys: (keys) => ({
      ...keys,
      policies: keys.policies.map((policy) => ({ ...policy, rules: { ...policy.rules, destructive: rule } })),
    }),
  });
});
beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "farhand-verifier-"));
  ({ store } = await openJournal({ stateDir, clock: new ManualClock(org.nowSeconds * 1000) }));
  texts = new Map();
  fetched = [];
  asked = [];
});
afterEach(async () => {
  await store.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const journalLostAt = (seconds: number): Promise<void> =>
  store.tx("lost", (tx) => putMeta(tx, "lost-before", String(seconds * 1000)));

function text(value: string): { sha256: Digest; bytes: number } {
  const bytes = utf8(value);
  texts.set(sha256(bytes), bytes);
  return { sha256: sha256(bytes), bytes: bytes.length };
}
const change = (over: Parameters<typeof changeTask>[1] = {}): TaskSpec =>
  changeTask("ams-r1", { text: text("ntp server 192.0.2.9\n"), diff: text("[]"), commands: text("[]"), ...over });
const rotate: TaskSpec = {
  kind: "rotate",
  device: "ams-r1" as DeviceId,
  credential: "lab" as CredentialName,
  password: { kind: "made", length: 32 },
};
const collect: TaskSpec = { kind: "collect", device: "ams-r1" as DeviceId };

const driver = (evidence: Evidence) =>
  ({
    platform: id.iosxe,
    digest: NO_DIGEST,
    evidence,
    isRead: (command: string) => command.startsWith("show "),
    isDestructive: (line: string) => line.startsWith("reload"),
  }) as unknown as Driver;

function rulesOf(policy: object): LocalRules {
  const path = join(stateDir, "policy.json");
  writeFileSync(path, JSON.stringify({ v: 1, ...policy }), { mode: 0o600 });
  return new LocalRules(path);
}

interface Case {
  readonly task?: TaskSpec;
  readonly warrant?: Partial<Warrant>;
  readonly manifest?: Partial<Manifest>;
  readonly breakglass?: Partial<Breakglass>;
  readonly evidence?: Evidence;
  readonly trust?: Partial<VerifierOptions["trust"]>;
  /** Asks of a task of what has started, and not of the work. */
  readonly begin?: boolean;
  /** What the local policy file says; there is none where this is absent. */
  readonly policy?: object;
  readonly sound?: () => void;
  /** A person keeps hands off ams-r1. */
  readonly held?: boolean;
}

async function verdict(over: Case = {}): Promise<ErrorCode | "OK"> {
  const { task = change() } = over;
  const { people } = org;
  const made = makeManifest(org, { tasks: [task], ...over.manifest });
  const risk = task.kind === "rotate" ? "destructive" : task.kind === "change" ? "change" : "read";
  const breakglass = over.breakglass && makeBreakglass(org, over.breakglass);
  const warrant = makeWarrant(org, [made.digest], {
    kind: task.kind === "plan" ? "collect" : task.kind,
    risk,
    ...(breakglass && { author: id.oli, breakglass: sha256(jcs(breakglass)) }),
    ...over.warrant,
  });
  const signers = breakglass ? [people.oli] : [people.ann, people.bob];
  const documents: WorkDocuments = {
    authorityKind: "warrant",
    authority: await signEnvelope("farhand-warrant+jws", warrant, signers),
    manifest: made.bytes,
    ...(breakglass && {
      breakglass: await signEnvelope("farhand-breakglass+jws", breakglass, [people.ann, people.bob]),
    }),
  };
  const verifier = new Verifier({
    trust: { keys: org.trust, inventory: org.inventory, isBanned: () => false, ...over.trust },
    store,
    clock: new ManualClock(org.nowSeconds * 1000),
    agent: id.agentAms,
    site: id.ams,
    driverFor: (platform: PlatformId) => (platform === id.iosxe ? driver(over.evidence ?? "recorded") : undefined),
    fetch: (digest) => {
      fetched.push(digest);
      return Promise.resolve(texts.get(digest) ?? new Uint8Array());
    },
    requireSound: over.sound ?? (() => undefined),
    holds: {
      requireFree: (devices) => {
        asked.push([...devices]);
        return over.held && devices.includes("ams-r1" as DeviceId)
          ? Promise.reject(new FarhandError("HELD"))
          : Promise.resolve();
      },
    },
    local: over.policy ? rulesOf(over.policy) : new LocalRules(undefined),
  });
  const verdict = over.begin === true ? verifier.requireBegin(task) : verifier.verify(documents);
  return verdict.then(() => "OK", errorCode);
}

describe("work is taken", () => {
  it("with its texts, and they are fetched once", async () => {
    expect(await verdict()).toBe("OK");
    expect(new Set(fetched).size).toBe(fetched.length);
    expect(fetched).toHaveLength(2);
    expect(await verdict()).toBe("OK");
    expect(fetched).toHaveLength(2);
  });

  it("with nothing fetched for what people did not sign for this agent", async () => {
    expect(await verdict({ warrant: { org: "evil" as Warrant["org"] } })).toBe("WRONG_ORG");
    expect(fetched).toEqual([]);
  });

  it("never beyond what the texts together may weigh", async () => {
    const weighing = (bytes: number) => ({ sha256: text(String(bytes)).sha256, bytes });
    const most = 16 * 1024 * 1024;
    const heavy = (device: string, bytes: number) => {
      const [text, diff, commands] = [weighing(bytes), weighing(bytes - 1), weighing(bytes - 2)];
      return changeTask(device, { text, diff, commands });
    };
    const tasks = [heavy("ams-r1", most), heavy("ams-r2", most - 3)];
    expect(await verdict({ manifest: { tasks } })).toBe("ENVELOPE_TOO_LARGE");
    expect(fetched).toEqual([]);
  });
});

describe("what a driver was proved on is this agent's to say", () => {
  it.each<[Evidence, Evidence, string]>([
    ["recorded", "recorded", "OK"],
    ["recorded", "real", "OK"],
    ["recorded", "simulated", "EVIDENCE_TOO_LOW"],
    ["real", "recorded", "EVIDENCE_TOO_LOW"],
  ])("a change that claims %s with a driver that is %s: %s", async (claimed, evidence, code) => {
    expect(await verdict({ task: change({ evidence: claimed }), evidence })).toBe(code);
  });

  it("a rotation by one that was only simulated needs to be accepted by name", async () => {
    expect(await verdict({ task: rotate })).toBe("OK");
    expect(await verdict({ task: rotate, evidence: "simulated" })).toBe("EVIDENCE_TOO_LOW");
    const accepts = { levelE: [], simulatedEvidence: [id.iosxe] };
    expect(await verdict({ task: rotate, evidence: "simulated", warrant: { accepts } })).toBe("OK");
  });
});

describe("a device that a person holds", () => {
  const run = (command: string): TaskSpec => ({ kind: "run", device: "ams-r1" as DeviceId, commands: [command] });

  it.each([
    ["a change", change],
    ["a rotation", () => rotate],
    ["a command that is no read", () => run("clear ip bgp *")],
  ])("is touched by no more than a read: %s is refused when it is accepted and when it begins", async (_, task) => {
    const warrant: Partial<Warrant> = task().kind === "run" ? { risk: "change" } : {};
    expect(await verdict({ task: task(), warrant })).toBe("OK");
    expect(await verdict({ task: task(), warrant, held: true })).toBe("HELD");
    expect(await verdict({ task: task(), warrant, held: true, begin: true })).toBe("HELD");
    expect(await verdict({ task: task(), warrant, held: true, begin: true, policy: {} })).toBe("HELD");
  });

  it("is read all the same", async () => {
    for (const task of [collect, run("show version")])
      for (const begin of [true, false]) expect(await verdict({ task, held: true, begin })).toBe("OK");
    expect(asked.flat()).toEqual([]);
  });

  it("is not spoken of where nobody may ask: signatures come first", async () => {
    expect(await verdict({ held: true, warrant: { org: "evil" as Warrant["org"] } })).toBe("WRONG_ORG");
    expect(asked).toEqual([]);
  });
});

describe("after a journal was lost", () => {
  const signed = (iat: number): Partial<Warrant> => ({ iat, nbf: iat, exp: iat + 3600 });

  it.each([
    ["change", change],
    ["rotation", () => rotate],
  ])("a %s that was signed before is refused, one that was signed since is not", async (_, task) => {
    await journalLostAt(org.nowSeconds - 10);
    expect(await verdict({ task: task(), warrant: signed(org.nowSeconds - 10) })).toBe("REPLAY");
    expect(await verdict({ task: task(), warrant: signed(org.nowSeconds - 9) })).toBe("OK");
  });

  it("a read may come again", async () => {
    await journalLostAt(org.nowSeconds - 10);
    expect(await verdict({ task: collect, warrant: signed(org.nowSeconds - 60) })).toBe("OK");
  });

  it("a break-glass that was signed before is used up", async () => {
    const calm = (iat: number) => ({ iat, nbf: iat, exp: iat + 86_400 });
    expect(await verdict({ breakglass: calm(org.nowSeconds - 60) })).toBe("OK");
    await journalLostAt(org.nowSeconds - 10);
    expect(await verdict({ breakglass: calm(org.nowSeconds - 60) })).toBe("REPLAY");
    expect(await verdict({ breakglass: calm(org.nowSeconds - 9) })).toBe("OK");
  });
});

describe("nothing is taken", () => {
  it("by an agent that holds no inventory", async () => {
    expect(await verdict({ trust: { inventory: undefined } })).toBe("INVENTORY_MISMATCH");
  });

  it("by an agent that is banned", async () => {
    expect(await verdict({ trust: { isBanned: (agent) => agent === id.agentAms } })).toBe("AGENT_BANNED");
  });
});

describe("a local policy", () => {
  const wide = {
    risks: ["read", "change", "destructive"],
    kinds: ["collect", "run", "change", "check", "plan", "rotate", "reveal"],
    devices: ["ams-r1", "ams-r2", "lon-r1"],
    credentials: ["lab"],
    platforms: { [id.iosxe]: [NO_DIGEST] },
    devicesPerManifestMax: 1000,
    changesPerHourMax: 1000,
    windows: {
      timeZone: "UTC",
      open: [{ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "24:00" }],
    },
  };

  it.each<[string, () => Case, ErrorCode]>([
    ["another organisation", () => ({ warrant: { org: "evil" as Warrant["org"] } }), "WRONG_ORG"],
    ["too low a risk", () => ({ warrant: { risk: "read" } }), "RISK_UNDERSTATED"],
    ["an evidence that is not held", () => ({ evidence: "simulated" }), "EVIDENCE_TOO_LOW"],
    ["expired", () => ({ warrant: { iat: 1, nbf: 1, exp: 2 } }), "EXPIRED"],
    ["no inventory", () => ({ trust: { inventory: undefined } }), "INVENTORY_MISMATCH"],
    ["banned", () => ({ trust: { isBanned: () => true } }), "AGENT_BANNED"],
  ])("that allows everything by name lets nothing in that was refused: %s", async (_, made, code) => {
    expect(await verdict(made())).toBe(code);
    expect(await verdict({ ...made(), policy: wide })).toBe(code);
  });

  it("refuses what people signed, by the risk that was derived and not the one that is claimed", async () => {
    expect(await verdict({ policy: wide })).toBe("OK");
    expect(await verdict({ policy: { ...wide, risks: ["read"] } })).toBe("LOCAL_POLICY");
    const reload = change({ text: text("reload\n") });
    const claimed = { warrant: { risk: "destructive" }, task: reload } as const;
    expect(await verdict({ ...claimed, policy: wide })).toBe("OK");
    expect(await verdict({ ...claimed, policy: { risks: ["read", "change"] } })).toBe("LOCAL_POLICY");
    expect(await verdict({ policy: { platforms: { [id.iosxe]: [] } } })).toBe("LOCAL_POLICY");
    expect(await verdict({ policy: { unknown: true } })).toBe("LOCAL_POLICY_FILE");
  });

  it("is asked again when a task of what has started is to begin", async () => {
    expect(await verdict({ begin: true })).toBe("OK");
    expect(await verdict({ begin: true, policy: wide })).toBe("OK");
    expect(await verdict({ begin: true, policy: { ...wide, risks: ["read"] } })).toBe("LOCAL_POLICY");
  });

  it("looks at the time at which the work would begin", async () => {
    const day = new Date(org.nowSeconds * 1000 + 86_400_000).toUTCString().slice(0, 3).toLowerCase();
    const windows = { timeZone: "UTC", open: [{ days: [day], from: "00:00", to: "24:00" }] };
    const at = (notBefore: number) => ({
      warrant: { exp: org.nowSeconds + 2 * 86_400, waves: [{ notBefore, manifests: [0] }] },
    });
    expect(await verdict({ policy: { windows } })).toBe("LOCAL_WINDOW");
    expect(await verdict({ ...at(org.nowSeconds + 86_400), policy: { windows } })).toBe("OK");
  });
});

describe("an agent whose state went back", () => {
  it("takes nothing and begins nothing while it is in quarantine", async () => {
    const sound = () => {
      throw new FarhandError("LOCAL_POLICY", "in quarantine");
    };
    expect(await verdict({ sound })).toBe("LOCAL_POLICY");
    expect(await verdict({ sound, begin: true })).toBe("LOCAL_POLICY");
  });

  it("takes nothing that was signed before it was readmitted, reads among it", async () => {
    await store.tx("readmitted", (tx) => putMeta(tx, "readmitted", String((org.nowSeconds - 10) * 1000)));
    const signed = (iat: number) => ({ task: collect, warrant: { iat, nbf: iat, exp: iat + 3600 } });
    expect(await verdict(signed(org.nowSeconds - 10))).toBe("REPLAY");
    expect(await verdict(signed(org.nowSeconds - 9))).toBe("OK");
  });
});
