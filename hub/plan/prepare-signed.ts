import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { authorRole } from "../../shared/trust.ts";
import type { JobRequest } from "../api/contract/views.ts";
import { findBlob } from "../store/blobs.ts";
import { TASKS_PER_CHANGE_MANIFEST } from "./defaults.ts";
import { buildManifest } from "./manifests.ts";
import { commonOf, newJobId, sitesOf, type Prepared, type SubmitDeps } from "./prepared.ts";
import { Places, refuseDoubles, sharesOf } from "./spread.ts";
import { buildWarrant, requireAuthor, signersNeeded } from "./warrant.ts";

type SignedRequest = Extract<JobRequest, { kind: "rotate" | "reveal" }>;

/** What is signed as it was asked for, without a plan: a password's rotation, the opening of a sealed configuration. */
export async function prepareSigned(deps: SubmitDeps, request: SignedRequest): Promise<Prepared> {
  const { state, inventory } = deps.trust.requireInventory();
  const { kind, devices, author, title, reason, notBefore, lifetimeSeconds } = request;
  refuseDoubles(devices, "devices");
  const places = new Places(inventory, state.agents?.document);
  const id = newJobId(deps);
  const common = commonOf({ trust: deps.trust, inventory }, id, request);
  const tasks = devices.map((device): TaskSpec => {
    const bound = inventory.device(device)?.credential;
    if (request.kind === "rotate" && bound !== undefined && bound !== request.credential)
      throw new FarhandError("CREDENTIAL_BINDING", `${device} is bound to ${bound}, not to ${request.credential}`);
    return taskOf(request, device);
  });
  if (request.kind === "reveal" && !(await findBlob(deps.store, request.sealed.sha256)))
    throw new FarhandError("NOT_FOUND", `no sealed text ${request.sealed.sha256}`);
  const shares = sharesOf(tasks, (task) => places.of(task.device), TASKS_PER_CHANGE_MANIFEST);
  const manifests = shares.map((share) =>
    buildManifest(common, share, { wave: 0, platforms: {}, randomBytes: deps.randomBytes }),
  );
  requireAuthor(state.trust, author, sitesOf(manifests), authorRole(kind));
  const risk = kind === "rotate" ? ("destructive" as const) : ("read" as const);
  const accepts = request.kind === "rotate" ? request.accepts : undefined;
  const asked = { job: id, kind, title, reason, author, risk, notBefore, lifetimeSeconds, accepts };
  const warrant = buildWarrant(
    state.trust,
    inventory.digest,
    { ...asked, attemptsMax: undefined, waves: [undefined] },
    manifests,
    deps.clock.nowMs(),
  );
  return {
    job: {
      id,
      kind,
      title,
      reason,
      author,
      risk,
      signers: [],
      devices: devices.length,
      authority: "warrant",
      grantId: null,
      authoritySha256: warrant.sha256,
      signersNeeded: signersNeeded(warrant.policy, risk),
      notBeforeMs: warrant.warrant.nbf * 1000,
      expMs: warrant.warrant.exp * 1000,
      waves: [{ notBeforeMs: warrant.warrant.nbf * 1000 }],
    },
    manifests,
    work: { purpose: "work", authority: { kind: "warrant", sha256: warrant.sha256 } },
    warrant,
    grant: null,
    event: { type: "composed" },
  };
}

function taskOf(request: SignedRequest, device: DeviceId): TaskSpec {
  switch (request.kind) {
    case "rotate":
      return { kind: "rotate", device, credential: request.credential, password: request.password };
    case "reveal": {
      const { sealed, public: digest, author: person, to, reason } = request;
      return { kind: "reveal", device, sealed, public: digest, person, to, reason };
    }
    default:
      return request satisfies never;
  }
}
