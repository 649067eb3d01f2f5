import { readFileSync, writeFileSync } from "node:fs";
import { openSigner } from "../../hub/cli/keys/key-file.ts";
import { Keys } from "../../shared/documents/keys.ts";
import { envelopeBytes, parseEnvelope, peekPayload, readAs, signEnvelope } from "../../shared/envelope.ts";
import { Secret } from "../../shared/secret.ts";
import type { World } from "./world.ts";

const newest = new WeakMap<World, Keys>();

/** A next keys.json, signed by kim and published: what a keyadmin's own tool would make. */
export async function publishKeys(world: World, edit: (keys: Keys) => Keys): Promise<Keys> {
  const held =
    newest.get(world) ?? readAs(Keys, peekPayload(parseEnvelope(readFileSync(world.path("trust/keys.json")))));
  const next = { ...edit(held), version: held.version + 1 };
  const kim = await openSigner(world.keyFile("kim"), new Secret(readFileSync(world.path("passphrase"), "utf8")));
  const file = world.path(`trust/keys-${next.version}.json`);
  writeFileSync(file, envelopeBytes(await signEnvelope("farhand-keys+jws", next, [kim])));
  await world.cli(["trust", "publish", file]);
  newest.set(world, next);
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
