import { buildCommand } from "@stricli/core";
import type { Keys, Policy, Role } from "../../../shared/documents/keys.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { holdsRole } from "../../../shared/trust.ts";
import { readMetadata, type RootSigned } from "../../../shared/tuf/metadata.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { endsSoon } from "./ends.ts";
import { loadTrust, type Trusted } from "./load.ts";

export const trustDoctor = buildCommand<HubFlags, [], CliContext>({
  docs: docs(
    "Look for what will stop people from working, before it does",
    ["farhand trust doctor", "farhand trust doctor --json"],
    "What ends soon, who alone could do a thing, keys that are revoked and still count, policies that nobody can meet. Exit 1 where there is something.",
  ),
  parameters: { flags: hubFlags },
  func: command(doctor),
});

async function doctor(cli: Cli, flags: HubFlags) {
  const trusted = await loadTrust(cli, flags, clientOf(cli, flags));
  const findings = findingsOf(trusted, cli.clock.nowMs());
  cli.out.data("trust-doctor", { findings }, () => (findings.length > 0 ? findings.join("\n") : "nothing to do"));
  return findings.length > 0 ? EXIT.failure : EXIT.ok;
}

/** Each with what to do. */
export function findingsOf(trusted: Pick<Trusted, "view" | "store" | "inventory">, nowMs: number): string[] {
  const { document } = trusted.store.keys;
  const root = readMetadata("root", trusted.view.set.root).signed;
  return [...endsSoon(trusted, nowMs), ...keyadminFindings(document, root), ...siteFindings(trusted, document)];
}

function keyadminFindings(keys: Keys, root: RootSigned): string[] {
  const findings: string[] = [];
  const revoked = new Set<string>(keys.revoked.map(({ kid }) => kid));
  const { keyids, threshold } = root.roles.targets;
  const usable = keyids.filter((kid) => !revoked.has(kid));
  for (const kid of keyids) {
    const owner = keys.people.find((person) => person.keys.some((key) => key.kid === kid));
    if (revoked.has(kid))
      findings.push(
        `root.json names a revoked key of ${owner?.id ?? "nobody"}: farhand trust rotate keyadmin ${owner?.id ?? ""}`,
      );
    else if (!owner?.roles.some(({ role }) => role === "keyadmin"))
      findings.push(`root.json names ${kid} as a keyadmin's, and keys.json does not`);
  }
  if (usable.length < threshold)
    findings.push(`${threshold} keyadmins must sign and ${usable.length} can: farhand trust rotate keyadmin`);
  return findings;
}

function siteFindings({ store, inventory }: Pick<Trusted, "store" | "inventory">, keys: Keys): string[] {
  const findings = new Set<string>();
  const revoked = new Set<string>(keys.revoked.map(({ kid }) => kid));
  const able = (role: Role, site: SiteId) =>
    keys.people.filter((person) => person.keys.some(({ kid }) => !revoked.has(kid)) && holdsRole(person, role, [site]));
  for (const { id: site } of inventory?.inventory.document.sites ?? []) {
    const policy = store.policyOf(site);
    if (!policy) {
      findings.add(`no policy governs ${site}`);
      continue;
    }
    const [authors, approvers] = [able("author", site), able("approver", site)];
    if (authors.length === 0) findings.add(`nobody may write changes at ${site}: farhand trust person roles`);
    for (const risk of ["change", "destructive"] as const) {
      const most = Math.max(0, ...authors.map((author) => approvers.filter(({ id }) => id !== author.id).length));
      const short = neededOf(policy, risk) - most;
      if (authors.length > 0 && short > 0)
        findings.add(`a ${risk} at ${site} needs ${neededOf(policy, risk)} others to approve; there are ${most}`);
    }
    if (policy.airGapped && able("siteoperator", site).length === 0)
      findings.add(
        `${site} has no line, and nobody may let bundles in: farhand trust person roles P --role siteoperator@${site}`,
      );
  }
  return [...findings];
}

function neededOf(policy: Policy, risk: "change" | "destructive"): number {
  const rule = policy.rules[risk];
  return rule.onePerson ? 0 : rule.approvers;
}
