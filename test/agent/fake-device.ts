import { sha256 } from "../../shared/bytes.ts";
import type { HostKey } from "../../shared/documents/inventory.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { id } from "../../shared/testing/org.ts";
import type { Configuration, Driver, OpenOptions, Prediction, Session, TransactionToken } from "../../drivers/types.ts";

/** A device of three lines' wit: a list of configuration lines, one undo timer, and counters that a test can ask. */
export class FakeDevice {
  lines: string[];
  opens = 0;
  applies = 0;
  saved: string[] = [];
  armed: { id: string; lines: string[] } | undefined;
  /** Called inside an operation: a test holds it, breaks it, or stops the agent in it. */
  during: (operation: string, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  outputBytes = 0;
  hostKeys: HostKey[] = [{ algorithm: "ssh-ed25519", publicKey: "AAAAC3NzaC1lZDI1NTE5AAAAIAAA" }];

  constructor(lines: string[]) {
    this.lines = lines;
  }
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const linesOf = (value: string): string[] => value.split("\n").filter((line) => line !== "");
const diffOf = (before: string, after: string): string => {
  const had = linesOf(before);
  const has = linesOf(after);
  return JSON.stringify([
    ...had.filter((line) => !has.includes(line)).map((line) => ({ line, op: "remove", path: [] })),
    ...has.filter((line) => !had.includes(line)).map((line) => ({ line, op: "add", path: [] })),
  ]);
};

function configuration(lines: readonly string[]): Configuration {
  const raw = text(lines);
  return { raw, publicText: raw, publicDigest: sha256(raw), keyGeneration: 1 };
}

function apply(lines: readonly string[], commands: readonly string[]): string[] {
  return commands.reduce<string[]>(
    (now, command) =>
      command.startsWith("no ")
        ? now.filter((line) => line !== command.slice(3))
        : now.includes(command)
          ? now
          : [...now, command],
    [...lines],
  );
}

function session(device: FakeDevice, options: OpenOptions): Session {
  const { signal, transcript } = options;
  const step = async (operation: string): Promise<void> => {
    signal.throwIfAborted();
    await transcript.write("sent", operation);
    await device.during(operation, signal);
    signal.throwIfAborted();
  };
  return {
    async facts() {
      await step("facts");
      return { hostname: "r", vendor: "fake", model: null, version: "1", serial: null };
    },
    async running() {
      await step("running");
      return configuration(device.lines);
    },
    async run(command, { outputBytesMax, sink }) {
      await step(command);
      if (!sink) return text(device.lines);
      const chunk = "x".repeat(16_383) + "\n";
      for (let sent = 0; sent < device.outputBytes; sent += chunk.length) {
        if (sent + chunk.length > outputBytesMax) throw new FarhandError("OUTPUT_TOO_LARGE");
        signal.throwIfAborted();
        await sink(chunk);
      }
      await sink(text(device.lines));
      return "";
    },
    async readiness() {
      await step("readiness");
      return {
        level: "B",
        undoCost: { kind: "in-place" },
        blockers: [],
        pendingByOther: false,
        unsaved: false,
        warnings: [],
      };
    },
    async begin({ id: token, mode, confirmMs, preImage }) {
      await step("begin");
      return { platform: id.iosxe, id: token, mode, confirmMs, preImage: preImage.publicDigest, data: {} };
    },
    async arm(token: TransactionToken) {
      device.armed = { id: token.id, lines: device.lines };
      await step("arm");
    },
    async apply(_token, commands) {
      device.applies++;
      device.lines = apply(device.lines, commands);
      await step("apply");
    },
    async pending() {
      await step("pending");
      return device.armed ? "armed" : "none";
    },
    async confirm() {
      await step("confirm");
      device.armed = undefined;
    },
    async revert() {
      await step("revert");
      if (device.armed) device.lines = device.armed.lines;
      device.armed = undefined;
    },
    async save() {
      await step("save");
      device.saved = device.lines;
    },
    async cleanup() {
      await step("cleanup");
    },
    close: () => Promise.resolve(),
  };
}

export function fakeDriver(devices: ReadonlyMap<DeviceId, FakeDevice>): Driver {
  return {
    platform: id.iosxe,
    transport: "cli",
    digest: "0".repeat(64) as Driver["digest"],
    evidence: "recorded",
    // In memory it takes whatever comes; what a box takes is `budget.test.ts`'s.
    limits: { sessions: 1_000, connectsPerMinute: 1_000_000, channelsPerConnection: 1_000 },
    async open(options) {
      const device = devices.get(options.target.id);
      if (!device) throw new FarhandError("CONNECT_REFUSED");
      device.opens++;
      await device.during("open", options.signal);
      options.signal.throwIfAborted();
      return session(device, options);
    },
    async hostKeys({ target, signal }) {
      const device = devices.get(target.id);
      if (!device) throw new FarhandError("CONNECT_REFUSED");
      await device.during("hostKeys", signal);
      return device.hostKeys;
    },
    isRead: (command) => command.startsWith("show "),
    isDestructive: (line) => line.startsWith("erase"),
    predict({ text: wanted, before }): Prediction {
      const commands = linesOf(wanted).filter((line) => line.startsWith("no ") || !linesOf(before.raw).includes(line));
      return {
        diff: diffOf(before.publicText, text(apply(linesOf(before.raw), commands))),
        commands: JSON.stringify(commands),
        touchesManagement: false,
        destructive: commands.some((command) => command.startsWith("erase")),
        // What a real driver says of a secret that stands in the text itself.
        warnings: commands.some((command) => command.startsWith("snmp-server community"))
          ? [{ code: "INLINE_SECRET", detail: "line 1: a secret is written out" }]
          : [],
        render: () => commands,
      };
    },
    diff: diffOf,
    sameDiff: (signed, measured) => signed === measured,
    notRestorable: (_device, raw) => (raw.includes("banner") ? "it holds a banner" : null),
    publicForm: (_device, raw) => ({ publicText: raw, publicDigest: sha256(raw) }),
  };
}
