import { buildCommand } from "@stricli/core";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { driverFor } from "../../drivers/registry.ts";
import { systemClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import { Secret, type Credential } from "../../shared/secret.ts";
import { fileName, type Certificate, type ItemResult } from "../certify/certificate.ts";
import { certify } from "../certify/certify.ts";
import { readLab, type LabDevice } from "../certify/lab.ts";
import { lockStateDir } from "../state-lock.ts";
import { command, EXIT, stateDirOf, stateFlag, type AgentContext } from "./context.ts";
import { askLine, askSecrets } from "./input.ts";

interface Flags {
  readonly stateDir?: string;
  readonly lab: string;
  readonly out: string;
  readonly yes: boolean;
  readonly json: boolean;
}

const text = (value: string): string => value;

export const certifyCommand = buildCommand<Flags, [string], AgentContext>({
  docs: {
    brief: "LAB ONLY: prove the driver on a device of yours, and write what grade of evidence it earns",
    fullDescription:
      "LAB ONLY: prove the driver on a device of yours, and write what grade of evidence it earns.\n\n" +
      "Changes the device many times and undoes it each time: keeps, drops connections in the middle of changes, lets its timer run out,\n" +
      "plays an agent that crashes at each moment, replaces and restores the whole configuration. Never name a device that carries traffic.\n" +
      "The device is named in a lab file of its own (agent/certify/README.md has one): inventory, hub and vault have no part in it, and it does not run\n" +
      "while an agent serves from the same state folder.\n\n" +
      "Writes certify-PLATFORM-VERSION-DATE.json into the folder of --out: what each point came to, and the grade. Nobody signs it. An agent goes by it\n" +
      "once its operator says so: farhand-agent evidence add FILE.\n" +
      "Exit status: 0 every point that applies was passed, 1 not.\n\n" +
      "EXAMPLES\n  farhand-agent certify lab-r1 --lab lab.yaml\n  farhand-agent certify lab-r1 --lab lab.yaml --yes --json",
  },
  parameters: {
    flags: {
      ...stateFlag,
      lab: { kind: "parsed", parse: text, brief: "The lab file", placeholder: "FILE" },
      out: { kind: "parsed", parse: text, brief: "Folder for the evidence file", placeholder: "DIR", default: "." },
      yes: { kind: "boolean", brief: "Do not ask: this is a laboratory", default: false, withNegated: false },
      json: { kind: "boolean", brief: "The evidence as JSON on standard output", default: false, withNegated: false },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, brief: "Device, as the lab file calls it", placeholder: "DEVICE" }],
    },
  },
  func: command(async (context: AgentContext, flags: Flags, name: string) => {
    const { stderr, stdout } = context.process;
    const lab = readLab(flags.lab, name);
    const driver = driverFor(lab.platform, lab.transport);
    if (!driver) throw new FarhandError("PLATFORM_UNKNOWN", lab.platform);
    const unlock = lockWhereServed(stateDirOf(context, flags));
    const stop = new AbortController();
    const onSignal = (): void => stop.abort(new FarhandError("CANCELED", "told to stop; look at the device"));
    process.once("SIGINT", onSignal);
    process.once("SIGTERM", onSignal);
    try {
      stderr.write(warning(lab));
      if (!flags.yes) await requireYes(lab, stderr);
      const credential = await credentialOf(lab, stderr);
      const certificate = await certify({
        lab,
        driver,
        credential,
        clock: systemClock,
        signal: stop.signal,
        rssBytes: () => process.memoryUsage().rss,
        told: (item) => stderr.write(`${lineOf(item)}\n`),
      });
      const path = write(flags.out, certificate);
      stdout.write(flags.json ? `${JSON.stringify(certificate)}\n` : table(certificate));
      stderr.write(`${path}\n`);
      if (certificate.grade.missing.length > 0) context.process.exitCode = EXIT.failure;
    } finally {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      unlock();
    }
  }),
});

/** A folder in which no agent was ever enrolled is served by none, and none is made. */
function lockWhereServed(stateDir: string): () => void {
  return existsSync(join(stateDir, "agent.json")) ? lockStateDir(stateDir) : () => undefined;
}

const warning = (lab: LabDevice): string =>
  `\nLAB ONLY. ${lab.id} (${lab.platform}, ${lab.address} port ${lab.port}) will be changed and undone about forty times,\n` +
  `its sessions cut, its timer of ${lab.confirmSeconds} s let run out, its whole configuration replaced and put back.\n` +
  `It touches: ${lab.mayTouch.join("; ")}. If the list ends early, look at the device.\n\n`;

async function requireYes(lab: LabDevice, stderr: { write(text: string): void }): Promise<void> {
  if (!process.stdin.isTTY) throw new FarhandError("USAGE", "nobody to ask: say --yes if the device is a laboratory's");
  stderr.write(`Type the name of the device to go on: `);
  if ((await askLine()) !== lab.id) throw new FarhandError("CANCELED", "nothing was sent to the device");
}

async function credentialOf(lab: LabDevice, stderr: { write(text: string): unknown }): Promise<Credential> {
  const { username, passwordFile, privateKeyFile, enableFile } = lab.credential;
  const read = (path: string): Secret => {
    try {
      return new Secret(readFileSync(path, "utf8").replace(/\r?\n$/v, ""));
    } catch (error) {
      throw new FarhandError("IO", path, { cause: error });
    }
  };
  const [typed] =
    passwordFile === undefined && privateKeyFile === undefined
      ? await askSecrets([`Password of ${username} on ${lab.id}`], stderr)
      : [];
  return {
    username,
    ...(typed === undefined ? {} : { password: new Secret(typed) }),
    ...(passwordFile === undefined ? {} : { password: read(passwordFile) }),
    ...(privateKeyFile === undefined ? {} : { privateKey: read(privateKeyFile) }),
    ...(enableFile === undefined ? {} : { enable: read(enableFile) }),
  };
}

const lineOf = ({ id, status, seconds, evidence }: ItemResult): string =>
  `${status.padEnd(14)}  ${id.padEnd(15)}  ${`${seconds.toFixed(1)} s`.padStart(8)}  ${evidence}`;

function table(certificate: Certificate): string {
  const { platform, transport, digest, device, grade, items } = certificate;
  const facts = [device.vendor, device.model, device.version].filter((word) => word !== null).join(" ");
  const ends =
    grade.missing.length === 0 ? [] : ["what is missing for real:", ...grade.missing.map((line) => `  ${line}`)];
  return [
    ...items.map((item) => `${item.status.padEnd(14)}  ${item.id.padEnd(15)}  ${item.title}`),
    "",
    `${platform} over ${transport}, driver ${digest.slice(0, 16)}, on ${facts}`,
    `evidence: ${grade.evidence}`,
    ...ends,
    "",
  ].join("\n");
}

/** Never over another: a certificate of the same day gets a number. */
function write(folder: string, certificate: Certificate): string {
  const content = `${JSON.stringify(certificate, null, 2)}\n`;
  const name = fileName(certificate).replace(/\.json$/v, "");
  const id = createHash("sha256").update(content).digest("hex").slice(0, 8);
  for (const candidate of [`${name}.json`, `${name}-${id}.json`]) {
    const path = join(folder, candidate);
    if (existsSync(path)) continue;
    try {
      writeFileSync(path, content, { flag: "wx", mode: 0o644 });
    } catch (error) {
      throw new FarhandError("IO", path, { cause: error });
    }
    return path;
  }
  throw new FarhandError("IO", `${name}.json is there already`);
}
