import type { Warrant } from "../../../shared/documents/warrant.ts";
import { openEnvelope } from "../../../shared/envelope.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { holdsRole, type TrustStore } from "../../../shared/trust.ts";
import type { WarrantBundle } from "../../api/client/index.ts";

/** Who has signed, who must, and whether it is enough: from keys.json, not from the warrant. */
export interface Signing {
  readonly author: { readonly id: PersonId; readonly name: string; readonly signed: boolean };
  /** Distinct other persons whose signature counts. */
  readonly approvers: readonly PersonId[];
  readonly approversNeeded: number;
  /** Persons who signed and whose signature counts for nothing here. */
  readonly idle: readonly PersonId[];
  readonly unknownKeys: number;
  readonly complete: boolean;
}

export async function signingOf(
  bundle: Pick<WarrantBundle, "payload" | "signatures">,
  warrant: Warrant,
  trust: TrustStore,
): Promise<Signing> {
  const { payload, signatures } = bundle;
  const kids = await knownKids(payload, signatures, trust);
  const persons = new Set(kids.map((kid) => trust.personOf(kid)).filter((person) => person !== undefined));
  const rule = trust.policy(warrant.policy.id, warrant.policy.version)?.rules[warrant.risk];
  const isAlone = rule === undefined || rule.onePerson || warrant.breakglass !== undefined;
  const approversNeeded = isAlone ? 0 : rule.approvers;
  const others = [...persons].filter((person) => person.id !== warrant.author);
  const approvers = others.filter((person) => holdsRole(person, "approver", warrant.sites)).map((person) => person.id);
  const signed = [...persons].some((person) => person.id === warrant.author);
  return {
    author: { id: warrant.author, name: trust.person(warrant.author)?.name ?? warrant.author, signed },
    approvers,
    approversNeeded,
    idle: others.map((person) => person.id).filter((id) => !approvers.includes(id)),
    unknownKeys: signatures.length - kids.length,
    complete: rule !== undefined && signed && approvers.length >= approversNeeded,
  };
}

/** Trusted keys among the signatures. One that is trusted and does not hold throws; one that nobody knows counts for nothing. */
async function knownKids(payload: string, signatures: WarrantBundle["signatures"], trust: TrustStore) {
  if (signatures.length === 0) return [];
  let known = 0;
  const lookup: typeof trust.personKey = (kid) => {
    const key = trust.personKey(kid);
    if (key !== undefined) known++;
    return key;
  };
  try {
    return (await openEnvelope("farhand-warrant+jws", { payload, signatures }, lookup)).kids;
  } catch (error) {
    if (known === 0 && error instanceof Error && "code" in error && error.code === "SIGNATURE_MISSING") return [];
    throw error;
  }
}
