import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, SiteId } from "../../../shared/ids.ts";
import { rootFingerprint } from "../../../shared/tuf/set.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { meant } from "../nearest.ts";
import { clientOf, readText, settingsOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { encodeJoinToken } from "./token.ts";

interface Flags extends HubFlags {
  readonly site: SiteId;
  readonly out?: string;
}

export const agentInvite = buildCommand<Flags, [AgentId], CliContext>({
  docs: docs(
    "Make a join token for an agent",
    [
      "farhand agent invite agent-ams --site ams --out agent-ams.join",
      "farhand agent invite agent-ams --site ams > agent-ams.join",
    ],
    "The token is good once, for a short time. It carries the hub's CA and the fingerprint of the root that you trust.\nIt is a secret: --out writes it with mode 0600.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      site: { kind: "parsed", parse: as(SiteId), brief: "The agent's site", placeholder: "SITE" },
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write the token here instead of to standard output",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: as(AgentId), brief: "The new agent's id", placeholder: "AGENT" }],
    },
  },
  func: command(invite),
});

async function invite(cli: Cli, flags: Flags, agent: AgentId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const inventory = requireInventory(trusted);
  if (!inventory.site(flags.site)) {
    throw new FarhandError(
      "NOT_FOUND",
      `no site ${flags.site}${meant(
        flags.site,
        inventory.inventory.document.sites.map((site) => site.id),
      )}`,
    );
  }
  const { id, secret, url, ca, expiresMs } = await client.call("invite", { body: { agent, site: flags.site } });
  // The CA that this command verified the hub with is the one to hand on; the hub's own word counts only where none was pinned.
  const pinned = settingsOf(cli, flags).ca;
  const { org } = trusted.store;
  const token = encodeJoinToken({
    v: 1,
    url,
    ca: pinned === undefined ? ca : readText(pinned),
    org,
    site: flags.site,
    agent,
    root: rootFingerprint(trusted.view.set.root),
    id,
    secret,
  });
  const expires = new Date(expiresMs).toISOString();
  if (flags.out === undefined) {
    cli.out.data("agent-invite", { agent, site: flags.site, expires, token }, () => token);
  } else {
    const file = resolve(cli.cwd, flags.out);
    writeFile(file, `${token}\n`, { mode: 0o600, fresh: true });
    cli.out.data("agent-invite", { agent, site: flags.site, expires, file }, () => file);
  }
  cli.out.note(`Good once, until ${expires}.`);
  cli.out.next(`farhand-agent enroll FILE on the site's host, then: farhand agent list`);
  return undefined;
}
