import { FarhandError } from "../../shared/errors.ts";

/** Where the operating system keeps a user's secrets: Keychain, Credential Manager, or a Secret Service, which servers often lack. */
export interface KeyStore {
  get(account: string): Promise<string | null>;
  set(account: string, value: string): Promise<void>;
  delete(account: string): Promise<void>;
}

const SERVICE = "farhand-agent";

const locked = (error: unknown): never => {
  throw new FarhandError("VAULT_LOCKED", "the OS key store does not answer", { cause: error });
};

export const systemKeyStore: KeyStore = {
  get: (name) => Bun.secrets.get({ service: SERVICE, name }).catch(locked),
  set: (name, value) => Bun.secrets.set({ service: SERVICE, name, value }).catch(locked),
  delete: async (name) => void (await Bun.secrets.delete({ service: SERVICE, name }).catch(locked)),
};

/** Whether it keeps what it is given: asked once, when a vault is made. */
export async function isUsable(store: KeyStore): Promise<boolean> {
  const account = `probe-${process.pid}`;
  try {
    await store.set(account, "kept");
    const kept = await store.get(account);
    await store.delete(account);
    return kept === "kept";
  } catch {
    return false;
  }
}
