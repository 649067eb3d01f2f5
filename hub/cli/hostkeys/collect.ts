import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { openReceipt } from "../../../shared/audit/receipts.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, GrantId, JobId, type Digest } from "../../../shared/ids.ts";
import type { HubClient } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { ended, followJob } from "../job/follow.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { loadTrust, requireInventory, type Trusted } from "../trust/load.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { openSeen, writeSeen } from "./seen.ts";

interface Flags extends HubFlags {
  readonly select?: string;
  readonly grant?: GrantId;
  readonly agent?: AgentId;
  readonly job?: JobId;
  readonly out: string;
}

export const hostkeysCollect = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Have agents read the host keys that devices show",
    [
      "farhand hostkeys collect --select site=ams --grant reads --out ams.seen.json",
      "farhand hostkeys collect --select site=ams --grant reads --agent agent-ams-2 --out second.seen.json",
      "farhand hostkeys collect --job job-1234 --out ams.seen.json",
    ],
    "Nobody logs in to a device, and nothing is pinned: a key that is shown is a claim. Compare it with farhand hostkeys accept.\n" +
      "The file holds the agents' signed receipts. A grant must cover the kind check.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      select: { kind: "parsed", parse: text, brief: "Devices, as for a job", placeholder: "SELECTOR", optional: true },
      grant: {
        kind: "parsed",
        parse: as(GrantId),
        brief: "Grant that allows it",
        placeholder: "GRANT",
        optional: true,
      },
      agent: {
        kind: "parsed",
        parse: as(AgentId),
        brief: "This agent of the site: a second vantage",
        placeholder: "AGENT",
        optional: true,
      },
      job: {
        kind: "parsed",
        parse: as(JobId),
        brief: "Take what this job has brought",
        placeholder: "JOB",
        optional: true,
      },
      out: { kind: "parsed", parse: text, brief: "Write what was seen here", placeholder: "FILE" },
    },
  },
  func: command(collect),
});

async function collect(cli: Cli, flags: Flags) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const job = flags.job ?? (await submit(cli, flags, client, trusted));
  const { receipts } = await client.call("listReceipts", { params: { id: job } });
  const outputs = await outputsOf(client, trusted, receipts);
  const content = writeSeen(receipts, outputs);
  const seen = await openSeen(flags.out, content, trusted);
  writeFile(resolve(cli.cwd, flags.out), content, { mode: 0o644 });
  const rows = [
    ...[...seen.sightings.values()].flatMap(({ device, agent, keys }) =>
      keys.map((key) => ({ device, agent, what: `${key.algorithm} ${fingerprintOf(key.publicKey)}`, isRead: true })),
    ),
    ...seen.unseen.map(({ device, code }) => ({ device, agent: "", what: code, isRead: false })),
  ];
  cli.out.data(
    "hostkeys-collect",
    { job, file: flags.out, seen: [...seen.sightings.values()], unseen: seen.unseen },
    () =>
      table(
        [
          { title: "DEVICE", value: (row) => row.device },
          { title: "SEEN BY", value: (row) => row.agent },
          {
            title: "SHOWS",
            value: (row) => row.what,
            paint: (row, cell) => (row.isRead ? cell : cli.out.style.red(cell)),
          },
        ],
        rows,
        cli.out.style,
      ),
  );
  cli.out.next(`farhand hostkeys accept ${flags.out} --inventory FILE.yaml --known-hosts FILE`);
  return seen.unseen.length > 0 || seen.sightings.size === 0 ? EXIT.failure : undefined;
}

async function submit(cli: Cli, flags: Flags, client: HubClient, trusted: Trusted): Promise<JobId> {
  if (flags.select === undefined || flags.grant === undefined)
    throw new FarhandError("USAGE", "give --select SELECTOR and --grant GRANT, or --job JOB");
  const devices = pick(parseSelector(flags.select), requireInventory(trusted));
  const job = await client.submit({
    kind: "check",
    hostKeys: true,
    title: `host keys: ${flags.select}`.slice(0, 200),
    devices: devices.map((device) => device.id),
    grant: flags.grant,
    ...(flags.agent !== undefined && { agent: flags.agent }),
  });
  cli.out.note(`job ${job.id}: ${devices.length} devices`);
  await followJob(cli, client, { job: job.id, until: ended });
  return job.id;
}

/** By what the receipts name, once each receipt's signature holds: a hub does not choose what is fetched. */
async function outputsOf(
  client: HubClient,
  trusted: Trusted,
  receipts: Parameters<typeof openReceipt>[1][],
): Promise<Uint8Array[]> {
  const agents = trusted.agents?.document.agents ?? [];
  const keys = new Map(agents.map(({ id, site, kid, signKey }) => [kid, { id, site, signKey }]));
  const digests = new Set<Digest>();
  for (const envelope of receipts) {
    const { document } = await openReceipt("receipt", envelope, keys);
    if (document.type !== "receipt") continue;
    for (const { output } of document.tasks) if (output && output.bytes <= OUTPUT_BYTES_MAX) digests.add(output.sha256);
  }
  const outputs: Uint8Array[] = [];
  for (const digest of digests) outputs.push(await client.getBlob(digest));
  return outputs;
}

const OUTPUT_BYTES_MAX = 32 * 1024;
