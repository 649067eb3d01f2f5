import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256, utf8 } from "../../../shared/bytes.ts";
import { makeOrg, TEST_NOW_SECONDS } from "../../../shared/testing/org.ts";
import { JOB } from "../testing/bundle.ts";
import { assignmentView, jobView, taskView } from "../testing/views.ts";
import { eventStream, trustOf, World, type Answers } from "../testing/world.ts";

const org = await makeOrg();
let world: World;
beforeEach(() => {
  world = new World().trusting(org);
});
afterEach(() => world[Symbol.dispose]());

const atMs = TEST_NOW_SECONDS * 1000;
const output = (id: number, device: string, order: number, text: string, last = false) => ({
  type: "output",
  id,
  atMs,
  job: JOB,
  device,
  order,
  last,
  text,
});
const ended = (id: number, state = "SUCCEEDED") => ({ type: "job", id, atMs, job: JOB, state });

function hub(events: readonly { id: number }[], view: ReturnType<typeof jobView>, more: Answers = {}): void {
  world.hub({
    "GET /api/v1/trust": () => trustOf(org),
    "POST /api/v1/jobs": () => jobView({ state: "ROLLING" }),
    "GET /api/v1/events": () => eventStream(events),
    [`GET /api/v1/jobs/${JOB}`]: () => view,
    ...more,
  });
}

describe("farhand run", () => {
  it("shows whole lines under each device's name, escaped", async () => {
    hub(
      [
        output(1, "ams-r1", 0, "line o"),
        output(2, "ams-r2", 0, "two\u001b[2J\r\n", true),
        output(3, "ams-r1", 1, "ne\nend", true),
        ended(4),
      ],
      jobView({ assignments: [assignmentView([taskView("ams-r1"), taskView("ams-r2")])] }),
    );
    const { exit, out } = await world.run("run", "show version", "--select", "site=ams", "--grant", "reads");
    expect({ exit, out }).toEqual({ exit: 0, out: "ams-r2 | two\\x1b[2J\nams-r1 | line one\nams-r1 | end\n" });
  });

  it("fetches what the stream did not bring", async () => {
    const whole = "first\nsecond\n";
    hub(
      [output(1, "ams-r1", 0, "first\n"), ended(2)],
      jobView({ assignments: [assignmentView([taskView("ams-r1", { output: sha256(whole) })])] }),
      {
        [`GET /api/v1/blobs/${sha256(whole)}`]: () => utf8(whole),
      },
    );
    expect((await world.run("run", "show version", "--select", "device=ams-r1", "--grant", "reads")).out).toBe(
      "ams-r1 | first\nams-r1 | second\n",
    );
  });

  it("refuses bytes that are not what their digest says", async () => {
    hub([ended(1)], jobView({ assignments: [assignmentView([taskView("ams-r1", { output: sha256("true") })])] }), {
      [`GET /api/v1/blobs/${sha256("true")}`]: () => utf8("forged"),
    });
    expect(await world.run("run", "x", "--select", "device=ams-r1", "--grant", "reads")).toMatchObject({
      exit: 1,
      err: expect.stringContaining("PROTOCOL") as string,
    });
  });

  it("fails if one device failed, and says which", async () => {
    const failed = taskView("ams-r2", { state: "FAILED", code: "LOGIN_REFUSED", detail: "no" });
    hub(
      [ended(1, "PARTIAL")],
      jobView({ state: "PARTIAL", assignments: [assignmentView([taskView("ams-r1"), failed])] }),
    );
    const { exit, err } = await world.run("run", "show version", "--select", "site=ams", "--grant", "reads");
    expect(exit).toBe(1);
    expect(err).toContain("ams-r2: FAILED LOGIN_REFUSED no");
  });

  it("prints versioned documents with --json", async () => {
    hub(
      [output(1, "ams-r1", 0, "x\u202e", true), ended(2)],
      jobView({ assignments: [assignmentView([taskView("ams-r1")])] }),
    );
    const { out } = await world.run("run", "show version", "--select", "device=ams-r1", "--grant", "reads", "--json");
    expect(out).toContain("\\u202e");
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { schema: string }).schema),
    ).toEqual(["farhand.run-output/1", "farhand.run/1"]);
  });

  it("corrects a device's name before it asks anything", async () => {
    hub([], jobView());
    const { exit, err } = await world.run("run", "x", "--select", "device=amsr1", "--grant", "reads");
    expect(exit).toBe(1);
    expect(err).toContain("no device amsr1; did you mean ams-r1?");
    expect(world.requests).not.toContain("POST /api/v1/jobs");
  });
});

describe("job watch", () => {
  it("ends with 3 where the job was canceled", async () => {
    hub([ended(1, "CANCELED")], jobView({ state: "CANCELED" }));
    expect((await world.run("job", "watch", JOB)).exit).toBe(3);
  });

  it("goes on behind an event", async () => {
    let asked: string | null = null;
    hub([ended(9)], jobView(), {
      "GET /api/v1/events": ({ url }) => {
        asked = url.searchParams.get("after");
        return eventStream([ended(9)]);
      },
    });
    await world.run("job", "watch", JOB, "--after", "8");
    expect(asked).toBe("8");
  });
});
