import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import { resolve } from "node:path";
import { FarhandError } from "../../shared/errors.ts";
import { command, docs, type Cli } from "./command.ts";
import type { CliContext } from "./context.ts";
import { outputFlags, text, type OutputFlags } from "./flags.ts";
import { escapeLine } from "./terminal/escape.ts";

const TOKEN_ROLES = ["viewer", "auditor", "operator", "admin"] as const;
export type HubTokenRole = (typeof TOKEN_ROLES)[number];

/** The hub as a program: hub/main.ts hands it in, because the operator's tool itself must not reach into the hub. */
export interface HubProgram {
  /** Makes the state folder, the hub's keys, its CA and the first token. */
  init(options: {
    stateDir: string;
    hubId: string;
    publicUrl: string;
  }): Promise<{ readonly files: Readonly<Record<string, string>> }>;
  /** Resolves when it listens; `ended` when it has closed its store after the signal. */
  serve(options: {
    stateDir: string;
    listen: { host: string; port: number };
    publicUrl: string | undefined;
    signal: AbortSignal;
  }): Promise<{ readonly url: string; readonly ended: Promise<void> }>;
  /** Makes a token; only its hash is kept. */
  token(options: { stateDir: string; name: string; role: HubTokenRole }): Promise<string>;
}

interface StateFlags extends OutputFlags {
  readonly stateDir: string;
}
interface InitFlags extends StateFlags {
  readonly hubId: string;
  readonly publicUrl: string;
}
interface ServeFlags extends StateFlags {
  readonly listen: { host: string; port: number };
  readonly publicUrl?: string;
}
interface TokenFlags extends StateFlags {
  readonly name: string;
  readonly role: HubTokenRole;
}

const stateDir = { kind: "parsed", parse: text, brief: "The hub's folder", placeholder: "DIR" } as const;

function httpsUrl(given: string): string {
  const url = URL.parse(given);
  if (url?.protocol !== "https:" || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw new FarhandError("USAGE", "must be a plain https:// URL");
  }
  return given.replace(/\/+$/, "");
}

export function listenAddress(given: string): { host: string; port: number } {
  const found = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(given)?.groups;
  const port = Number(found?.["port"]);
  if (!found || port > 65_535) throw new FarhandError("USAGE", "must be HOST:PORT, as 0.0.0.0:8443 or [::]:8443");
  return { host: found["v6"] ?? (found["host"] === "" ? "0.0.0.0" : (found["host"] ?? "0.0.0.0")), port };
}

export function hubCommands(hub: HubProgram): RouteMap<CliContext> {
  const init = buildCommand<InitFlags, [], CliContext>({
    docs: docs("Make a hub: its folder, its CA and its signing key", [
      "farhand hub init --state-dir /var/lib/farhand --hub-id hub-1 --public-url https://hub.example:8443",
    ]),
    parameters: {
      flags: {
        ...outputFlags,
        stateDir,
        hubId: { kind: "parsed", parse: text, brief: "The hub's name in keys.json", placeholder: "ID" },
        publicUrl: { kind: "parsed", parse: httpsUrl, brief: "The URL that agents and people use", placeholder: "URL" },
      },
    },
    func: command(async (cli: Cli, flags: InitFlags) => {
      const { files } = await hub.init({ ...flags, stateDir: resolve(cli.cwd, flags.stateDir) });
      cli.out.data("hub-init", { hubId: flags.hubId, publicUrl: flags.publicUrl, files }, () =>
        Object.entries(files)
          .map(([what, path]) => `${what.padEnd(12)} ${escapeLine(path)}`)
          .join("\n"),
      );
      const hubKey = files["hubKey"] ?? "hub-key.json";
      cli.out.next(
        `farhand trust init --org ORG --hub-key-file ${hubKey} --keyadmin P --author P --approver P --out DIR`,
      );
      return undefined;
    }),
  });
  const serve = buildCommand<ServeFlags, [], CliContext>({
    docs: docs(
      "Run the hub",
      ["farhand hub serve --state-dir /var/lib/farhand --listen 0.0.0.0:8443"],
      "Ctrl-C closes the store and ends; a second one ends at once, which loses nothing that was acknowledged.",
    ),
    parameters: {
      flags: {
        ...outputFlags,
        stateDir,
        listen: {
          kind: "parsed",
          parse: listenAddress,
          brief: "Where to listen",
          placeholder: "HOST:PORT",
          default: "0.0.0.0:8443",
        },
        publicUrl: {
          kind: "parsed",
          parse: httpsUrl,
          brief: "Another public URL than the one of init",
          placeholder: "URL",
          optional: true,
        },
      },
    },
    func: command(async (cli: Cli, flags: ServeFlags) => {
      const { listen, publicUrl } = flags;
      const running = await hub.serve({
        stateDir: resolve(cli.cwd, flags.stateDir),
        listen,
        publicUrl,
        signal: cli.signal,
      });
      cli.out.data("hub-serving", { url: running.url }, () => `serving ${running.url}`);
      await running.ended;
      return undefined;
    }),
  });
  const token = buildCommand<TokenFlags, [], CliContext>({
    docs: docs(
      "Make an API token",
      [
        "farhand hub token --state-dir /var/lib/farhand --name ann > ann.token",
        "farhand hub token --state-dir /var/lib/farhand --name kim --role auditor > kim.token",
      ],
      "It is shown once; the hub keeps its hash.",
    ),
    parameters: {
      flags: {
        ...outputFlags,
        stateDir,
        name: { kind: "parsed", parse: text, brief: "Whose it is; stands in the audit", placeholder: "NAME" },
        role: {
          kind: "enum",
          values: TOKEN_ROLES,
          brief: "viewer sees, auditor sees the audit log too, operator also acts, admin does all; no token can sign",
          default: "operator",
        },
      },
    },
    func: command(async (cli: Cli, flags: TokenFlags) => {
      const made = await hub.token({ stateDir: resolve(cli.cwd, flags.stateDir), name: flags.name, role: flags.role });
      cli.out.data("hub-token", { name: flags.name, token: made }, () => made);
      return undefined;
    }),
  });
  return buildRouteMap({
    routes: { init, serve, token },
    docs: { brief: "The hub itself: make it, run it, make tokens" },
  });
}
