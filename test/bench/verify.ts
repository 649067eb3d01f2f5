import { fromBase64url, jcs } from "../../shared/bytes.ts";
import type { Inventory } from "../../shared/documents/inventory.ts";
import { signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { DeviceId, PersonId } from "../../shared/ids.ts";
import { generateSigningJwk, importSigningKey, signerFrom, type Signer } from "../../shared/keys.ts";
import {
  changeTask,
  id,
  makeManifest,
  makeOrg,
  makeWarrant,
  NO_DIGEST,
  type TestOrg,
} from "../../shared/testing/org.ts";
import { verifyWork, type VerifierContext } from "../../shared/verify/work.ts";
import type { BenchOptions } from "./main.ts";
import { round, spread } from "./statistics.ts";

const TASKS = 500;
const SIGNATURES = [1, 3, 16];
const ENVELOPE_BYTES_MAX = 512 * 1024;
const deviceName = (index: number): string => `ams-r${index + 1}`;

/** What an agent does before it believes 500 tasks, beside the bare Ed25519 checks of the same signatures. */
export async function benchVerify(options: BenchOptions): Promise<object> {
  const rounds = Number(options.rounds ?? 40);
  const approvers = await Promise.all(Array.from({ length: 15 }, async () => signerFrom(await generateSigningJwk())));
  const org = await makeOrg({ keys: withApprovers(approvers), place: manyDevices });
  const context: VerifierContext = {
    trust: org.trust,
    inventory: org.inventory,
    agent: id.agentAms,
    site: id.ams,
    time: { nowMs: org.nowSeconds * 1000, errorMs: 0, floorMs: 0 },
    riskOf: () => "change",
    platformDigest: () => NO_DIGEST,
  };
  const signers = [org.people.ann, ...approvers];
  const measured = [];
  for (const count of SIGNATURES) measured.push(await measure(org, signers.slice(0, count), context, rounds));
  return {
    schema: "farhand.bench-verify/1",
    tasks: TASKS,
    rounds,
    measured,
    budget: { verifyMs: "10 + 3 x bareMs", envelopeBytesMax: ENVELOPE_BYTES_MAX },
    met: measured.every((one) => one.met),
  };
}

async function measure(org: TestOrg, signers: readonly Signer[], context: VerifierContext, rounds: number) {
  const tasks = Array.from({ length: TASKS }, (_, index) => changeTask(deviceName(index)));
  const made = makeManifest(org, { tasks });
  const authority = await signEnvelope("farhand-warrant+jws", makeWarrant(org, [made.digest]), signers);
  const checks = await bareChecks(authority, signers);
  const ours: number[] = [];
  const bare: number[] = [];
  // In turns, so that what slows the machine slows both; the first rounds only warm it.
  for (let turn = -5; turn < rounds; turn += 1) {
    const verified = await timed(() =>
      verifyWork({ authorityKind: "warrant", authority, manifest: made.bytes }, context),
    );
    const checked = await timed(async () => {
      for (const check of checks) if (!(await check())) throw new Error("a bare check failed");
    });
    if (turn < 0) continue;
    ours.push(verified);
    bare.push(checked);
  }
  const verifyMs = spread(ours);
  const bareMs = spread(bare);
  const budgetMs = round(10 + 3 * bareMs.median);
  const envelopeBytes = jcs(authority).length;
  return {
    signatures: signers.length,
    verifyMs,
    bareMs,
    ratio: round(verifyMs.median / bareMs.median),
    budgetMs,
    envelopeBytes,
    manifestBytes: made.bytes.length,
    met: verifyMs.median <= budgetMs && envelopeBytes <= ENVELOPE_BYTES_MAX && made.bytes.length <= ENVELOPE_BYTES_MAX,
  };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** One check for each signature: the key is imported and the signed bytes are put together before the clock starts. */
async function bareChecks(envelope: Envelope, signers: readonly Signer[]): Promise<(() => Promise<boolean>)[]> {
  return Promise.all(
    envelope.signatures.map(async (signature, index) => {
      const signer = signers[index];
      if (!signer) throw new Error("more signatures than signers");
      const key = await importSigningKey(signer.publicKey);
      const bytes = new TextEncoder().encode(`${signature.protected}.${envelope.payload}`);
      const raw = fromBase64url(signature.signature);
      return () => crypto.subtle.verify("Ed25519", key, raw, bytes);
    }),
  );
}

/** The author may sign alone here, so that one, three and sixteen signatures are measured under one policy. */
const withApprovers =
  (approvers: readonly Signer[]): NonNullable<Parameters<typeof makeOrg>[0]>["keys"] & object =>
  (keys) => ({
    ...keys,
    people: [
      ...keys.people,
      ...approvers.map((signer, index) => ({
        id: `approver-${index}` as PersonId,
        name: `Approver ${index}`,
        keys: [{ kid: signer.kid, publicKey: signer.publicKey }],
        roles: [{ role: "approver" as const, sites: ["*" as const] }],
      })),
    ],
    policies: keys.policies.map((policy) => ({
      ...policy,
      rules: { ...policy.rules, change: { approvers: 0, onePerson: true } },
    })),
  });

/** The first device of the test organisation, five hundred times; the others as they are. */
function manyDevices(device: Inventory["devices"][number]): Inventory["devices"] {
  if (device.id === deviceName(1)) return [];
  if (device.id !== deviceName(0)) return [device];
  return Array.from({ length: TASKS }, (_, index) => ({ ...device, id: deviceName(index) as DeviceId }));
}
