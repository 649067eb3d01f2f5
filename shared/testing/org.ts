import { jcs, sha256, toBase64url, type Bytes } from "../bytes.ts";
import type { Agents } from "../documents/agents.ts";
import type { Breakglass } from "../documents/breakglass.ts";
import type { Grant } from "../documents/grant.ts";
import type { Inventory } from "../documents/inventory.ts";
import type { Keys } from "../documents/keys.ts";
import type { Deadlines, Manifest, TaskSpec } from "../documents/manifest.ts";
import type { Offer } from "../documents/offer.ts";
import type { Warrant } from "../documents/warrant.ts";
import { signEnvelope, type Envelope } from "../envelope.ts";
import type {
  AgentId,
  BreakglassId,
  DeviceId,
  Digest,
  GrantId,
  JobId,
  OrgId,
  PersonId,
  PlatformId,
  PolicyId,
  SiteId,
} from "../ids.ts";
import {
  generateBoxJwk,
  generateSigningJwk,
  signerFrom,
  type BoxPublicKey,
  type PrivateJwk,
  type SigningPublicKey,
  type Signer,
} from "../keys.ts";
import {
  type InventoryView,
  openAgents,
  openInventory,
  openPinnedKeys,
  type TrustStore,
  type Verified,
} from "../trust.ts";
import { openFirstTrust, type TrustView } from "../tuf/open.ts";
import { makeTrustSet } from "./trust-set.ts";

/** An organisation for tests: people with keys, a hub, agents and an inventory, all signed the way real ones are. */
export interface TestOrg {
  readonly people: Record<"ann" | "bob" | "cyd" | "kim" | "oli", Signer>;
  readonly hub: Signer;
  /** Opens what agents encrypt to the organisation. */
  readonly evidence: PrivateJwk;
  /** Holds the organisation's root of trust. */
  readonly root: Signer;
  readonly agents: Record<
    string,
    { readonly signer: Signer; readonly signJwk: PrivateJwk; readonly boxJwk: PrivateJwk }
  >;
  readonly keysEnvelope: Envelope;
  readonly agentsEnvelope: Envelope;
  readonly inventoryEnvelope: Envelope;
  readonly trust: TrustStore;
  /** All of it as one verified set, as an agent holds it. */
  readonly view: TrustView;
  readonly agentsDocument: Verified<Agents>;
  readonly inventory: InventoryView;
  readonly nowSeconds: number;
}

export const TEST_NOW_SECONDS = 1_800_000_000;
export const DEFAULT_TEST_DEADLINES: Deadlines = {
  connectMs: 5_000,
  commandMs: 10_000,
  taskMs: 120_000,
  jobMs: 600_000,
  confirmMs: 120_000,
};

export const id = {
  org: "acme" as OrgId,
  ams: "ams" as SiteId,
  lon: "lon" as SiteId,
  agentAms: "agent-ams" as AgentId,
  agentLon: "agent-lon" as AgentId,
  ann: "ann" as PersonId,
  bob: "bob" as PersonId,
  oli: "oli" as PersonId,
  policy: "default" as PolicyId,
  iosxe: "cisco_iosxe" as PlatformId,
};

const HOST_KEY = {
  algorithm: "ssh-ed25519",
  publicKey: "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
} as const;

export interface TestOrgOptions {
  readonly devices?: Inventory["devices"];
  /** Where a device is reached, and what else the inventory says of it; several where more are wanted like it. */
  readonly place?: (device: Inventory["devices"][number]) => Inventory["devices"][number] | Inventory["devices"];
  readonly hops?: NonNullable<Inventory["hops"]>;
  readonly sites?: Inventory["sites"];
  readonly keys?: (keys: Keys) => Keys;
  readonly nowSeconds?: number;
  /** Root names these as keyadmins too; `keys` is to list them. */
  readonly keyadmins?: readonly Signer[];
  /** Root names these for timestamps too: a hub that made its own key. `keys` is to list them. */
  readonly hubKeys?: readonly SigningPublicKey[];
}

async function newSigner(): Promise<{ signer: Signer; jwk: PrivateJwk }> {
  const jwk = await generateSigningJwk();
  return { signer: await signerFrom(jwk), jwk };
}

export async function makeOrg(options: TestOrgOptions = {}): Promise<TestOrg> {
  const nowSeconds = options.nowSeconds ?? TEST_NOW_SECONDS;
  const [ann, bob, cyd, kim, oli, hub, root] = (await Promise.all(Array.from({ length: 7 }, newSigner))).map(
    (made) => made.signer,
  ) as [Signer, Signer, Signer, Signer, Signer, Signer, Signer];
  const recovery = await generateBoxJwk();
  const evidence = await generateBoxJwk();
  const entry = (signer: Signer) => [{ kid: signer.kid, publicKey: signer.publicKey }];
  const base: Keys = {
    type: "keys",
    v: 1,
    org: id.org,
    version: 1,
    exp: nowSeconds + 90 * 86_400,
    people: [
      {
        id: id.ann,
        name: "Ann Author",
        keys: entry(ann),
        roles: [
          { role: "author", sites: ["*"] },
          { role: "approver", sites: ["*"] },
        ],
      },
      { id: id.bob, name: "Bob Approver", keys: entry(bob), roles: [{ role: "approver", sites: ["*"] }] },
      {
        id: "cyd" as PersonId,
        name: "Cyd of London",
        keys: entry(cyd),
        roles: [
          { role: "author", sites: [id.lon] },
          { role: "approver", sites: [id.lon] },
        ],
      },
      { id: "kim" as PersonId, name: "Kim Keyadmin", keys: entry(kim), roles: [{ role: "keyadmin", sites: ["*"] }] },
      { id: id.oli, name: "Oli On-call", keys: entry(oli), roles: [{ role: "oncall", sites: [id.ams] }] },
    ],
    hub: { id: "hub-1", keys: entry(hub), evidence: evidence.x as BoxPublicKey },
    policies: [
      {
        id: id.policy,
        version: 1,
        rules: {
          read: { approvers: 0, onePerson: true },
          change: { approvers: 1, onePerson: false },
          destructive: { approvers: 2, onePerson: false },
        },
        warrantLifetimeSecondsMax: 45 * 86_400,
      },
    ],
    sitePolicies: [{ site: "*", policy: id.policy }],
    revoked: [],
    recovery: recovery.x as BoxPublicKey,
  };
  const keys = options.keys?.(base) ?? base;
  const keysEnvelope = await signEnvelope("farhand-keys+jws", keys, [kim]);
  const trust = await openPinnedKeys(keysEnvelope, sha256(jcs(keys)));

  const agents: TestOrg["agents"] = {};
  const entries: Agents["agents"] = [];
  for (const [name, site] of [
    [id.agentAms, id.ams],
    [id.agentLon, id.lon],
  ] as const) {
    const sign = await newSigner();
    const boxJwk = await generateBoxJwk();
    agents[name] = { signer: sign.signer, signJwk: sign.jwk, boxJwk };
    entries.push({
      id: name,
      site,
      kid: sign.signer.kid,
      signKey: sign.signer.publicKey,
      boxKey: boxJwk.x as BoxPublicKey,
      status: "active",
    });
  }
  const agentsEnvelope = await signEnvelope(
    "farhand-agents+jws",
    { type: "agents", v: 1, org: id.org, version: 1, agents: entries },
    [kim],
  );

  const device = (name: string, site: SiteId): Inventory["devices"][number] => ({
    id: name as DeviceId,
    site,
    platform: id.iosxe,
    address: "192.0.2.1",
    port: 22,
    hostKeys: [HOST_KEY],
    algorithms: "modern",
    credential: "lab" as Inventory["devices"][number]["credential"],
    serial: null,
    tags: { role: "edge" },
  });
  const inventoryDocument: Inventory = {
    type: "inventory",
    v: 1,
    org: id.org,
    version: 1,
    sites: options.sites ?? [
      { id: id.ams, wayHome: [], parallel: 8 },
      { id: id.lon, wayHome: [], parallel: 8 },
    ],
    devices: (
      options.devices ?? [device("ams-r1", id.ams), device("ams-r2", id.ams), device("lon-r1", id.lon)]
    ).flatMap(options.place ?? ((placed) => placed)),
    ...(options.hops && { hops: options.hops }),
  };
  const inventoryEnvelope = await signEnvelope("farhand-inventory+jws", inventoryDocument, [kim]);
  const set = await makeTrustSet({
    org: keys.org,
    root: [root],
    keyadmins: [kim, ...(options.keyadmins ?? [])],
    hub,
    hubKeys: options.hubKeys,
    nowSeconds,
    documents: { keys: keysEnvelope, agents: agentsEnvelope, inventory: inventoryEnvelope },
  });
  return {
    people: { ann, bob, cyd, kim, oli },
    hub,
    evidence,
    root,
    agents,
    keysEnvelope,
    agentsEnvelope,
    inventoryEnvelope,
    trust,
    view: await openFirstTrust(set.root, set, { nowMs: nowSeconds * 1000 }),
    agentsDocument: await openAgents(agentsEnvelope, trust),
    inventory: await openInventory(inventoryEnvelope, trust),
    nowSeconds,
  };
}

export function agentOf(org: TestOrg, name: string = id.agentAms): TestOrg["agents"][string] {
  const agent = org.agents[name];
  if (!agent) throw new Error(`no agent ${name}`);
  return agent;
}

export const NO_DIGEST = "0".repeat(64) as Digest;

export function changeTask(
  device: string,
  over: Partial<Extract<TaskSpec, { kind: "change" }>> = {},
): Extract<TaskSpec, { kind: "change" }> {
  const text = { sha256: NO_DIGEST, bytes: 0 };
  return {
    kind: "change",
    device: device as DeviceId,
    mode: "merge",
    drift: "exact",
    source: { kind: "text" },
    text,
    preImage: NO_DIGEST,
    keyGeneration: 1,
    diff: text,
    commands: text,
    level: "B",
    undoCost: { kind: "in-place" },
    evidence: "recorded",
    touchesManagement: false,
    verify: [],
    plan: NO_DIGEST,
    ...over,
  };
}

export function makeManifest(
  org: TestOrg,
  over: Partial<Manifest> = {},
): { manifest: Manifest; bytes: Bytes; digest: Digest } {
  const manifest: Manifest = {
    type: "manifest",
    v: 1,
    org: id.org,
    salt: toBase64url(new Uint8Array(16)),
    job: "job-1" as JobId,
    site: id.ams,
    agents: [id.agentAms],
    inventory: org.inventory.digest,
    platforms: { [id.iosxe]: NO_DIGEST },
    deadlines: DEFAULT_TEST_DEADLINES,
    outputBytesMax: 10_000_000,
    tasks: [changeTask("ams-r1")],
    ...over,
  };
  const bytes = jcs(manifest);
  return { manifest, bytes, digest: sha256(bytes) };
}

export function makeWarrant(org: TestOrg, manifests: readonly Digest[], over: Partial<Warrant> = {}): Warrant {
  return {
    type: "warrant",
    v: 1,
    org: id.org,
    job: "job-1" as JobId,
    kind: "change",
    title: "a change",
    reason: "because",
    author: id.ann,
    policy: { id: id.policy, version: 1 },
    keysVersion: 1,
    inventory: org.inventory.digest,
    risk: "change",
    sites: [id.ams],
    iat: org.nowSeconds,
    nbf: org.nowSeconds,
    exp: org.nowSeconds + 3600,
    attemptsMax: 1,
    accepts: { levelE: [], simulatedEvidence: [] },
    waves: [{ notBefore: org.nowSeconds, manifests: manifests.map((_, index) => index) }],
    manifests: [...manifests],
    ...over,
  };
}

export function makeGrant(org: TestOrg, over: Partial<Grant> = {}): Grant {
  return {
    type: "grant",
    v: 1,
    org: id.org,
    id: "reads" as GrantId,
    author: id.ann,
    policy: { id: id.policy, version: 1 },
    keysVersion: 1,
    sites: [id.ams, id.lon],
    selectors: [{}],
    kinds: ["collect", "run", "check", "plan"],
    commands: ["show version"],
    rate: { devicesPerMinute: 1000 },
    inventory: org.inventory.digest,
    iat: org.nowSeconds,
    nbf: org.nowSeconds,
    exp: org.nowSeconds + 86_400,
    ...over,
  };
}

/** Signed in calm by ann and bob, for oli. */
export function makeBreakglass(org: TestOrg, over: Partial<Breakglass> = {}): Breakglass {
  return {
    type: "breakglass",
    v: 1,
    org: id.org,
    id: "night" as BreakglassId,
    author: id.ann,
    policy: { id: id.policy, version: 1 },
    keysVersion: 1,
    site: id.ams,
    agents: [id.agentAms],
    oncall: [id.oli],
    useSecondsMax: 3600,
    reason: "the pager goes at night",
    iat: org.nowSeconds,
    nbf: org.nowSeconds,
    exp: org.nowSeconds + 30 * 86_400,
    ...over,
  };
}

export function makeOffer(org: TestOrg, over: Partial<Offer> & Pick<Offer, "manifest" | "authority" | "nonce">): Offer {
  return {
    type: "offer",
    v: 1,
    org: id.org,
    hub: "hub-1",
    agent: id.agentAms,
    attempt: 1,
    sequence: 1,
    fence: 1,
    iat: org.nowSeconds,
    exp: org.nowSeconds + 600,
    ...over,
  };
}
