// The list that farhand-agent certify runs on a person's device, on every simulated one: it must be passed, and each planted fault must be found.
import { afterAll, describe, expect, test } from "vitest";
import type { Certificate } from "../../../agent/certify/certificate.ts";
import { certify, LIST } from "../../../agent/certify/certify.ts";
import type { LabDevice } from "../../../agent/certify/lab.ts";
import { driverFor } from "../../../drivers/registry.ts";
import type { Driver, Session } from "../../../drivers/types.ts";
import { PlatformId } from "../../../shared/ids.ts";
import type { SimulatedDevice } from "../../../simulators/device.ts";
import { nameOf, type Subject } from "../matrix/subject.ts";
import { subjects } from "../matrix/subjects/index.ts";
import { fastClock } from "../support.ts";
import { certified, labOf } from "./labs.ts";

const never = new AbortController().signal;
/** A device's minute is six seconds: what it does by itself is waited for, and a busy machine is not late. */
const FACTOR = 10;

interface Planted {
  readonly device?: (sim: SimulatedDevice) => void;
  readonly driver?: (driver: Driver) => Driver;
  readonly lab?: Partial<LabDevice>;
  readonly items?: readonly string[];
  readonly rssBytes?: () => number;
}

async function run(
  subject: Subject,
  planted: Planted = {},
): Promise<{ certificate: Certificate; sim: SimulatedDevice }> {
  const clock = fastClock(FACTOR);
  const { sim, target, credential } = await subject.start(clock);
  try {
    const driver = driverFor(PlatformId.parse(subject.platform), subject.transport);
    if (!driver) throw new Error(`no driver for ${nameOf(subject)}`);
    const lab = labOf(subject, target, planted.lab);
    planted.device?.(sim);
    // Junos writes its version into what it shows by itself.
    const body = (): string => subject.body(sim.runningConfig()).replace(/^version .*;\n/v, "");
    const before = body();
    const list = planted.items ? LIST.filter(({ id }) => [...FIRST, ...(planted.items ?? [])].includes(id)) : LIST;
    const certificate = await certify({
      lab,
      credential,
      clock,
      list,
      signal: never,
      driver: planted.driver?.(driver) ?? driver,
      rssBytes: planted.rssBytes ?? (() => process.memoryUsage().rss),
    });
    if (!planted.device) expect(body()).toBe(before);
    return { certificate, sim };
  } finally {
    await sim.stop();
  }
}

const FIRST = ["login", "facts", "two-reads"];
const every = subjects.filter(certified);
/** The list waits for timers: of each kind of carrier one in a working day, all of them at night. */
const DAILY: readonly string[] = ["juniper_junos/cli", "netconf/netconf", "nokia_srlinux/https"];
const tested =
  process.env["FARHAND_HOSTS"] === "all" ? every : every.filter((subject) => DAILY.includes(nameOf(subject)));
const left = every.filter((subject) => !tested.includes(subject)).map((subject) => nameOf(subject));
if (left.length > 0) console.log(`certify: nightly runs the list on ${left.join(", ")} too (FARHAND_HOSTS=all)`);
const table = new Map<string, readonly string[]>();

describe.concurrent.each(tested.map((subject) => [nameOf(subject), subject] as const))("%s", (name, subject) => {
  test("passes the list, and is as it was", async () => {
    const { certificate } = await run(subject);
    table.set(
      name,
      certificate.items.map(({ id, status, evidence }) => `${status.padEnd(14)} ${id.padEnd(15)} ${evidence}`),
    );
    expect(certificate.items.filter(({ status }) => status === "failed")).toEqual([]);
    expect(certificate.grade).toEqual({ evidence: "real", missing: [] });
    expect(JSON.stringify(certificate)).not.toContain("hunter2");
  }, 240_000);
});

afterAll(() => {
  for (const [name, lines] of table) console.log(`${name}\n  ${lines.join("\n  ")}`);
});

const [iosxe] = every.filter((subject) => nameOf(subject) === "cisco_iosxe/cli");

/** The same driver, with sessions that do something else. */
const withSessions =
  (change: (session: Session) => void) =>
  (driver: Driver): Driver => ({
    ...driver,
    open: async (options) => {
      const session = await driver.open(options);
      change(session);
      return session;
    },
  });

const statusOf = ({ items }: Certificate, id: string): string => {
  const item = items.find((one) => one.id === id);
  return `${item?.status ?? "not run"} ${item?.evidence ?? ""}`;
};

describe.concurrent("what is broken is found", () => {
  const device = (fault: Parameters<SimulatedDevice["setFault"]>[0]) => (sim: SimulatedDevice) => sim.setFault(fault);
  test.each<readonly [what: string, item: string, seen: RegExp, planted: Planted]>([
    ["nobody is let in", "login", /LOGIN_REFUSED/, { device: device({ kind: "aaa-down" }) }],
    ["another serial", "facts", /serial/, { lab: { serial: "ANOTHER" } }],
    [
      "the device forgets its timer",
      "undo-timer",
      /PENDING_CHANGE|still there|did not come|UNKNOWN|REVERT_FAILED|is told as/,
      { device: (sim) => sim.setFault({ kind: "confirmed-by-other", afterMs: 1 }) },
    ],
    [
      "a driver never confirms",
      "change-kept",
      /ROLLED_BACK/,
      {
        driver: withSessions((session) => {
          session.confirm = () => Promise.resolve();
        }),
      },
    ],
    [
      "a line of the change is refused",
      "change-kept",
      /COMMAND_REFUSED/,
      { device: device({ kind: "refuse-line", match: "192\\.0\\.2\\.0" }) },
    ],
    [
      "a driver takes half a configuration for a whole one",
      "end-marker",
      /half a configuration/,
      {
        driver: withSessions((session) => {
          const running = session.running.bind(session);
          session.running = async () => {
            try {
              return await running();
            } catch {
              return { raw: "half", publicText: "half", publicDigest: "0".repeat(64) as never, keyGeneration: 1 };
            }
          };
        }),
      },
    ],
    [
      "a driver sends what is no read",
      "refused-read",
      /nothing was refused/,
      {
        driver: withSessions((session) => {
          session.run = () => Promise.resolve("ok");
        }),
      },
    ],
    [
      "a driver tries a refused password again",
      "wrong-password",
      /2 logins/,
      {
        driver: (driver) => ({ ...driver, open: (options) => driver.open(options).catch(() => driver.open(options)) }),
      },
    ],
    [
      "a driver trusts any host key",
      "host-key",
      /nothing was refused/,
      {
        driver: (driver) => {
          let good: Parameters<Driver["open"]>[0]["target"] | undefined;
          return {
            ...driver,
            open: (options) => {
              good ??= options.target;
              return driver.open({ ...options, target: good });
            },
          };
        },
      },
    ],
    [
      "a driver never saves",
      "saved",
      /differs/,
      {
        driver: withSessions((session) => {
          session.save = () => Promise.resolve();
        }),
      },
    ],
    [
      "a driver never undoes",
      "undo-asked",
      /ROLLED_BACK|REVERT_FAILED|configuration/,
      {
        driver: withSessions((session) => {
          session.revert = (token) => session.confirm(token);
        }),
      },
    ],
    [
      "a driver confirms where nobody proved anything",
      "crash",
      /apply: kept, and nobody had proved/,
      {
        driver: withSessions((session) => {
          const apply = session.apply.bind(session);
          session.apply = async (token, commands) => {
            await apply(token, commands);
            await session.confirm(token);
          };
        }),
      },
    ],
    [
      "a driver does not see a pending change",
      "pending",
      /beside it/,
      {
        driver: withSessions((session) => {
          const readiness = session.readiness.bind(session);
          session.readiness = async (mode) => ({ ...(await readiness(mode)), pendingByOther: false });
        }),
      },
    ],
    [
      "a driver writes secrets down",
      "secrets",
      /hold one/,
      {
        driver: (driver) => ({
          ...driver,
          open: async (options) => {
            await options.transcript.write("note", `password ${options.credential.password?.reveal() ?? ""}`);
            return driver.open(options);
          },
        }),
      },
    ],
    [
      "a driver keeps all output",
      "memory",
      /memory grew/,
      {
        rssBytes: (() => {
          let bytes = 0;
          return () => (bytes += 200 * 1024 * 1024);
        })(),
      },
    ],
  ])(
    "%s: %s fails",
    async (_what, item, seen, planted) => {
      if (!iosxe) throw new Error("no subject");
      const { certificate } = await run(iosxe, { ...planted, items: [item, "secrets"] });
      expect(statusOf(certificate, item)).toMatch(/^failed /);
      expect(statusOf(certificate, item)).toMatch(seen);
      expect(certificate.grade.evidence).not.toBe("real");
      expect(certificate.grade.missing.join("\n")).toContain(`${item}: failed`);
    },
    240_000,
  );

  test("a text that touches what the lab file does not name is refused before it is sent", async () => {
    if (!iosxe) throw new Error("no subject");
    const { certificate, sim } = await run(iosxe, {
      lab: { mayTouch: ["interface Loopback99"] },
      items: ["change-kept"],
    });
    expect(statusOf(certificate, "change-kept")).toMatch(/^failed TEXT_REFUSED: mayTouch/);
    expect(sim.applyCount()).toBe(0);
  }, 60_000);
});
