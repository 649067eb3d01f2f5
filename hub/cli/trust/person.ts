import { buildCommand } from "@stricli/core";
import { Role, RoleGrant, type Keys, type Person } from "../../../shared/documents/keys.ts";
import { readAs } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { KeyId, PersonId } from "../../../shared/ids.ts";
import { keyIdOf, SigningPublicKey } from "../../../shared/keys.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { publishEdit } from "./edit.ts";
import { loadTrust, type Trusted } from "./load.ts";

interface RoleFlags extends HubFlags, KeyFlags {
  readonly role: readonly string[];
}
interface AddFlags extends RoleFlags {
  readonly publicKey: SigningPublicKey;
  readonly fingerprint: KeyId;
  readonly name?: string;
}
interface RevokeFlags extends HubFlags, KeyFlags {
  readonly reason: "rotated" | "left" | "compromised";
}

const person = {
  kind: "tuple",
  parameters: [{ parse: as(PersonId), brief: "Person", placeholder: "PERSON" }],
} as const;
const role = {
  kind: "parsed",
  parse: text,
  brief: `What they may do, and where: author, or approver@ams,lon. One of ${Role.options.join(", ")}`,
  placeholder: "ROLE[@SITE,...]",
  variadic: true,
} as const;

export const personAdd = buildCommand<AddFlags, [PersonId], CliContext>({
  docs: docs(
    "Let a person sign",
    [
      "farhand trust person add dan --public-key KEY --fingerprint KID --role author --role approver@ams --key kim.key.json",
    ],
    "They made the key themselves (farhand key new) and read its fingerprint to you, not the hub.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      publicKey: { kind: "parsed", parse: as(SigningPublicKey), brief: "As key new printed it", placeholder: "KEY" },
      fingerprint: { kind: "parsed", parse: as(KeyId), brief: "As the person read it to you", placeholder: "KID" },
      name: { kind: "parsed", parse: text, brief: "Their name", placeholder: "NAME", optional: true },
      role,
    },
    positional: person,
  },
  func: command(add),
});

async function add(cli: Cli, flags: AddFlags, id: PersonId) {
  const { publicKey, fingerprint } = flags;
  if ((await keyIdOf(publicKey)) !== fingerprint)
    throw new FarhandError("CHALLENGE", "the public key has another fingerprint; do not add it before you know why");
  const roles = rolesOf(flags.role);
  if (roles.length === 0) throw new FarhandError("USAGE", "what may they do? Give --role");
  return edit(cli, flags, id, (keys) => {
    if (keys.people.some((entry) => entry.id === id))
      throw new FarhandError("CONFLICT", `${id} is there; a new key: farhand trust rotate person ${id}`);
    const entry: Person = { id, name: flags.name ?? id, keys: [{ kid: fingerprint, publicKey }], roles };
    return { ...keys, people: [...keys.people, entry] };
  });
}

export const personRoles = buildCommand<RoleFlags, [PersonId], CliContext>({
  docs: docs("Change what a person may sign", [
    "farhand trust person roles bob --role approver --role siteoperator@plant --key kim.key.json",
  ]),
  parameters: { flags: { ...hubFlags, ...keyFlags, role }, positional: person },
  func: command((cli: Cli, flags: RoleFlags, id: PersonId) =>
    edit(cli, flags, id, (keys) => {
      requirePerson(keys, id);
      const roles = rolesOf(flags.role);
      return { ...keys, people: keys.people.map((entry) => (entry.id === id ? { ...entry, roles } : entry)) };
    }),
  ),
});

export const personRevoke = buildCommand<RevokeFlags, [PersonId], CliContext>({
  docs: docs(
    "Take a person's keys out of use",
    [
      "farhand trust person revoke bob --reason left --key kim.key.json",
      "farhand trust person revoke bob --reason compromised --key kim.key.json",
    ],
    "left: what they signed before still counts where an agent had witnessed it. compromised: nothing of theirs counts any more.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      reason: { kind: "enum", values: ["left", "compromised", "rotated"], brief: "Why" },
    },
    positional: person,
  },
  func: command(revoke),
});

async function revoke(cli: Cli, flags: RevokeFlags, id: PersonId) {
  return edit(cli, flags, id, (keys, trusted) => {
    const { keys: theirs } = requirePerson(keys, id);
    const rootKids = readMetadata("root", trusted.view.set.root).signed.roles.targets.keyids;
    if (theirs.some(({ kid }) => rootKids.includes(kid)))
      cli.out.note(`root.json still names ${id}'s key: farhand trust rotate keyadmin ${id}`);
    const at = Math.floor(cli.clock.nowMs() / 1000);
    return { ...keys, revoked: [...keys.revoked, ...revocations(keys, id, flags.reason, at)] };
  });
}

/** Every key of a person that is in use. `compromised` comes over whatever was said before. */
export function revocations(keys: Keys, id: PersonId, reason: RevokeFlags["reason"], at: number): Keys["revoked"] {
  const said = new Set(
    keys.revoked.filter((entry) => reason !== "compromised" || entry.reason === reason).map(({ kid }) => kid),
  );
  return requirePerson(keys, id)
    .keys.filter(({ kid }) => !said.has(kid))
    .map(({ kid }) => ({ kid, reason, at }));
}

export function requirePerson(keys: Keys, id: PersonId): Person {
  const found = keys.people.find((entry) => entry.id === id);
  if (!found)
    throw new FarhandError(
      "NOT_FOUND",
      `no person ${id} in keys.json: ${keys.people.map((entry) => entry.id).join(", ")}`,
    );
  return found;
}

function rolesOf(given: readonly string[]): Person["roles"] {
  return given.map((entry) => {
    const [name, sites = "*"] = entry.split("@");
    return readAs(RoleGrant, { role: name, sites: sites.split(",") });
  });
}

async function edit(
  cli: Cli,
  flags: HubFlags & KeyFlags,
  id: PersonId,
  change: (keys: Keys, trusted: Trusted) => Keys,
) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const signer = await signerFromFile(cli, flags, flags.key);
  const inForce = await publishEdit(cli, client, trusted, { keys: (keys) => change(keys, trusted), signer });
  const version = trusted.store.keys.document.version + 1;
  cli.out.data("trust-person", { person: id, keys: version, inForce }, () =>
    inForce
      ? `${id}: keys.json version ${version} is in force`
      : `${id}: keys.json version ${version} waits for its signatures`,
  );
  return undefined;
}
