import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";
import { HubClient } from "../api/client/index.ts";
import type { CliContext } from "./context.ts";
import type { HubFlags } from "./flags.ts";

/** `farhand login` writes it. Paths only: a secret stands in a file of its own, mode 0600. */
export const ConfigFile = z.strictObject({
  hub: z.url({ protocol: /^https$/ }).optional(),
  ca: z.string().optional(),
  tokenFile: z.string().optional(),
  /** The trust file of this person: what the hub shows is checked from it. */
  trust: z.string().optional(),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

export function configPath(cli: Pick<CliContext, "env" | "home">): string {
  return (
    cli.env["FARHAND_CONFIG"] ?? join(cli.env["XDG_CONFIG_HOME"] ?? join(cli.home, ".config"), "farhand", "config.yaml")
  );
}

/** Where the CLI keeps what it made itself, such as the record of a plan. */
export function statePath(cli: Pick<CliContext, "env" | "home">, ...names: string[]): string {
  return join(cli.env["XDG_STATE_HOME"] ?? join(cli.home, ".local", "state"), "farhand", ...names);
}

export interface Settings {
  readonly hub: string | undefined;
  readonly ca: string | undefined;
  readonly tokenFile: string | undefined;
  readonly trust: string | undefined;
}

/** A flag wins over the environment, the environment over the file. */
export function settingsOf(cli: CliContext, flags: HubFlags): Settings {
  const path = configPath(cli);
  const file = readConfig(path);
  const inFile = (value: string | undefined) => (value === undefined ? undefined : resolve(dirname(path), value));
  const given = (value: string | undefined) =>
    value === undefined || value === "" ? undefined : resolve(cli.cwd, value);
  return {
    hub: flags.hub ?? cli.env["FARHAND_HUB"] ?? file.hub,
    ca: given(flags.ca) ?? given(cli.env["FARHAND_CA"]) ?? inFile(file.ca),
    tokenFile: given(flags.tokenFile) ?? given(cli.env["FARHAND_TOKEN_FILE"]) ?? inFile(file.tokenFile),
    trust: given(flags.trust) ?? given(cli.env["FARHAND_TRUST"]) ?? inFile(file.trust),
  };
}

function readConfig(path: string): ConfigFile {
  if (!existsSync(path)) return {};
  const checked = ConfigFile.safeParse(parse(readText(path)) ?? {});
  if (checked.success) return checked.data;
  throw new FarhandError("USAGE", `${path}: ${checked.error.issues[0]?.message ?? "not understood"}`);
}

export function clientOf(cli: CliContext, flags: HubFlags): HubClient {
  const settings = settingsOf(cli, flags);
  if (settings.hub === undefined)
    throw new FarhandError("USAGE", "which hub? Give --hub URL, set FARHAND_HUB, or use: farhand login");
  return new HubClient({
    url: settings.hub,
    signal: cli.signal,
    clock: cli.clock,
    ...(settings.ca !== undefined && { ca: readText(settings.ca) }),
    ...(settings.tokenFile !== undefined && { token: readToken(settings.tokenFile) }),
    ...(cli.fetch && { fetch: cli.fetch }),
  });
}

function readToken(path: string): string {
  const token = readText(path).trim();
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) throw new FarhandError("UNAUTHORIZED", `${path} does not hold a token`);
  return token;
}

export function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

const FILE_BYTES_MAX = 256 * 1024 * 1024;

export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new FarhandError("IO", `${path}: ${code}`, { cause: error });
  }
  if (bytes.length > FILE_BYTES_MAX) throw new FarhandError("IO", `${path}: larger than 256 MiB`);
  return bytes;
}
