import { buildCommand, buildRouteMap } from "@stricli/core";
import { readFileSync, writeFileSync } from "node:fs";
import { systemClock } from "../../shared/clock.ts";
import { envelopeBytes, parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { AgentId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import { readConfig, vaultPath } from "../config.ts";
import { hasSnapshots } from "../journal/holdings.ts";
import { openJournal } from "../journal/open.ts";
import { lockStateDir } from "../state-lock.ts";
import { Trust } from "../trust.ts";
import { shareSiteKey, takeSiteKey } from "../vault/site-key.ts";
import { Vault } from "../vault/vault.ts";
import { command, commonFlags, stateDirOf, vaultKeyOf, type AgentContext, type CommonFlags } from "./context.ts";

type Here = Parameters<typeof shareSiteKey>[1];

/** The agent is stopped: what it holds does not change meanwhile. */
async function withState(
  context: AgentContext,
  flags: CommonFlags,
  use: (held: { vault: Vault; store: Store; here: Here }) => Promise<void>,
): Promise<void> {
  const stateDir = stateDirOf(context, flags);
  const { org, site, agent } = readConfig(stateDir);
  const unlock = lockStateDir(stateDir);
  try {
    const vault = await Vault.open({ path: vaultPath(stateDir), org, agent }, await vaultKeyOf(context, flags));
    const { store } = await openJournal({ stateDir, clock: systemClock });
    try {
      const agents = (await Trust.load(vault, store, systemClock)).agents?.document;
      if (!agents) throw new FarhandError("WRONG_AGENT", "this agent holds no agents.json yet: let it run once");
      await use({ vault, store, here: { org, site, agent, agents } });
    } finally {
      await store.close();
      await vault.close();
    }
  } finally {
    unlock();
  }
}

const AGENT = (value: string): AgentId => {
  const parsed = AgentId.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FarhandError("USAGE", "--to must be an agent's id");
};

interface ShareFlags extends CommonFlags {
  readonly to: AgentId;
  readonly out: string;
}

const share = buildCommand<ShareFlags, [], AgentContext>({
  docs: {
    brief: "Give this site's key to another agent of the site, sealed to it alone",
    fullDescription:
      "Give this site's key to another agent of the site, sealed to it alone. Without it a standby sees other marks in place of secrets, and so\n" +
      "another configuration than was reviewed. Stop the agent first. Whoever carries the file can do nothing with it.\n\n" +
      "EXAMPLES\n  farhand-agent site-key share --to agent-ams-2 --out site.key.json",
  },
  parameters: {
    flags: {
      ...commonFlags,
      to: { kind: "parsed", parse: AGENT, brief: "The other agent, as approved", placeholder: "AGENT" },
      out: { kind: "parsed", parse: (value: string) => value, brief: "Write it here", placeholder: "FILE" },
    },
  },
  func: command(async (context: AgentContext, flags: ShareFlags) =>
    withState(context, flags, async ({ vault, here }) => {
      writeFileSync(flags.out, envelopeBytes(await shareSiteKey(vault, here, flags.to, systemClock.nowMs())), {
        mode: 0o600,
      });
    }),
  ),
});

const take = buildCommand<CommonFlags, [string], AgentContext>({
  docs: {
    brief: "Take the site's key from another agent of the site",
    fullDescription:
      "Take the site's key from another agent of the site. Stop the agent first, and do it before its first job: what it has read under its own\n" +
      "key could not be compared or restored any more, and is therefore a reason to refuse.\n\n" +
      "EXAMPLES\n  farhand-agent site-key take site.key.json",
  },
  parameters: {
    flags: commonFlags,
    positional: {
      kind: "tuple",
      parameters: [{ parse: (value: string) => value, brief: "What the other agent shared", placeholder: "FILE" }],
    },
  },
  func: command(async (context: AgentContext, flags: CommonFlags, file: string) =>
    withState(context, flags, async ({ vault, store, here }) => {
      if (await store.read(hasSnapshots))
        throw new FarhandError("CONFLICT", "this agent has made snapshots under its own key: enrol it afresh");
      const from = await takeSiteKey(vault, here, parseEnvelope(new Uint8Array(readFileSync(file))));
      context.process.stdout.write(`site key of ${from}\n`);
    }),
  ),
});

export const siteKey = buildRouteMap<string, AgentContext>({
  routes: { share, take },
  docs: { brief: "One site, one key: what marks secrets without showing them" },
});
