import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { FarhandError } from "../shared/errors.ts";
import { PrivateJwk, signerFrom, type Signer } from "../shared/keys.ts";

/** The hub's folder: everything that makes this hub this hub. All of it is 0600 in a folder of 0700. */
export const FILES = {
  config: "hub.json",
  /** The public half, for `farhand trust init`. */
  hubKey: "hub-key.json",
  signingKey: "hub-key.private.json",
  /** Opens the evidence that sites without a line send as files. */
  evidenceKey: "evidence-key.private.json",
  blobKey: "blob.key",
  ca: "ca.pem",
  caKey: "ca.key",
  /** The server's certificate and its key. */
  tls: "tls.pem",
  adminToken: "admin.token",
  database: "hub.db",
  /** Copies of what is brought as a file, while it is read; they have no names. */
  bundles: "bundles",
} as const;

const HubConfig = z.strictObject({
  schema: z.literal("farhand.hub/1"),
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be 1 to 63 of a-z, 0-9, '.', '_', '-'"),
  publicUrl: z.url({ protocol: /^https$/ }),
});
export type HubConfig = z.infer<typeof HubConfig>;

export const checkConfig = (value: unknown): HubConfig => {
  const parsed = HubConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FarhandError("USAGE", `hub ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`);
};

export class StateFolder {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  path(file: keyof typeof FILES): string {
    return join(this.#dir, FILES[file]);
  }

  has(file: keyof typeof FILES): boolean {
    return existsSync(this.path(file));
  }

  make(): void {
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      chmodSync(this.#dir, 0o700);
    } catch (error) {
      throw failed(this.#dir, error);
    }
  }

  /** Whole or not at all, and on disk when it returns. */
  write(file: keyof typeof FILES, text: string): void {
    const path = this.path(file);
    const part = `${path}.${process.pid}.part`;
    try {
      const descriptor = openSync(part, "w", 0o600);
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(part, path);
      syncFolder(dirname(path));
    } catch (error) {
      throw failed(path, error);
    }
  }

  /** Before SQLite makes it: what SQLite adds beside a database gets the database's mode. */
  makePrivate(file: keyof typeof FILES): void {
    try {
      closeSync(openSync(this.path(file), "a", 0o600));
      chmodSync(this.path(file), 0o600);
    } catch (error) {
      throw failed(this.path(file), error);
    }
  }

  read(file: keyof typeof FILES): string {
    try {
      return readFileSync(this.path(file), "utf8");
    } catch (error) {
      throw failed(this.path(file), error);
    }
  }

  config(): HubConfig {
    if (!this.has("config")) throw new FarhandError("NOT_FOUND", `no hub in ${this.#dir}; farhand hub init makes one`);
    return checkConfig(parsedJson(this.path("config"), this.read("config")));
  }

  signer(): Promise<Signer> {
    const parsed = PrivateJwk.safeParse(parsedJson(this.path("signingKey"), this.read("signingKey")));
    if (!parsed.success) throw new FarhandError("KEY_FILE", this.path("signingKey"));
    return signerFrom(parsed.data);
  }

  /** Undefined in a folder that is older than bundles: such a hub cannot take evidence as files. */
  evidence(): PrivateJwk | undefined {
    if (!this.has("evidenceKey")) return undefined;
    const parsed = PrivateJwk.safeParse(parsedJson(this.path("evidenceKey"), this.read("evidenceKey")));
    if (!parsed.success || parsed.data.crv !== "X25519") throw new FarhandError("KEY_FILE", this.path("evidenceKey"));
    return parsed.data;
  }

  blobKey(): Uint8Array {
    const key = Buffer.from(this.read("blobKey").trim(), "base64");
    if (key.length !== 32) throw new FarhandError("KEY_FILE", this.path("blobKey"));
    return key;
  }
}

/** A rename is durable once its folder is; Windows has no such call. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function parsedJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FarhandError("KEY_FILE", `${path}: not JSON`, { cause: error });
  }
}

function failed(path: string, error: unknown): FarhandError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "cannot be used";
  return new FarhandError("IO", `${path}: ${code}`, { cause: error });
}
