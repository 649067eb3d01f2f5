import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256, utf8 } from "../../../shared/bytes.ts";
import { makeOrg } from "../../../shared/testing/org.ts";
import { refusedMark } from "../../../drivers/model/state/run-output.ts";
import { JOB } from "../testing/bundle.ts";
import { assignmentView, jobView, taskView } from "../testing/views.ts";
import { eventStream, trustOf, World } from "../testing/world.ts";

const org = await makeOrg();
let world: World;
beforeEach(() => {
  world = new World().trusting(org);
});
afterEach(() => world[Symbol.dispose]());

const SUMMARY = "show ip bgp summary";
const head = "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n";
const peer = (address: string, state: string): string => `${address} 4 65002 100 100 1 0 0 01:23:45 ${state}\n`;
const summary = (...peers: readonly string[]): string => `> ${SUMMARY}\n${head}${peers.join("")}\n`;
const BEFORE = summary(peer("10.0.0.2", "12"), peer("10.0.0.6", "Active"));
const AFTER = summary(peer("10.0.0.2", "Idle"), peer("10.0.0.10", "3"));

/** A device that answers so to whatever it is asked; the earlier job's answer under its own name. */
function answering(answer: string, earlier = ""): { submitted: () => unknown } {
  let submitted: unknown;
  const view = (text: string) =>
    jobView({ assignments: [assignmentView([taskView("ams-r1", { output: sha256(text) })])] });
  world.hub({
    "GET /api/v1/trust": () => trustOf(org),
    "POST /api/v1/jobs": ({ body }) => {
      submitted = body;
      return jobView({ state: "ROLLING" });
    },
    "GET /api/v1/events": () =>
      eventStream([{ type: "job", id: 1, atMs: 1, job: JOB, state: "SUCCEEDED" } as { id: number }]),
    [`GET /api/v1/jobs/${JOB}`]: () => view(answer),
    "GET /api/v1/jobs/job-before": () => view(earlier),
    [`GET /api/v1/blobs/${sha256(answer)}`]: () => utf8(answer),
    [`GET /api/v1/blobs/${sha256(earlier)}`]: () => utf8(earlier),
  });
  return { submitted: () => submitted };
}
const ask = (...more: readonly string[]) =>
  world.run("run", SUMMARY, "--parse", "--select", "device=ams-r1", "--grant", "reads", ...more);

describe("farhand run --parse", () => {
  it("shows answers as tables, escaped", async () => {
    answering(`${summary(peer("10.0.0.2", "12"))}  what \u001b[2J\n`);
    const { exit, out } = await ask();
    expect(exit).toBe(0);
    expect(out).toContain(
      "ams-r1 bgp\nPEER      AS     STATE        RECEIVED  SINCE\n10.0.0.2  65002  established  12        01:23:45",
    );
    expect(out).toContain("1 lines not understood: what  [2J");
  });

  it("asks what the pack reads where no command is given, and goes on behind a refusal", async () => {
    const refused = (command: string, detail: string) => `> ${command}\n${refusedMark("COMMAND_REFUSED", detail)}\n\n`;
    const { submitted } = answering(
      refused("show ip interface brief", "% Invalid input") +
        refused("show lldp neighbors", "% LLDP is not enabled") +
        BEFORE,
    );
    const { exit, out } = await world.run("run", "--parse", "--select", "device=ams-r1", "--grant", "reads");
    expect(exit).toBe(0);
    expect(submitted()).toMatchObject({ goOn: true });
    expect((submitted() as { commands: string[] }).commands).toContain(SUMMARY);
    expect(out).toContain("ams-r1 interfaces not read: COMMAND_REFUSED % Invalid input");
    expect(out).toContain("ams-r1 lldp\nnothing");
    expect(out).toContain("ams-r1 arp not read: not asked");
    expect(out).toContain("10.0.0.2  65002  established");
  });

  it("compares with what was last parsed here, and exits 1 where an expectation is broken", async () => {
    answering(BEFORE);
    expect((await ask()).exit).toBe(0);
    answering(AFTER);
    const { exit, out } = await ask("--checks", "default", "--compare");
    expect(exit).toBe(1);
    expect(out).toBe(
      [
        "ams-r1 bgp: 3 of 3 rows differ",
        "  ~ 10.0.0.2: state established → Idle, received 12 → nothing",
        "  - 10.0.0.6: peer 10.0.0.6, as 65002, state Active, since 01:23:45",
        "  + 10.0.0.10: peer 10.0.0.10, as 65002, state established, received 3, since 01:23:45",
        "ams-r1 bgp established: broken: 1 row: 10.0.0.2",
        "ams-r1 bgp prefixes: broken: 1 row: 10.0.0.2",
        "",
      ].join("\n"),
    );
    // What is there now is what the next one is compared with.
    expect((await ask("--checks", "default", "--compare")).exit).toBe(0);
  });

  it("compares with an earlier job and with a file", async () => {
    answering(AFTER, BEFORE);
    expect((await ask("--compare", "job-before")).out).toContain("bgp: 3 of 3 rows differ");
    answering(BEFORE);
    const file = world.write("before.jsonl", (await ask("--json")).out);
    answering(AFTER);
    const compared = await ask("--before", file, "--json");
    expect(JSON.parse(compared.out)).toMatchObject({
      schema: "farhand.run-compare/1",
      device: "ams-r1",
      worse: false,
      tables: [{ table: "bgp", changes: [{ how: "changed" }, { how: "removed" }, { how: "added" }] }],
    });
    expect((await ask("--before", world.write("no.txt", "hello\n"))).err).toContain("SCHEMA");
  });

  it("refuses what does not go together before anything is asked", async () => {
    answering(BEFORE);
    const refused = async (...args: readonly string[]) =>
      (await world.run("run", ...args, "--select", "device=ams-r1", "--grant", "reads")).exit;
    expect(await refused()).toBe(64);
    expect(await refused(SUMMARY, "--compare", "job-before")).toBe(64);
    expect(await refused(SUMMARY, "--parse", "--compare")).toBe(64);
    expect(world.requests).not.toContain("POST /api/v1/jobs");
  });
});
