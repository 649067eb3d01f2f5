import { FarhandError } from "../../shared/errors.ts";
import type { Store } from "../../shared/store.ts";
import { checkGrantScope } from "../../shared/verify/grant-scope.ts";
import type { JobRequest } from "../api/contract/views.ts";
import { findBlob } from "../store/blobs.ts";
import { TASKS_PER_CHANGE_MANIFEST } from "./defaults.ts";
import { checkRequest, lifetimeOf, usableBreakglass } from "./breakglass.ts";
import { usableGrant } from "./grants.ts";
import { buildManifest } from "./manifests.ts";
import { commonOf, newJobId, sitesOf, type Prepared, type SubmitDeps } from "./prepared.ts";
import { Places, refuseDoubles, sharesOf } from "./spread.ts";
import { standbysFrom } from "./standbys.ts";
import { policyOfSites, requireAuthor, signersNeeded, validityOf } from "./warrant.ts";

type ChangeRequest = Extract<JobRequest, { kind: "change" }>;

/** Everything of a change that can be refused now is refused now: its planning takes minutes. */
export async function prepareChange(deps: SubmitDeps, request: ChangeRequest): Promise<Prepared> {
  const { state, inventory } = deps.trust.requireInventory();
  const devices = request.texts.map(({ device }) => device);
  refuseDoubles(devices, "texts");
  checkWaves(request);
  if (request.mode === "replace" && request.drift !== "exact")
    throw new FarhandError("SCHEMA", "replace is always exact");
  if (request.mode !== "replace" && request.texts.some(({ source }) => source.kind === "sealed"))
    throw new FarhandError("SCHEMA", "a sealed configuration replaces the whole");
  const places = new Places(inventory, state.agents?.document);
  const standbysOf = standbysFrom(request, state.agents?.document);
  for (const device of devices) standbysOf(places.of(device));
  const id = newJobId(deps);
  const common = commonOf({ trust: deps.trust, inventory }, id, request);
  const { mode, verify, checks } = request;
  const tasks = request.texts.map((entry) => ({
    kind: "plan" as const,
    mode,
    verify,
    ...(checks && { checks }),
    ...entry,
  }));
  const shares = sharesOf(tasks, (task) => places.of(task.device), TASKS_PER_CHANGE_MANIFEST);
  const manifests = shares.map((share) =>
    buildManifest(common, share, { wave: 0, platforms: {}, randomBytes: deps.randomBytes }),
  );
  const sites = sitesOf(manifests);
  const policy = policyOfSites(state.trust, sites);
  const nowMs = deps.clock.nowMs();
  const breakglass = request.breakglass === undefined ? null : await usableBreakglass(deps, request.breakglass);
  if (breakglass) checkRequest(breakglass, request, manifests, state.trust);
  else requireAuthor(state.trust, request.author, sites);
  const lifetimeSeconds = breakglass ? lifetimeOf(breakglass, request.lifetimeSeconds, nowMs) : request.lifetimeSeconds;
  const { nbf, exp } = validityOf({ notBefore: request.notBefore, lifetimeSeconds }, policy, nowMs);
  const { grant, sha256: digest } = await usableGrant(deps, request.grant);
  for (const { manifest } of manifests) checkGrantScope(grant, manifest, inventory);
  await requireTexts(deps.store, request);
  return {
    job: {
      id,
      kind: "change",
      title: request.title,
      reason: request.reason,
      author: request.author,
      risk: "change",
      authority: "warrant",
      grantId: grant.id,
      authoritySha256: null,
      signers: [],
      signersNeeded: breakglass ? 1 : signersNeeded(policy, "change"),
      ...(breakglass && { breakglass: breakglass.digest }),
      devices: devices.length,
      notBeforeMs: nbf * 1000,
      // Planning ends with the grant; the warrant then has its own time.
      expMs: Math.min(exp * 1000, grant.exp * 1000),
      waves: [],
    },
    manifests,
    work: { purpose: "plan", authority: { kind: "grant", sha256: digest } },
    warrant: null,
    grant,
    event: { type: "submitted", route: "plan" },
  };
}

function checkWaves(request: ChangeRequest): void {
  const known = new Set(request.texts.map(({ device }) => device));
  const named = (request.waves ?? []).flatMap((wave) => wave.devices);
  refuseDoubles(named, "waves");
  const stranger = named.find((device) => !known.has(device));
  if (stranger !== undefined) throw new FarhandError("SCHEMA", `waves: ${stranger} has no text`);
}

async function requireTexts(store: Store, request: ChangeRequest): Promise<void> {
  for (const text of new Map(request.texts.map((entry) => [entry.text.sha256, entry.text])).values()) {
    const blob = await findBlob(store, text.sha256);
    if (!blob) throw new FarhandError("BUNDLE_INCOMPLETE", `text ${text.sha256} was not uploaded`);
    if (blob.total !== text.bytes) throw new FarhandError("SCHEMA", `text ${text.sha256} has ${blob.total} bytes`);
  }
}
