import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import type { Keys } from "../../../shared/documents/keys.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { KeyId, PersonId } from "../../../shared/ids.ts";
import { keyIdOf, SigningPublicKey } from "../../../shared/keys.ts";
import { nextRoot, replaceKey, signMetadata } from "../../../shared/tuf/make.ts";
import { readMetadata, type RootSigned } from "../../../shared/tuf/metadata.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { publishEdit } from "./edit.ts";
import { readHubKey } from "./hub-key.ts";
import { loadTrust } from "./load.ts";
import { requirePerson, revocations } from "./person.ts";

const DAY_MS = 86_400_000;
const ROOT_DAYS = 730;

type Reason = "rotated" | "compromised";
interface NewKey {
  readonly publicKey: SigningPublicKey;
  readonly fingerprint: KeyId;
}
interface PersonFlags extends HubFlags, KeyFlags, NewKey {
  readonly reason: Reason;
}
interface RootFlags extends HubFlags, KeyFlags {
  readonly rootKey: readonly string[];
}
interface KeyadminFlags extends RootFlags, NewKey {
  readonly reason: Reason;
}
interface RootRotateFlags extends RootFlags, Partial<NewKey> {
  readonly replace?: KeyId;
}
interface HubRotateFlags extends RootFlags {
  readonly hubKeyFile: string;
}

const newKey = {
  publicKey: {
    kind: "parsed",
    parse: as(SigningPublicKey),
    brief: "The new key, as key new printed it",
    placeholder: "KEY",
  },
  fingerprint: { kind: "parsed", parse: as(KeyId), brief: "As its owner read it to you", placeholder: "KID" },
} as const;
const reason = {
  kind: "enum",
  values: ["rotated", "compromised"],
  brief: "compromised voids all that the old key signed",
} as const;
const rootKey = {
  kind: "parsed",
  parse: text,
  brief: "Root key files at hand; others can sign the draft",
  placeholder: "KEYFILE",
  variadic: ",",
  default: [],
} as const;
const person = {
  kind: "tuple",
  parameters: [{ parse: as(PersonId), brief: "Person", placeholder: "PERSON" }],
} as const;

export const rotatePerson = buildCommand<PersonFlags, [PersonId], CliContext>({
  docs: docs("Give a person a new key for an old one", [
    "farhand trust rotate person ann --public-key KEY --fingerprint KID --reason rotated --key kim.key.json",
  ]),
  parameters: { flags: { ...hubFlags, ...keyFlags, ...newKey, reason }, positional: person },
  func: command(async (cli: Cli, flags: PersonFlags, id: PersonId) => {
    await requireFingerprint(flags);
    const client = clientOf(cli, flags);
    const trusted = await loadTrust(cli, flags, client);
    const signer = await signerFromFile(cli, flags, flags.key);
    const keys = (held: Keys): Keys => withNewKey(cli, held, id, flags);
    return said(cli, `key of ${id}`, await publishEdit(cli, client, trusted, { keys, signer }));
  }),
});

export const rotateKeyadmin = buildCommand<KeyadminFlags, [PersonId], CliContext>({
  docs: docs(
    "Replace a keyadmin's key, lost or stolen",
    [
      "farhand trust rotate keyadmin bob --public-key KEY --fingerprint KID --reason compromised --root-key ann.root.key.json,safe.root.key.json --key ann.key.json",
    ],
    "Root's threshold signs the next root.json; the keyadmins that it names sign the documents. What is missing goes into a draft: farhand trust sign.",
  ),
  parameters: { flags: { ...hubFlags, ...keyFlags, ...newKey, reason, rootKey }, positional: person },
  func: command(async (cli: Cli, flags: KeyadminFlags, id: PersonId) => {
    await requireFingerprint(flags);
    const client = clientOf(cli, flags);
    const trusted = await loadTrust(cli, flags, client);
    const held = trusted.view.set.root;
    const { roles } = readMetadata("root", held).signed;
    const old = requirePerson(trusted.store.keys.document, id).keys.find(({ kid }) =>
      roles.targets.keyids.includes(kid),
    );
    if (!old) throw new FarhandError("NOT_FOUND", `root.json names no keyadmin key of ${id}`);
    const root = await signedRoot(cli, flags, replaceKey(readMetadata("root", held).signed, old.kid, flags.publicKey));
    const signer = await signerFromFile(cli, flags, flags.key);
    const keys = (document: Keys): Keys => withNewKey(cli, document, id, flags);
    return said(cli, `keyadmin key of ${id}`, await publishEdit(cli, client, trusted, { keys, root, signer }));
  }),
});

export const rotateRoot = buildCommand<RootRotateFlags, [], CliContext>({
  docs: docs(
    "Renew root.json, or replace a root key",
    [
      "farhand trust rotate root --root-key ann.root.key.json,safe.root.key.json --key ann.key.json",
      "farhand trust rotate root --replace KID --public-key KEY --fingerprint KID --root-key ann.root.key.json,safe.root.key.json --key ann.key.json",
    ],
    `It is valid for ${ROOT_DAYS} days from now. Without --replace nothing else changes.`,
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      rootKey,
      replace: {
        kind: "parsed",
        parse: as(KeyId),
        brief: "The root key that goes",
        placeholder: "KID",
        optional: true,
      },
      publicKey: { ...newKey.publicKey, optional: true },
      fingerprint: { ...newKey.fingerprint, optional: true },
    },
  },
  func: command(async (cli: Cli, flags: RootRotateFlags) => {
    const client = clientOf(cli, flags);
    const trusted = await loadTrust(cli, flags, client);
    const held = readMetadata("root", trusted.view.set.root).signed;
    const { replace, publicKey, fingerprint } = flags;
    let next = held;
    if (replace !== undefined) {
      if (publicKey === undefined || fingerprint === undefined)
        throw new FarhandError("USAGE", "--replace goes with --public-key and --fingerprint");
      await requireFingerprint({ publicKey, fingerprint });
      if (!held.roles.root.keyids.includes(replace)) throw new FarhandError("NOT_FOUND", `${replace} is no root key`);
      next = replaceKey(held, replace, publicKey);
    }
    const root = await signedRoot(cli, flags, next);
    const signer = await signerFromFile(cli, flags, flags.key);
    return said(cli, "root.json", await publishEdit(cli, client, trusted, { root, signer }));
  }),
});

export const rotateHub = buildCommand<HubRotateFlags, [], CliContext>({
  docs: docs(
    "Believe another key of the hub",
    [
      "farhand trust rotate hub --hub-key-file hub-key.json --root-key ann.root.key.json,safe.root.key.json --key ann.key.json",
    ],
    "Agents forget every timestamp of the old key, so that a hub that ran ahead with its versions is overtaken (TUF 5.3.11).",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      rootKey,
      hubKeyFile: { kind: "parsed", parse: text, brief: "The new hub's public key", placeholder: "FILE" },
    },
  },
  func: command(async (cli: Cli, flags: HubRotateFlags) => {
    const client = clientOf(cli, flags);
    const trusted = await loadTrust(cli, flags, client);
    const hub = await readHubKey(resolve(cli.cwd, flags.hubKeyFile));
    const held = readMetadata("root", trusted.view.set.root).signed;
    const [old, ...more] = held.roles.timestamp.keyids;
    const [key] = hub.keys;
    if (!old || !key || more.length > 0) throw new FarhandError("CONFLICT", "root.json names several keys of the hub");
    const root = await signedRoot(cli, flags, replaceKey(held, old, key.publicKey));
    const signer = await signerFromFile(cli, flags, flags.key);
    const keys = (document: Keys): Keys => ({ ...document, hub: { ...document.hub, ...hub } });
    return said(cli, "hub key", await publishEdit(cli, client, trusted, { keys, root, signer }));
  }),
});

async function requireFingerprint({ publicKey, fingerprint }: NewKey): Promise<void> {
  if ((await keyIdOf(publicKey)) !== fingerprint)
    throw new FarhandError("CHALLENGE", "the public key has another fingerprint; do not take it before you know why");
}

function withNewKey(cli: Cli, keys: Keys, id: PersonId, flags: NewKey & { readonly reason: Reason }): Keys {
  const revoked = revocations(keys, id, flags.reason, Math.floor(cli.clock.nowMs() / 1000));
  const entry = { kid: flags.fingerprint, publicKey: flags.publicKey };
  const people = keys.people.map((held) => (held.id === id ? { ...held, keys: [...held.keys, entry] } : held));
  return { ...keys, people, revoked: [...keys.revoked, ...revoked] };
}

async function signedRoot(cli: Cli, flags: RootFlags, next: RootSigned) {
  const signers = [];
  for (const file of flags.rootKey) signers.push(await signerFromFile(cli, flags, file));
  return signMetadata("root", nextRoot(next, cli.clock.nowMs() + ROOT_DAYS * DAY_MS), signers);
}

function said(cli: Cli, what: string, inForce: boolean): undefined {
  cli.out.data("trust-rotated", { what, inForce }, () =>
    inForce ? `${what}: in force` : `${what}: waits for its signatures`,
  );
  return undefined;
}
