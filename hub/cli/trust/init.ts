import { buildCommand } from "@stricli/core";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { jcs, sha256 } from "../../../shared/bytes.ts";
import { Keys, type Role } from "../../../shared/documents/keys.ts";
import { envelopeBytes, readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { OrgId, PersonId } from "../../../shared/ids.ts";
import { signerFrom, type BoxPublicKey } from "../../../shared/keys.ts";
import type { Secret } from "../../../shared/secret.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, outputFlags, passphraseFlag, text, whole, type OutputFlags } from "../flags.ts";
import { makeKeyFile, SCRYPT, writeKeyFile } from "../keys/key-file.ts";
import { newPassphrase } from "../keys/passphrase.ts";
import { readHubKey } from "./hub-key.ts";
import { firstKeys, type Founder } from "./new-keys.ts";

interface Flags extends OutputFlags {
  readonly org: OrgId;
  readonly hubKeyFile: string;
  readonly keyadmin: readonly string[];
  readonly author: readonly string[];
  readonly approver: readonly string[];
  readonly onePerson: boolean;
  readonly out: string;
  readonly days: number;
  readonly passphraseFile?: string;
}

const people = (role: string) =>
  ({
    kind: "parsed",
    parse: text,
    brief: `A person with the ${role} role: ann, or "ann=Ann Author"`,
    placeholder: "P",
    variadic: ",",
  }) as const;

export const trustInit = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Make an organisation's first keys.json and its people's keys",
    [
      "farhand trust init --org acme --hub-key-file hub-key.json --keyadmin kim --author ann --approver bob --out trust/",
      "farhand trust init --org acme --hub-key-file hub-key.json --keyadmin ann --author ann --approver ann --one-person --out trust/",
    ],
    "Writes DIR/keys.json, an encrypted key file for each person and DIR/recovery.key.json, which belongs in a safe.\n" +
      "The policy is: a read needs its author; a change an author and 1 other person; a destructive change 2 others.\n" +
      "--one-person signs a smaller policy, and every receipt then says so.",
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
      keyadmin: people("keyadmin"),
      author: people("author"),
      approver: people("approver"),
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
  if (existsSync(join(dir, "keys.json")))
    throw new FarhandError("CONFLICT", `${join(dir, "keys.json")} is there already`);
  const founders = foundersOf(flags);
  const others = founders.filter((person) => person.roles.has("approver")).length;
  if (
    !flags.onePerson &&
    founders.every((person) => !person.roles.has("author") || others - (person.roles.has("approver") ? 1 : 0) < 1)
  ) {
    throw new FarhandError(
      "THRESHOLD",
      "no author would have another person to approve; name one more approver, or --one-person",
    );
  }
  const hub = await readHubKey(resolve(cli.cwd, flags.hubKeyFile));
  const secret = await newPassphrase(cli, flags);
  const made = await Promise.all(founders.map((founder) => personKey(founder, secret)));
  const recovery = await makeKeyFile("recovery" as PersonId, "X25519", secret, SCRYPT);
  const nowSeconds = Math.floor(cli.clock.nowMs() / 1000);
  const document = readAs(
    Keys,
    firstKeys({
      org: flags.org,
      people: made,
      hub,
      recovery: recovery.jwk.x as BoxPublicKey,
      onePerson: flags.onePerson,
      nowSeconds,
      days: flags.days,
    }),
  );
  const keyadmins = made.filter(({ founder }) => founder.roles.has("keyadmin")).map(({ signer }) => signer);
  const envelope = await signEnvelope("farhand-keys+jws", document, keyadmins);
  const files = made.map(({ founder, file }) => ({ path: join(dir, `${founder.id}.key.json`), file }));
  files.push({ path: join(dir, "recovery.key.json"), file: recovery.file });
  for (const { path, file } of files) writeKeyFile(path, file);
  writeFile(join(dir, "keys.json"), envelopeBytes(envelope), { mode: 0o644, fresh: true });

  const fingerprint = sha256(jcs(document));
  cli.out.data(
    "trust-init",
    { org: flags.org, fingerprint, keys: join(dir, "keys.json"), keyFiles: files.map(({ path }) => path) },
    () =>
      [
        `keys.json   ${join(dir, "keys.json")}`,
        `fingerprint ${fingerprint}`,
        ...files.map(({ path }) => `key file    ${path}`),
      ].join("\n"),
  );
  cli.out.note("Give each person their key file. Put recovery.key.json where no machine on the network reads it.");
  cli.out.next(`farhand trust publish ${join(flags.out, "keys.json")}`);
  return undefined;
}

async function personKey(founder: Founder, secret: Secret) {
  const { file, jwk } = await makeKeyFile(founder.id, "Ed25519", secret, SCRYPT);
  return { founder, file, signer: await signerFrom(jwk) };
}

/** One entry for each person, whatever the number of roles: a person counts once. */
function foundersOf(flags: Pick<Flags, "keyadmin" | "author" | "approver">): Founder[] {
  const found = new Map<PersonId, { name: string; roles: Set<Role> }>();
  for (const role of ["author", "approver", "keyadmin"] as const) {
    for (const given of flags[role]) {
      const [idText = "", name] = given.split(/=(.*)/s);
      const parsed = PersonId.safeParse(idText);
      if (!parsed.success)
        throw new FarhandError("USAGE", `${given}: ${parsed.error.issues[0]?.message ?? "not a person's id"}`);
      if (parsed.data === "recovery")
        throw new FarhandError("USAGE", "no person is called recovery: that key file has this name");
      const person = found.get(parsed.data) ?? { name: idText, roles: new Set<Role>() };
      person.roles.add(role);
      if (name !== undefined && name !== "") person.name = name;
      found.set(parsed.data, person);
    }
  }
  return [...found].map(([id, person]) => ({ id, ...person }));
}
