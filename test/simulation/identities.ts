import type { AgentEntry } from "../../shared/documents/agents.ts";
import type { AgentId, SiteId } from "../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, signerFrom, type BoxPublicKey, type Signer } from "../../shared/keys.ts";

/**
 * Agents' keys, made once for all seeds: receipts are really signed and checked. A signature never shows in the diary, so that
 * a seed's run does not depend on the keys.
 */
export class Identities {
  readonly #signers = new Map<AgentId, Signer>();
  readonly #entries = new Map<AgentId, AgentEntry>();

  static async make(agents: readonly AgentId[]): Promise<Identities> {
    const identities = new Identities();
    const box = await generateBoxJwk();
    for (const id of agents) {
      const signer = await signerFrom(await generateSigningJwk());
      identities.#signers.set(id, signer);
      const keys = { kid: signer.kid, signKey: signer.publicKey, boxKey: box.x as BoxPublicKey };
      identities.#entries.set(id, { id, site: id as string as SiteId, ...keys, status: "active" });
    }
    return identities;
  }

  signer(id: AgentId): Signer {
    const signer = this.#signers.get(id);
    if (!signer) throw new Error(`no key of ${id}`);
    return signer;
  }

  entry(id: AgentId): AgentEntry | undefined {
    return this.#entries.get(id);
  }
}
