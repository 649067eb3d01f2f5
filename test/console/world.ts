/** What the stub hub shows: two sites, a rolling change, a job that waits for a signature, a job with output, and hostile text. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { AgentView, DeviceView, JobView, SiteView, SnapshotView, TaskView } from "../../hub/api/contract/views.ts";
import { TaskState } from "../../shared/states.ts";
import { ANSI, BIDI, configText, deviceName, IMG, planCommands, planDiff } from "./world-texts.ts";

const MINUTE = 60_000;
const Counts = z.record(TaskState, z.int());
const kid = (character: string): string => character.repeat(43);

export class World {
  readonly blobs = new Map<string, string>();
  readonly nowMs: number;
  readonly sites: z.infer<typeof SiteView>[];
  readonly agents: z.infer<typeof AgentView>[];
  readonly devices: z.infer<typeof DeviceView>[];
  readonly snapshots: z.infer<typeof SnapshotView>[];
  readonly jobs: z.infer<typeof JobView>[];

  constructor(nowMs: number) {
    this.nowMs = nowMs;
    this.sites = z.array(SiteView).parse([
      { id: "ams-1", devices: 8, agents: ["ams-1-a"], contact: "LIVE", parallel: 20 },
      { id: "fra-2", devices: 6, agents: ["fra-2-a", "fra-2-b"], contact: "LAPSED", parallel: 10 },
      { id: "plant-7", devices: 0, agents: [], contact: "DARK", parallel: 4 },
    ]);
    this.agents = z.array(AgentView).parse([
      this.#agent("ams-1-a", "ams-1", "A", { contact: "LIVE", running: 3 }),
      this.#agent("fra-2-a", "fra-2", "B", {
        contact: "LAPSED",
        lastSeenMs: nowMs - 9 * MINUTE,
        software: `0.1.0 ${IMG}`,
      }),
      this.#agent("fra-2-b", "fra-2", "C", { status: "pending", contact: "LIVE", software: null }),
    ]);
    const tags = (index: number) =>
      index === 0 ? { role: "edge", note: `${IMG}${BIDI}txt` } : { role: index % 3 === 0 ? "edge" : "access" };
    this.devices = z.array(DeviceView).parse(
      Array.from({ length: 14 }, (_, index) => ({
        id: deviceName(index),
        site: index < 8 ? "ams-1" : "fra-2",
        platform: index % 4 === 3 ? "frr_linux" : "cisco_iosxe",
        address: `10.${index < 8 ? 1 : 2}.0.${index + 10}`,
        port: 22,
        via: [],
        tags: tags(index),
        config: index === 13 ? null : this.blob(configText(index, 1)),
        collectedMs: index === 13 ? null : nowMs - (index + 2) * 7 * MINUTE,
        lastJob: index === 13 ? null : "collect-nightly-0117",
        lastState: index === 13 ? null : index === 9 ? "FAILED" : "DONE",
        baseline: index === 0 ? "f".repeat(64) : null,
        hold:
          index === 2
            ? {
                owner: "ann",
                reason: `line card swap ${IMG}`,
                sinceMs: nowMs - 30 * MINUTE,
                untilMs: nowMs + 120 * MINUTE,
              }
            : null,
      })),
    );
    this.snapshots = z.array(SnapshotView).parse(
      [2, 1, 0].map((version) => ({
        device: deviceName(0),
        takenMs: nowMs - (3 - version) * 26 * 60 * MINUTE,
        job: "collect-nightly-0117",
        public: this.ref(configText(0, version)),
        keyGeneration: 1,
        sealed: version === 0 ? null : "e".repeat(64),
        notRestorable: version === 0 ? "collected before the vault had a recovery key" : null,
      })),
    );
    this.jobs = z
      .array(JobView)
      .parse([this.#rolling(), this.#waiting(), this.#run(), this.#partial(), this.#check(), this.#nightly()]);
  }

  blob(text: string): string {
    const digest = createHash("sha256").update(text).digest("hex");
    this.blobs.set(digest, text);
    return digest;
  }

  ref(text: string): { sha256: string; bytes: number } {
    return { sha256: this.blob(text), bytes: Buffer.byteLength(text) };
  }

  job(id: string): z.infer<typeof JobView> {
    const job = this.jobs.find((one) => one.id === id);
    if (!job) throw new Error(`no job ${id}`);
    return job;
  }

  setTask(jobId: string, device: string, change: { state: TaskState; step?: string | null }): z.infer<typeof TaskView> {
    const job = this.job(jobId);
    for (const assignment of job.assignments) {
      const task = assignment.tasks.find((one) => one.device === device);
      if (!task) continue;
      Object.assign(task, { state: change.state, step: change.step ?? null, atMs: Date.now() });
      if (change.state === "DONE") task.diff = task.plannedDiff;
      job.counts = countsOf(job.assignments.flatMap((one) => one.tasks));
      return task;
    }
    throw new Error(`no task ${device} in ${jobId}`);
  }

  #agent(id: string, site: string, letter: string, more: Record<string, unknown>): unknown {
    const base = {
      id,
      site,
      kid: kid(letter),
      signKey: kid(letter),
      boxKey: kid(letter),
      status: "active",
      contact: "LIVE",
    };
    return { ...base, lastSeenMs: this.nowMs - 4_000, software: "0.1.0", running: 0, quarantine: null, ...more };
  }

  #task(device: string, state: TaskState, more: Record<string, unknown> = {}): z.infer<typeof TaskView> {
    const nothing = {
      late: null,
      step: null,
      code: null,
      detail: null,
      level: null,
      before: null,
      after: null,
      plannedDiff: null,
    };
    const empty = { plannedCommands: null, diff: null, output: null, transcript: null, warnings: [], hints: [] };
    return TaskView.parse({ device, state, atMs: this.nowMs - MINUTE, ...nothing, ...empty, ...more });
  }

  #planned(odd: boolean): Record<string, unknown> {
    return { plannedDiff: this.blob(planDiff(odd)), plannedCommands: this.blob(planCommands(odd)), level: "B" };
  }

  #assignment(
    letter: string,
    more: Record<string, unknown>,
    tasks: z.infer<typeof TaskView>[],
  ): Record<string, unknown> {
    return {
      manifest: letter.repeat(64),
      attempt: 1,
      wave: 1,
      state: "RUNNING",
      code: null,
      reason: null,
      receipt: null,
      late: null,
      ...more,
      tasks,
    };
  }

  #job(id: string, more: Record<string, unknown>, assignments: Record<string, unknown>[]): unknown {
    const tasks = z.array(TaskView).parse(assignments.flatMap((one) => one["tasks"]));
    const base = {
      id,
      title: id,
      reason: "",
      author: "alice",
      createdMs: this.nowMs - 12 * MINUTE,
      endedMs: null,
      risk: "read",
    };
    const authority = {
      authority: "grant",
      grant: "nightly",
      signers: [],
      signersNeeded: 0,
      breakglass: null,
      code: null,
      warrant: null,
      waiting: null,
    };
    return {
      ...base,
      ...authority,
      devices: tasks.length,
      counts: countsOf(tasks),
      assignments,
      planning: [],
      ...more,
    };
  }

  #rolling(): unknown {
    const hint = { code: "ARCHIVE_MISSING", detail: "archive / path flash:undo would make this level A" };
    const tasks = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) =>
        this.#task(deviceName(from + index), "QUEUED", {
          ...this.#planned(from + index === 11),
          atMs: null,
          hints: from + index < 3 ? [hint] : [],
        }),
      );
    return this.#job(
      "change-uplink-0042",
      {
        kind: "change",
        title: "Bring up the second uplink's BGP session",
        reason: "CHG-20417: the second carrier is connected since Friday.",
        state: "ROLLING",
        risk: "change",
        authority: "warrant",
        grant: null,
        signers: ["alice", "bob"],
        signersNeeded: 2,
        breakglass: null,
        warrant: "9".repeat(64),
        waiting: null,
      },
      [
        this.#assignment("1", { agent: "ams-1-a", site: "ams-1" }, tasks(0, 8)),
        this.#assignment("2", { agent: "fra-2-a", site: "fra-2", wave: 2, state: "PLANNED" }, tasks(8, 12)),
      ],
    );
  }

  #waiting(): unknown {
    const warning = { code: "MANAGEMENT_PATH", detail: "the change touches the interface that the agent comes in by" };
    return this.#job(
      "change-mgmt-0043",
      {
        kind: "change",
        title: `Move management to VRF mgmt ${IMG}`,
        state: "PENDING_APPROVAL",
        risk: "destructive",
        authority: "warrant",
        grant: null,
        signers: ["alice"],
        signersNeeded: 2,
        breakglass: null,
        warrant: "8".repeat(64),
        waiting: "one more person with the approver role for ams-1 must review and sign",
      },
      [
        this.#assignment(
          "3",
          { agent: "ams-1-a", site: "ams-1", state: "PLANNED" },
          [0, 1].map((index) =>
            this.#task(deviceName(index), "QUEUED", { ...this.#planned(false), warnings: [warning] }),
          ),
        ),
      ],
    );
  }

  #run(): unknown {
    return this.#job(
      "run-bgp-0118",
      { kind: "run", title: "show ip bgp summary", state: "ROLLING", author: null, createdMs: this.nowMs - 20_000 },
      [
        this.#assignment("4", { agent: "ams-1-a", site: "ams-1" }, [
          this.#task(deviceName(0), "APPLYING"),
          this.#task(deviceName(1), "QUEUED"),
        ]),
      ],
    );
  }

  #partial(): unknown {
    const planned = this.#planned(false);
    const before = {
      public: this.ref(configText(0, 1)),
      keyGeneration: 1,
      sealed: null,
      notRestorable: "no recovery key",
    };
    const transcript = this.blob(
      `ams-1-r05#configure terminal\r\n${ANSI}ams-1-r05(config)#router bgp 65010\r\n% ${IMG} ${BIDI}detpeccA\r\nbell \u0007 here\r\n`,
    );
    return this.#job(
      "change-ntp-0041",
      {
        kind: "change",
        title: "Replace the NTP servers",
        state: "PARTIAL",
        risk: "change",
        authority: "warrant",
        grant: null,
        signers: ["alice", "bob"],
        signersNeeded: 2,
        breakglass: null,
        warrant: "7".repeat(64),
        createdMs: this.nowMs - 300 * MINUTE,
        endedMs: this.nowMs - 280 * MINUTE,
      },
      [
        this.#assignment("5", { agent: "ams-1-a", site: "ams-1", state: "FAILED" }, [
          this.#task("ams-1-r01", "DONE", { ...planned, diff: planned["plannedDiff"], before, after: before }),
          this.#task("ams-1-r05", "ROLLED_BACK", {
            ...planned,
            code: "VERIFICATION_FAILED",
            detail: `show ntp status: expected "synchronised", got ${IMG}`,
            before,
            after: before,
            transcript,
          }),
          this.#task("ams-1-r06", "DRIFTED", {
            ...planned,
            code: "DRIFTED",
            detail: "2 lines in router bgp 65010 are not those that were reviewed",
          }),
          this.#task("ams-1-r07", "FAILED", { ...planned, code: "HOST_KEY" }),
          this.#task("ams-1-r08", "UNKNOWN", { ...planned, step: "probe", code: "UNKNOWN_OUTCOME" }),
        ]),
      ],
    );
  }

  #check(): unknown {
    const report = {
      facts: { hostname: "ams-1-r01", version: `17.9.4 ${IMG}`, serial: "9XK2PL0A" },
      level: "C",
      undoCost: { kind: "in-place" },
      findings: [
        { code: "REACHED", detail: "10.1.0.10 port 22, host key as pinned, logged in" },
        { code: "ARCHIVE_MISSING", detail: "archive / path flash:undo would make this level A" },
      ],
    };
    const tasks = [this.#task("ams-1-r01", "DONE", { output: this.blob(JSON.stringify(report)), level: "C" })];
    return this.#job(
      "check-0116",
      { kind: "check", title: "Readiness", state: "SUCCEEDED", author: null, endedMs: this.nowMs },
      [this.#assignment("b", { agent: "ams-1-a", site: "ams-1", state: "SUCCEEDED" }, tasks)],
    );
  }

  #nightly(): unknown {
    const tasks = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) =>
        this.#task(deviceName(from + index), from + index === 9 ? "FAILED" : "DONE"),
      );
    return this.#job(
      "collect-nightly-0117",
      {
        kind: "collect",
        title: "Nightly backup",
        state: "SUCCEEDED",
        author: null,
        createdMs: this.nowMs - 500 * MINUTE,
        endedMs: this.nowMs - 498 * MINUTE,
      },
      [
        this.#assignment("6", { agent: "ams-1-a", site: "ams-1", state: "SUCCEEDED" }, tasks(0, 8)),
        this.#assignment("a", { agent: "fra-2-a", site: "fra-2", state: "SUCCEEDED" }, tasks(8, 13)),
      ],
    );
  }
}

function countsOf(tasks: readonly { state: TaskState }[]): Record<TaskState, number> {
  const counts = Counts.parse(Object.fromEntries(TaskState.options.map((state) => [state, 0])));
  for (const { state } of tasks) counts[state]++;
  return counts;
}
