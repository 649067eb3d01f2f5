import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import { checkGrantScope } from "../../shared/verify/grant-scope.ts";
import type { JobRequest } from "../api/contract/views.ts";
import { TASKS_PER_READ_MANIFEST } from "./defaults.ts";
import { usableGrant } from "./grants.ts";
import { buildManifest } from "./manifests.ts";
import { commonOf, newJobId, sitesOf, timesOf, type Prepared, type SubmitDeps } from "./prepared.ts";
import { Places, refuseDoubles, sharesOf } from "./spread.ts";
import { buildWarrant, requireAuthor, signersNeeded } from "./warrant.ts";

type ReadRequest = Extract<JobRequest, { kind: "collect" | "check" | "run" }>;

function readTask(request: ReadRequest, device: ReadRequest["devices"][number]): TaskSpec {
  switch (request.kind) {
    case "run":
      return { kind: "run", device, commands: request.commands, ...(request.goOn && { goOn: request.goOn }) };
    case "check":
      return { kind: "check", device, ...(request.hostKeys && { hostKeys: request.hostKeys }) };
    case "collect":
      return { kind: "collect", device };
    default:
      return request satisfies never;
  }
}

/** Reads under a grant roll at once; those with an author wait for signatures. */
export async function prepareRead(deps: SubmitDeps, request: ReadRequest): Promise<Prepared> {
  const { state, inventory } = deps.trust.requireInventory();
  refuseDoubles(request.devices, "devices");
  const places = new Places(inventory, state.agents?.document, request.kind === "check" ? request.agent : undefined);
  const id = newJobId(deps);
  const common = commonOf({ trust: deps.trust, inventory }, id, request);
  const tasks = request.devices.map((device) => readTask(request, device));
  const shares = sharesOf(tasks, (task) => places.of(task.device), TASKS_PER_READ_MANIFEST);
  const manifests = shares.map((share) =>
    buildManifest(common, share, { wave: 0, platforms: {}, randomBytes: deps.randomBytes }),
  );
  const shared = {
    id,
    kind: request.kind,
    title: request.title,
    reason: request.reason,
    author: request.author ?? null,
    risk: "read" as const,
    signers: [],
    devices: request.devices.length,
  };
  if (request.grant !== undefined) {
    const { grant, sha256: digest } = await usableGrant(deps, request.grant);
    for (const { manifest } of manifests) checkGrantScope(grant, manifest, inventory);
    const times = timesOf(grant, request, deps.clock.nowMs());
    return {
      job: {
        ...shared,
        ...times,
        authority: "grant",
        grantId: grant.id,
        authoritySha256: digest,
        signersNeeded: 0,
        waves: [{ notBeforeMs: times.notBeforeMs }],
      },
      manifests,
      work: { purpose: "work", authority: { kind: "grant", sha256: digest } },
      warrant: null,
      grant,
      event: { type: "submitted", route: "grant" },
    };
  }
  if (request.author === undefined)
    throw new FarhandError("SCHEMA", "a read needs a grant, or an author who will sign");
  requireAuthor(state.trust, request.author, sitesOf(manifests));
  const { kind, title, reason, author, notBefore, lifetimeSeconds } = request;
  const asked = { job: id, kind, title, reason, author, risk: "read" as const, notBefore, lifetimeSeconds };
  const warrant = buildWarrant(
    state.trust,
    inventory.digest,
    { ...asked, attemptsMax: undefined, accepts: undefined, waves: [undefined] },
    manifests,
    deps.clock.nowMs(),
  );
  return {
    job: {
      ...shared,
      authority: "warrant",
      grantId: null,
      authoritySha256: warrant.sha256,
      signersNeeded: signersNeeded(warrant.policy, "read"),
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
