import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { CommandText, type Verification } from "../../shared/documents/common.ts";
import { Address, AlgorithmProfile, Device, HostKey, Tls, TransportName } from "../../shared/documents/inventory.ts";
import { FarhandError } from "../../shared/errors.ts";
import { DeviceId, PlatformId } from "../../shared/ids.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const Text = z.string().min(1).max(65_536);
const LINES_MIN = 3;

/** As in a known_hosts line: `ssh-ed25519 AAAA…`. */
const KeyLine = z
  .string()
  .max(4096)
  .transform((line, context) => {
    const [algorithm, publicKey] = line.trim().split(/\s+/v);
    const key = HostKey.safeParse({ algorithm, publicKey });
    if (key.success) return key.data;
    context.addIssue({ code: "custom", message: "must be `algorithm base64`, as in a known_hosts line" });
    return z.NEVER;
  });

/**
 * The one device that a certification may work on, and what it may do there. Never signed, and never read by a serving agent: it names a
 * device in a laboratory, whose loss costs nothing.
 */
export const LabFile = z.strictObject({
  schema: z.literal("farhand.lab/1"),
  devices: z
    .array(
      z.strictObject({
        id: DeviceId,
        platform: PlatformId,
        transport: TransportName.optional(),
        address: Address,
        port: z.int().min(1).max(65_535),
        hostKeys: z.array(KeyLine).max(8).default([]),
        algorithms: AlgorithmProfile.default("modern"),
        tls: Tls.optional(),
        serial: z.string().min(1).max(64).nullable().default(null),
        /** Files beside this one, or by absolute path; what is not named is asked for on the terminal. */
        credential: z.strictObject({
          username: z.string().min(1).max(256),
          passwordFile: z.string().max(4096).optional(),
          privateKeyFile: z.string().max(4096).optional(),
          enableFile: z.string().max(4096).optional(),
        }),
        /** Each line that is added or removed must hold one of these, its section headers included: `interface Loopback99`. */
        mayTouch: z.array(z.string().min(3).max(200)).min(1).max(32),
        change: z.strictObject({
          text: Text.refine((text) => text.split("\n").filter((line) => line.trim() !== "").length >= LINES_MIN, {
            message: `must have ${LINES_MIN} lines, so that it can be cut in the middle`,
          }),
          /** What shows that it is in force; false as long as it is not. */
          shows: z
            .array(z.strictObject({ command: CommandText, contains: z.string().min(1).max(1024) }))
            .min(1)
            .max(8),
          /** What takes it back line by line. Without it the snapshot is put back. */
          undo: Text.optional(),
        }),
        /** Another small change, as made by somebody else. */
        other: z.strictObject({ text: Text, undo: Text.optional() }),
        /** The change with a line in its middle that this device refuses. */
        refused: z.strictObject({ text: Text }),
        /** Reads that it must answer, one of them longer than a screen. */
        reads: z.array(CommandText).min(1).max(32),
        /** A read that is allowed and that this device does not know. */
        refusedRead: CommandText.optional(),
        /** A read of what the next boot loads, where the platform has one. */
        startup: z.strictObject({ command: CommandText, contains: z.string().min(1).max(1024) }).optional(),
        /** The device's timer. The least that leaves time to log in and verify, since it is waited out. */
        confirmSeconds: z.int().min(5).max(3600).default(60),
        connectSeconds: z.int().min(1).max(600).default(30),
        commandSeconds: z.int().min(1).max(3600).default(60),
      }),
    )
    .min(1)
    .max(64),
});
export type LabDevice = z.infer<typeof LabFile>["devices"][number];

/** Throws NOT_FOUND, SCHEMA, IO. */
export function readLab(path: string, device: string): LabDevice {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FarhandError("IO", path, { cause: error });
  }
  return labDevice(text, device, dirname(resolve(path)));
}

function labDevice(text: string, device: string, folder: string): LabDevice {
  if (text.length > FILE_BYTES_MAX) throw new FarhandError("SCHEMA", "the lab file is larger than 1 MiB");
  const parsed = LabFile.safeParse(parseYaml(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new FarhandError("SCHEMA", `lab file: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const found = parsed.data.devices.find(({ id }) => id === device);
  if (!found) throw new FarhandError("NOT_FOUND", `the lab file has no device ${device}`);
  const { passwordFile, privateKeyFile, enableFile, username } = found.credential;
  const beside = (file: string): string => resolve(folder, file);
  return {
    ...found,
    credential: {
      username,
      ...(passwordFile === undefined ? {} : { passwordFile: beside(passwordFile) }),
      ...(privateKeyFile === undefined ? {} : { privateKeyFile: beside(privateKeyFile) }),
      ...(enableFile === undefined ? {} : { enableFile: beside(enableFile) }),
    },
  };
}

/** As inventory would name it. */
export function targetOf(lab: LabDevice): Device {
  const { id, platform, transport, address, port, hostKeys, algorithms, tls, serial } = lab;
  return Device.parse({
    id,
    site: "lab",
    platform,
    address,
    port,
    hostKeys,
    algorithms,
    credential: "lab",
    serial,
    tags: {},
    ...(transport === undefined ? {} : { transport }),
    ...(tls === undefined ? {} : { tls }),
  });
}

const SHOWN_WITHIN_MS = 10_000;

export const showsOf = ({ change }: LabDevice): Verification[] =>
  change.shows.map(({ command, contains }) => ({ command, contains: [contains], withinMs: SHOWN_WITHIN_MS }));
