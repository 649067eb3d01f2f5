import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { Readmission } from "../../../shared/documents/readmission.ts";
import { envelopeBytes, readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId } from "../../../shared/ids.ts";
import { verifyReadmission } from "../../../shared/verify/hands.ts";
import { Epoch } from "../../../shared/wire/epoch.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { meant } from "../nearest.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { loadTrust } from "../trust/load.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly epoch: Epoch;
  readonly reason: string;
  readonly out?: string;
  readonly publish: boolean;
}

/** As long as it takes to carry it to a site; the agent refuses more than seven days. */
const LIFETIME_SECONDS = 7 * 86_400;

export const agentReadmit = buildCommand<Flags, [AgentId], CliContext>({
  docs: docs(
    "Sign that an agent in quarantine may take work again",
    [
      "farhand agent readmit agent-ams --epoch 5f3c… --reason 'disk restored, ticket 4711' --key kim.key.json --publish",
      "farhand agent readmit agent-ams --epoch 5f3c… --reason 'disk restored, ticket 4711' --key kim.key.json",
    ],
    "An agent whose state went back to an older copy of itself takes no work (STATE_ROLLBACK). Find out who restored it. Then sign with a\n" +
      "keyadmin's key, for exactly the epoch that farhand agent list and farhand-agent status name. With --publish the hub sends it to the agent;\n" +
      "without, it speaks to no hub, and the file is for: farhand-agent readmit FILE. It serves within seven days. What was signed before it stays\n" +
      "refused; sign anew what is still to be done.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      epoch: { kind: "parsed", parse: as(Epoch), brief: "The quarantine's epoch", placeholder: "EPOCH" },
      reason: { kind: "parsed", parse: text, brief: "Why; the agent logs it", placeholder: "TEXT" },
      publish: { kind: "boolean", brief: "Hand it to the hub, which sends it", default: false, withNegated: false },
      out: {
        kind: "parsed",
        parse: text,
        brief: "File to write; AGENT.readmission unless it is said",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(AgentId), brief: "Agent", placeholder: "AGENT" }] },
  },
  func: command(readmit),
});

async function readmit(cli: Cli, flags: Flags, id: AgentId) {
  if (flags.publish && flags.out !== undefined) throw new FarhandError("USAGE", "--publish or --out, not both");
  const { keys, agents } = flags.publish ? await trustOfHub(cli, flags) : await loadAnchor(cli, flags);
  const known = agents?.document.agents ?? [];
  const agent = known.find((one) => one.id === id && one.status === "active");
  if (!agent) {
    const names = known.map((one) => one.id);
    throw new FarhandError("NOT_FOUND", `no active agent ${id} in the trust file that you trust${meant(id, names)}`);
  }
  const nowMs = cli.clock.nowMs();
  const iat = Math.floor(nowMs / 1000);
  const { epoch, reason } = flags;
  const document = readAs(Readmission, {
    type: "readmission",
    v: 1,
    org: keys.org,
    agent: id,
    epoch,
    reason,
    iat,
    exp: iat + LIFETIME_SECONDS,
  });
  const envelope = await signEnvelope("farhand-readmission+jws", document, [
    await signerFromFile(cli, flags, flags.key),
  ]);
  // Whoever may not sign it learns so here, and not at the site.
  const time = { nowMs, errorMs: 0, floorMs: 0 };
  await verifyReadmission(envelope, { trust: keys, agent: id, site: agent.site, time });
  if (flags.publish) {
    await clientOf(cli, flags).call("putReadmission", { body: envelope });
    cli.out.data("agent-readmission", { readmission: document, file: null }, () => `${id} may take work again`);
    return undefined;
  }
  const file = resolve(cli.cwd, flags.out ?? `${id}.readmission`);
  writeFile(file, envelopeBytes(envelope), { mode: 0o644 });
  cli.out.data("agent-readmission", { readmission: document, file }, () => `${file}: ${id} may take work again`);
  cli.out.next(`on the agent's host, with the agent stopped: farhand-agent readmit ${id}.readmission`);
  return undefined;
}

/** As the hub shows it, which must follow from what this person trusts: it knows agents that came since. */
async function trustOfHub(cli: Cli, flags: Flags) {
  const { store, agents } = await loadTrust(cli, flags, clientOf(cli, flags));
  return { keys: store, agents };
}
