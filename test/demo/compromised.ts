import { Database } from "bun:sqlite";
import type { JobView } from "../../hub/api/contract/views.ts";
import { section, type Checks, type Section } from "./checks.ts";
import { tasksOf, type Stage } from "./simulated.ts";

/**
 * A hub in an attacker's hands: whatever its own code would refuse, its database is changed underneath it, while it runs and the agent
 * is connected. The agent is the ordinary one.
 */
class HubDatabase {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  run(sql: string, ...parameters: (string | number | Uint8Array)[]): void {
    const db = new Database(this.#path);
    try {
      db.run("PRAGMA busy_timeout = 5000");
      db.query(sql).run(...parameters);
    } finally {
      db.close();
    }
  }

  get<T>(sql: string, ...parameters: (string | number)[]): T {
    const db = new Database(this.#path, { readonly: true });
    try {
      const row = db.query<T, (string | number)[]>(sql).get(...parameters);
      if (!row) throw new Error(`nothing for ${sql}`);
      return row;
    } finally {
      db.close();
    }
  }
}

const database = ({ world }: Stage): HubDatabase => new HubDatabase(world.path("hub/hub.db"));

async function plannedChange({ world, devices }: Stage, title: string, extra: readonly string[] = []): Promise<string> {
  const name = title.toUpperCase().replaceAll(/[^A-Z]+/g, "-");
  return world.plan({
    select: `device=${devices[4] ?? ""}`,
    template: `ip prefix-list ${name} seq 5 permit 10.97.0.0/16\n`,
    title,
    extra: ["--accept-simulated", "cisco_iosxe", ...extra],
  });
}

/** What the agent said of the offer that it was made to look at. */
async function verdict(
  stage: Stage,
  id: string,
  checks: Checks,
  run: () => Promise<void>,
): Promise<JobView["assignments"][number] | undefined> {
  const before = await stage.fleet.accepts();
  const lives = stage.world.agents.get("agent-ams")?.exit === undefined;
  await run();
  let found: JobView["assignments"][number] | undefined;
  await stage.world.until(`the agent's word on ${id}`, 30_000, async () => {
    found = (await stage.world.job(id)).assignments.at(-1);
    return found?.state === "REJECTED";
  });
  checks.equal("packets to any device: connections accepted", (await stage.fleet.accepts()) - before, 0);
  checks.that(
    "the agent was connected throughout",
    lives && stage.world.agents.get("agent-ams")?.exit === undefined && (await contact(stage)) === "LIVE",
    await contact(stage),
  );
  return found;
}

async function contact({ world }: Stage): Promise<string | undefined> {
  const { agents } = await world.client().call("listAgents", {});
  return agents.find((agent) => agent.id === "agent-ams")?.contact;
}

/** Both have signed, and the change waits for its time: that is when the hub alters what it will hand out. */
async function alteredByOneByte(stage: Stage, checks: Checks): Promise<void> {
  const { world } = stage;
  const inSeconds = Math.ceil(Date.now() / 1000) + 3;
  const id = await plannedChange(stage, "Altered by one byte", [
    "--not-before",
    new Date(inSeconds * 1000).toISOString().replace(".000Z", "Z"),
  ]);
  await world.sign(id, "ann");
  await world.sign(id, "bob");
  const found = await verdict(stage, id, checks, () => {
    const { bytes, sha256 } = database(stage).get<{ bytes: Uint8Array; sha256: string }>(
      "SELECT bytes, sha256 FROM manifest WHERE job = ? AND purpose = 'work'",
      id,
    );
    const altered = bytes.slice();
    const at = Buffer.from(altered).indexOf('"outputBytesMax":') + '"outputBytesMax":'.length;
    altered[at] = altered[at] === 0x39 ? 0x38 : 0x39;
    database(stage).run("UPDATE manifest SET bytes = ? WHERE sha256 = ?", altered, sha256);
    return Promise.resolve();
  });
  checks.equal("rejected with", found?.code, "MANIFEST_UNKNOWN");
}

async function signedByAuthorAlone(stage: Stage, checks: Checks): Promise<void> {
  const { world } = stage;
  const id = await plannedChange(stage, "Signed by the author alone");
  await world.sign(id, "ann");
  const found = await verdict(stage, id, checks, () => {
    database(stage).run("UPDATE job SET state = 'ROLLING', wave = 0 WHERE id = ?", id);
    database(stage).run("UPDATE assignment SET state = 'OFFERED' WHERE job = ? AND purpose = 'work'", id);
    return Promise.resolve();
  });
  checks.equal("rejected with", found?.code, "THRESHOLD");
}

async function replayed(stage: Stage, checks: Checks): Promise<void> {
  const { world } = stage;
  const id = await plannedChange(stage, "Replayed");
  await world.sign(id, "ann");
  await world.sign(id, "bob");
  const done = await world.waitForJob(id);
  checks.equal(
    "the first time",
    tasksOf(done).map((task) => task.state),
    ["DONE"],
  );
  const found = await verdict(stage, id, checks, () => {
    database(stage).run("UPDATE job SET state = 'ROLLING', ended_ms = NULL WHERE id = ?", id);
    database(stage).run(
      "UPDATE assignment SET state = 'OFFERED', sequence = NULL, fence = NULL, settled = 0, receipt = NULL WHERE job = ? AND purpose = 'work'",
      id,
    );
    // An honest hub offers a thing once in a session; another session is easily had.
    world.proxy?.cut();
    world.proxy?.mend();
    return Promise.resolve();
  });
  checks.equal("rejected with", found?.code, "REPLAY");
}

export async function compromisedHub(stage: Stage): Promise<Section[]> {
  return [
    await section("compromised hub: a manifest altered by one byte", (checks) => alteredByOneByte(stage, checks)),
    await section("compromised hub: a change signed by its author alone", (checks) =>
      signedByAuthorAlone(stage, checks),
    ),
    await section("compromised hub: a change replayed", (checks) => replayed(stage, checks)),
  ];
}
