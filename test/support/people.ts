import { readFileSync } from "node:fs";
import { openSigner } from "../../hub/cli/keys/key-file.ts";
import { nextSet } from "../../hub/cli/trust/next-set.ts";
import { Keys } from "../../shared/documents/keys.ts";
import { readAs, signEnvelope } from "../../shared/envelope.ts";
import { Secret } from "../../shared/secret.ts";
import { fileOfUpdate, updateOfFile } from "../../shared/tuf/file.ts";
import { openFirstTrust } from "../../shared/tuf/open.ts";
import type { World } from "./world.ts";

/** A next keys.json in a next set, signed by kim and published: what a keyadmin's own tool would make. */
export async function publishKeys(world: World, edit: (keys: Keys) => Keys): Promise<Keys> {
  const client = world.client();
  const update = updateOfFile(await client.call("getTrust", {}));
  const [root] = update.roots ?? [];
  if (!root) throw new Error("a hub without root.json");
  const nowMs = Date.now();
  const { set, keys } = await openFirstTrust(root, update, { nowMs });
  const held = keys.keys.document;
  const next = readAs(Keys, { ...edit(held), version: held.version + 1 });
  const kim = await openSigner(world.keyFile("kim"), new Secret(readFileSync(world.path("passphrase"), "utf8").trim()));
  const envelope = await signEnvelope("farhand-keys+jws", next, [kim]);
  await client.call("putTrust", { body: fileOfUpdate(await nextSet(set, { keys: envelope }, [kim], nowMs)) });
  return next;
}

/** Gives a person these roles at a site and no others. */
export const appoint = (world: World, person: string, roles: readonly string[], site: string): Promise<Keys> =>
  publishKeys(world, (keys) =>
    readAs(Keys, {
      ...keys,
      people: keys.people.map((entry) =>
        entry.id === person ? { ...entry, roles: roles.map((role) => ({ role, sites: [site] })) } : entry,
      ),
    }),
  );

/** One role more than they have. */
export const alsoAppoint = (world: World, person: string, role: string, site: string): Promise<Keys> =>
  publishKeys(world, (keys) =>
    readAs(Keys, {
      ...keys,
      people: keys.people.map((entry) =>
        entry.id === person ? { ...entry, roles: [...entry.roles, { role, sites: [site] }] } : entry,
      ),
    }),
  );

export const revoke = (world: World, person: string, reason: "rotated" | "left" | "compromised"): Promise<Keys> =>
  publishKeys(world, (keys) => ({
    ...keys,
    revoked: [
      ...keys.revoked,
      ...(keys.people.find((entry) => entry.id === person)?.keys ?? []).map(({ kid }) => ({
        kid,
        reason,
        at: Math.floor(Date.now() / 1000),
      })),
    ],
  }));
