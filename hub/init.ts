import type { Clock } from "../shared/clock.ts";
import { FarhandError } from "../shared/errors.ts";
import { generateBoxJwk, generateSigningJwk } from "../shared/keys.ts";
import { createToken } from "./api/server/tokens.ts";
import { BlobCipher } from "./store/cipher.ts";
import { openHubStore } from "./store/open.ts";
import type { TokenRole } from "./store/tokens.ts";
import { checkConfig, StateFolder } from "./state-folder.ts";
import { makeAuthority } from "./tls/certificates.ts";

type RandomBytes = (count: number) => Uint8Array;

export interface InitOptions {
  readonly stateDir: string;
  readonly hubId: string;
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/**
 * Makes a hub: keys, CA, database and the first token. `hub.json` is written last, so an init that was cut off is
 * begun anew, and one that ended is never overwritten.
 */
export async function initHub(options: InitOptions): Promise<{ files: Record<string, string> }> {
  const { stateDir, hubId, publicUrl, clock, randomBytes } = options;
  const config = checkConfig({ schema: "farhand.hub/1", id: hubId, publicUrl });
  const folder = new StateFolder(stateDir);
  if (folder.has("config")) throw new FarhandError("CONFLICT", `${stateDir} holds a hub already`);
  folder.make();
  const jwk = await generateSigningJwk();
  folder.write("signingKey", `${JSON.stringify(jwk)}\n`);
  const evidence = await generateBoxJwk();
  folder.write("evidenceKey", `${JSON.stringify(evidence)}\n`);
  const shown = { schema: "farhand.hub-key/1", id: hubId, publicKey: jwk.x, evidence: evidence.x };
  folder.write("hubKey", `${JSON.stringify(shown)}\n`);
  folder.write("blobKey", `${Buffer.from(BlobCipher.newKey()).toString("base64")}\n`);
  const authority = await makeAuthority(hubId, clock.nowMs(), randomBytes);
  folder.write("caKey", authority.key);
  folder.write("ca", authority.cert);
  folder.write("adminToken", `${await tokenIn(folder, { name: "admin", role: "admin", clock })}\n`);
  folder.write("config", `${JSON.stringify(config)}\n`);
  return {
    files: {
      hubKey: folder.path("hubKey"),
      ca: folder.path("ca"),
      adminToken: folder.path("adminToken"),
      config: folder.path("config"),
      database: folder.path("database"),
    },
  };
}

/** A token for a hub that exists: a mistyped folder must not become one. */
export async function addTokenTo(options: {
  readonly stateDir: string;
  readonly name: string;
  readonly role: TokenRole;
  readonly clock: Clock;
}): Promise<string> {
  const folder = new StateFolder(options.stateDir);
  folder.config();
  return tokenIn(folder, options);
}

/** Straight into the database: whoever may open the hub's folder may make one. */
async function tokenIn(
  folder: StateFolder,
  { name, role, clock }: { readonly name: string; readonly role: TokenRole; readonly clock: Clock },
): Promise<string> {
  folder.makePrivate("database");
  const store = openHubStore(folder.path("database"));
  try {
    return await createToken(store, clock, { name, role });
  } finally {
    await store.close();
  }
}
