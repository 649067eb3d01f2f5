import { buildCommand } from "@stricli/core";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Keys, type Role } from "../../../shared/documents/keys.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { OrgId, type PersonId } from "../../../shared/ids.ts";
import { signerFrom, type BoxPublicKey, type Signer } from "../../../shared/keys.ts";
import type { Secret } from "../../../shared/secret.ts";
import { encodeTrustFile } from "../../../shared/tuf/file.ts";
import { makeRoot, signMetadata } from "../../../shared/tuf/make.ts";
import { rootFingerprint } from "../../../shared/tuf/set.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, outputFlags, passphraseFlag, text, whole, type OutputFlags } from "../flags.ts";
import { makeKeyFile, SCRYPT, writeKeyFile, type KeyFile } from "../keys/key-file.ts";
import { newPassphrase } from "../keys/passphrase.ts";
import { canApproveEachOther, foundersOf, rolesOfTeam, TEAMS, type RoleLists, type Team } from "./founders.ts";
import { readHubKey } from "./hub-key.ts";
import { firstKeys, type Founder } from "./new-keys.ts";
import { nextSet } from "./next-set.ts";

interface Flags extends OutputFlags, Readonly<Record<Role, readonly string[]>> {
  readonly org: OrgId;
  readonly hubKeyFile: string;
  readonly team?: Team;
  readonly person: readonly string[];
  readonly onePerson: boolean;
  readonly out: string;
  readonly days: number;
  readonly passphraseFile?: string;
}

const people = (brief: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder: "P", variadic: ",", default: [] }) as const;

const DAY_MS = 86_400_000;
const ROOT_DAYS = 730;

export const trustInit = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Make an organisation's trust repository and its people's keys",
    [
      "farhand trust init --org acme --hub-key-file hub-key.json --team two --person ann,bob --out trust/",
      "farhand trust init --org acme --hub-key-file hub-key.json --team one --person ann --out trust/",
      "farhand trust init --org acme --hub-key-file hub-key.json --keyadmin kim --author ann --approver bob --out trust/",
    ],
    "Writes DIR/trust.json, which everybody keeps as what they trust; an encrypted key file for each person; root key files of the\n" +
      "keyadmins and one for the safe, which come out only when a keyadmin's key is lost; and DIR/recovery.key.json for the safe.\n" +
      "The policy is: a read needs its author; a change an author and 1 other person; a destructive change 2 others (1 in a team of two).\n" +
      "Team one: one person does all, and every receipt says so. Team two: both do everything, both sign what changes the trust documents,\n" +
      "and two of three root keys (one in the safe) replace a lost laptop. Team five: the first three keep the keys, two of them sign.",
  ),
  parameters: {
    flags: {
      ...outputFlags,
      org: { kind: "parsed", parse: as(OrgId), brief: "The organisation's id", placeholder: "ORG" },
      hubKeyFile: {
        kind: "parsed",
        parse: text,
        brief: "The hub's public key, as farhand hub init wrote it",
        placeholder: "FILE",
      },
      team: { kind: "enum", values: TEAMS, brief: "A set-up for this many people", optional: true },
      person: people('A person of the team: ann, or "ann=Ann Author"'),
      keyadmin: people("Without --team: who keeps the keys"),
      author: people("Who writes changes"),
      approver: people("Who approves changes of others"),
      oncall: people("Who may use a break-glass"),
      siteoperator: people("Who lets bundles in at sites without a line"),
      secrets: people("Who may send credentials to agents"),
      reveal: people("Who may open a sealed configuration"),
      onePerson: { kind: "boolean", brief: "The author alone may do everything", default: false, withNegated: false },
      out: { kind: "parsed", parse: text, brief: "Folder to write to", placeholder: "DIR" },
      days: {
        kind: "parsed",
        parse: whole(1, 3650),
        brief: "How long keys.json is valid",
        default: "365",
        placeholder: "N",
      },
      passphraseFile: passphraseFlag,
    },
  },
  func: command(init),
});

async function init(cli: Cli, flags: Flags) {
  const dir = resolve(cli.cwd, flags.out);
  const trustPath = join(dir, "trust.json");
  if (existsSync(trustPath)) throw new FarhandError("CONFLICT", `${trustPath} is there already`);
  const founders = foundersOf(listsOf(flags));
  const keyadmins = founders.filter((person) => person.roles.has("keyadmin"));
  const onePerson = flags.onePerson || flags.team === "one";
  if (keyadmins.length === 0) throw new FarhandError("USAGE", "nobody keeps the keys: name a --keyadmin, or a --team");
  if (!onePerson && !canApproveEachOther(founders))
    throw new FarhandError(
      "THRESHOLD",
      "no author would have another person to approve; name one more approver, or --one-person",
    );
  const hub = await readHubKey(resolve(cli.cwd, flags.hubKeyFile));
  const secret = await newPassphrase(cli, flags);
  const nowMs = cli.clock.nowMs();

  // One after the other: each takes 128 MiB for as long as it lasts.
  const made: Made[] = [];
  for (const founder of founders) made.push({ founder, ...(await newKey(founder.id, secret)) });
  const roots: RootKey[] = [];
  for (const name of [...keyadmins.map(({ id }) => id), "safe" as PersonId])
    roots.push({ name, ...(await newKey(name, secret)) });
  const recovery = await makeKeyFile("recovery" as PersonId, "X25519", secret, SCRYPT);

  const document = readAs(
    Keys,
    firstKeys({
      org: flags.org,
      people: made,
      hub,
      recovery: recovery.jwk.x as BoxPublicKey,
      onePerson,
      destructiveApprovers: flags.team === "two" ? 1 : 2,
      nowSeconds: Math.floor(nowMs / 1000),
      days: flags.days,
    }),
  );
  const signers = made.filter(({ founder }) => founder.roles.has("keyadmin")).map(({ signer }) => signer);
  const envelope = await signEnvelope("farhand-keys+jws", document, signers);
  const root = await signMetadata(
    "root",
    makeRoot({
      org: flags.org,
      version: 1,
      expiresMs: nowMs + ROOT_DAYS * DAY_MS,
      root: { keys: roots.map(({ signer }) => signer.publicKey), threshold: keyadmins.length > 1 ? 2 : 1 },
      keyadmin: {
        keys: signers.map(({ publicKey }) => publicKey),
        threshold: flags.team !== undefined && flags.team !== "one" ? 2 : 1,
      },
      hub: hub.keys.map(({ publicKey }) => publicKey),
    }),
    roots.map(({ signer }) => signer),
  );
  const set = await nextSet(undefined, { keys: envelope }, signers, nowMs);

  const files = [
    ...made.map(({ founder, file }) => ({ path: join(dir, `${founder.id}.key.json`), file })),
    ...roots.map(({ name, file }) => ({ path: join(dir, `${name}.root.key.json`), file })),
    { path: join(dir, "recovery.key.json"), file: recovery.file },
  ];
  for (const { path, file } of files) writeKeyFile(path, file);
  writeFile(trustPath, encodeTrustFile({ ...set, roots: [root] }), { mode: 0o644, fresh: true });

  const fingerprint = rootFingerprint(root);
  cli.out.data(
    "trust-init",
    { org: flags.org, fingerprint, trust: trustPath, keyFiles: files.map(({ path }) => path) },
    () =>
      [
        `trust file  ${trustPath}`,
        `fingerprint ${fingerprint}`,
        ...files.map(({ path }) => `key file    ${path}`),
      ].join("\n"),
  );
  cli.out.note(
    "Give each person their key file and trust.json. Put each root key where its owner's laptop is not, safe.root.key.json and recovery.key.json into a safe.",
  );
  cli.out.next(`farhand trust publish ${join(flags.out, "trust.json")}`);
  return undefined;
}

interface Made {
  readonly founder: Founder;
  readonly file: KeyFile;
  readonly signer: Signer;
}

interface RootKey {
  readonly name: PersonId;
  readonly file: KeyFile;
  readonly signer: Signer;
}

async function newKey(owner: PersonId, secret: Secret): Promise<{ file: KeyFile; signer: Signer }> {
  const { file, jwk } = await makeKeyFile(owner, "Ed25519", secret, SCRYPT);
  return { file, signer: await signerFrom(jwk) };
}

function listsOf(flags: Flags): RoleLists {
  const { team, person, keyadmin, author, approver, oncall, siteoperator, secrets, reveal } = flags;
  const lists = { keyadmin, author, approver, oncall, siteoperator, secrets, reveal };
  if (team === undefined) {
    if (person.length > 0) throw new FarhandError("USAGE", "--person goes with --team");
    return lists;
  }
  if (Object.values(lists).some((list) => list.length > 0))
    throw new FarhandError("USAGE", "--team settles the roles: name people with --person only");
  return rolesOfTeam(team, person);
}
