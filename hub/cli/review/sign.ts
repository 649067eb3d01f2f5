import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { sha256 } from "../../../shared/bytes.ts";
import { cosignEnvelope, openEnvelope, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { JobId } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import { authorRole, holdsRole } from "../../../shared/trust.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { as, hubFlags, passphraseFlag, text } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { confirm } from "../terminal/confirm.ts";
import { writeBundle } from "./bundle.ts";
import { openReview, reviewFlags, type Opened, type ReviewFlags } from "./open.ts";
import { reviewText } from "./render.ts";
import { signingOf } from "./signing.ts";
import { rememberReview, sinceLastReview } from "./since.ts";

interface Flags extends ReviewFlags {
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly yes: boolean;
  readonly send: boolean;
}

export const sign = buildCommand<Flags, [JobId?], CliContext>({
  docs: docs(
    "Review a job and sign it",
    [
      "farhand sign job-1234 --key bob.key.json",
      "farhand sign job-1234 --key bob.key.json --passphrase-file pass --yes --no-input",
      "farhand sign --file job-1234.bundle --key bob.key.json",
      "farhand sign --file job-1234.bundle --send",
    ],
    "Makes the same checks as review, always, and signs exactly the bytes that it checked. With --file the signature goes into\nthe bundle, with no network; --send hands a bundle's signatures to the hub.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...reviewFlags,
      key: { kind: "parsed", parse: text, brief: "Your key file", placeholder: "KEYFILE", optional: true },
      passphraseFile: passphraseFlag,
      yes: { kind: "boolean", brief: "Sign without asking", default: false, withNegated: false },
      send: { kind: "boolean", brief: "Hand the bundle's signatures to the hub", default: false, withNegated: false },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB", optional: true }] },
  },
  func: command(signJob),
});

async function signJob(cli: Cli, flags: Flags, job?: JobId) {
  if (flags.key === undefined && !(flags.send && flags.file !== undefined))
    throw new FarhandError("USAGE", "whose signature? Give --key KEYFILE");
  const opened = await openReview(cli, flags, job);
  if (flags.key === undefined) return send(cli, flags, opened);
  cli.out.note(reviewText(opened.review, cli.out.noteStyle, sinceLastReview(cli, opened.review)));
  rememberReview(cli, opened.review, cli.clock.nowMs());
  if (!(await confirm(cli, flags, `Sign job ${opened.bundle.job}?`))) return EXIT.canceled;
  const signer = await signerFromFile(cli, flags, flags.key);
  const person = personFor(signer, opened);
  const signed = await signExactly(opened, signer);
  const signatures = merged(opened, signed);
  const warrant = { ...opened.bundle.warrant, signatures };
  const signing = await signingOf(warrant, opened.review.warrant, opened.trusted.store);
  if (flags.file !== undefined) writeBundle(resolve(cli.cwd, flags.file), { ...opened.bundle, warrant });
  const view = await opened.client?.call("addSignatures", { params: { id: opened.bundle.job }, body: signed });
  cli.out.data(
    "signed",
    {
      job: opened.bundle.job,
      person,
      kid: signer.kid,
      warrantSha256: opened.review.digest,
      state: view?.state ?? null,
      complete: signing.complete,
    },
    () =>
      `signed by ${person}; ${signing.complete ? "it has all signatures" : `${Math.max(0, signing.approversNeeded - signing.approvers.length) + (signing.author.signed ? 0 : 1)} more needed`}${view ? `; job is ${view.state}` : ""}`,
  );
  if (flags.file !== undefined) {
    if (flags.send) return send(cli, flags, { ...opened, bundle: { ...opened.bundle, warrant } });
    cli.out.next(
      signing.complete
        ? `farhand sign --file ${flags.file} --send`
        : `hand ${flags.file} to an approver: farhand sign --file ${flags.file} --key KEYFILE`,
    );
  } else
    cli.out.next(
      signing.complete
        ? `farhand job watch ${opened.bundle.job}`
        : `an approver: farhand sign ${opened.bundle.job} --key KEYFILE`,
    );
  return undefined;
}

/** A signature that would count for nothing is not made: it would only look like one. */
export function personFor(signer: Signer, { trusted, review }: Opened): string {
  const person = trusted.store.personOf(signer.kid);
  if (!person) throw new FarhandError("SIGNATURE_MISSING", "keys.json does not list this key, or it is revoked");
  const { warrant } = review;
  const { breakglass } = warrant;
  if (breakglass !== undefined && person.id !== warrant.author)
    throw new FarhandError("THRESHOLD", `under a break-glass ${warrant.author} signs, who is on call, and nobody else`);
  const counts =
    person.id === warrant.author
      ? breakglass !== undefined || holdsRole(person, authorRole(warrant.kind), warrant.sites)
      : holdsRole(person, "approver", warrant.sites);
  if (!counts)
    throw new FarhandError(
      "THRESHOLD",
      `${person.id} is neither the author nor an approver at ${warrant.sites.join(", ")}: the signature would not count`,
    );
  return person.id;
}

/** One signature over the payload that was reviewed, opened again before it leaves: never over anything that was fetched since. */
export async function signExactly({ bundle, review, trusted }: Opened, signer: Signer): Promise<Envelope> {
  const envelope = await cosignEnvelope(
    "farhand-warrant+jws",
    { payload: bundle.warrant.payload, signatures: [] },
    signer,
  );
  const opened = await openEnvelope("farhand-warrant+jws", envelope, trusted.store.personKey);
  if (sha256(opened.bytes) !== review.digest)
    throw new FarhandError("INTERNAL", "signed other bytes than were reviewed");
  return envelope;
}

function merged({ bundle }: Opened, signed: Envelope): Envelope["signatures"] {
  const others = bundle.warrant.signatures.filter(
    (entry) => !signed.signatures.some((own) => own.protected === entry.protected),
  );
  return [...others, ...signed.signatures];
}

async function send(cli: Cli, flags: Flags, { bundle }: Opened) {
  const { payload, signatures } = bundle.warrant;
  if (signatures.length === 0) throw new FarhandError("SIGNATURE_MISSING", "the bundle holds no signature yet");
  const view = await clientOf(cli, flags).call("addSignatures", {
    params: { id: bundle.job },
    body: { payload, signatures },
  });
  cli.out.data(
    "signatures-sent",
    { job: bundle.job, state: view.state, signers: view.signers },
    () => `job ${bundle.job} is ${view.state}`,
  );
  cli.out.next(`farhand job watch ${bundle.job}`);
  return undefined;
}
