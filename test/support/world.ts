import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HubClient, type Fetch } from "../../hub/api/client/index.ts";
import type { TransportName } from "../../shared/documents/inventory.ts";
import type { JobView } from "../../hub/api/contract/views.ts";
import { isTerminal, jobMoves, type JobState } from "../../shared/states.ts";
import type { JobId } from "../../shared/ids.ts";
import { BUN, Child, type ChildOptions } from "./child.ts";
import { Proxy } from "./proxy.ts";
import { documentsOf, runCli, type CliResult, type Document } from "./cli.ts";
import { freePort } from "./port.ts";

/** Where processes of the world run; by default here. A lab puts them into namespaces. */
export interface Launchers {
  readonly hub?: ChildOptions["launch"];
  readonly agent?: ChildOptions["launch"];
}

export interface SiteSpec {
  readonly id: string;
  readonly agent: string;
}

export interface DeviceSpec {
  readonly id: string;
  readonly site: string;
  readonly platform: string;
  readonly address: string;
  readonly port: number;
  /** null where it is not pinned yet. */
  readonly hostKey: string | null;
  readonly transport?: TransportName;
  /** PEM of the certificate that an HTTPS API shows. */
  readonly certificate?: string;
  readonly serial?: string;
  readonly wayHome?: boolean;
  readonly via?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A machine on the way, with a credential that `setCredential` gives to the agent. */
export interface HopSpec {
  readonly id: string;
  readonly site: string;
  readonly address: string;
  readonly port: number;
  readonly hostKey: string;
  readonly credential: string;
  readonly via?: string;
}

export interface WorldOptions {
  readonly sites: readonly SiteSpec[];
  readonly devices: readonly DeviceSpec[];
  readonly username: string;
  readonly password: string;
  readonly hubHost?: string;
  readonly parallel?: number;
  readonly launchers?: Launchers;
  /** The agent's program; by default this source under Bun. */
  readonly agentArgv?: readonly [string, ...string[]];
  /** The hub's program, likewise. */
  readonly hubArgv?: readonly [string, ...string[]];
  /** Commands that the standing grant allows for `run`. */
  readonly grantCommands?: readonly string[];
  readonly onStep?: (what: string) => void;
  /** Agents and people reach the hub through a proxy that a test can cut. */
  readonly proxied?: boolean;
  /** Besides bob: what is destructive takes two. */
  readonly moreApprovers?: readonly string[];
}

const PASSPHRASE = "correct horse battery staple";

/**
 * A whole installation as people would make one: people with keys, a hub, sites with enrolled agents, a signed inventory, a grant.
 * Everything is done through the programs' own commands; nothing is put into a database.
 */
export class World {
  readonly dir: string;
  readonly url: string;
  readonly options: WorldOptions;
  readonly agents = new Map<string, Child>();
  hub: Child | undefined;
  proxy: Proxy | undefined;
  #listen = { host: "", port: 0 };
  /** A hub in another network is reached over a Unix socket, which a process beside it carries on. */
  #relay: Child | undefined;
  #fetch: Fetch | undefined;
  #devices: readonly DeviceSpec[];
  #hops: readonly HopSpec[] = [];
  readonly #env: Record<string, string>;

  private constructor(options: WorldOptions, url: string) {
    this.options = options;
    this.#devices = options.devices;
    this.url = url;
    this.dir = mkdtempSync(join(tmpdir(), "farhand-world-"));
    this.#env = {
      FARHAND_HUB: url,
      FARHAND_CA: this.path("hub/ca.pem"),
      FARHAND_TOKEN_FILE: this.path("hub/admin.token"),
      FARHAND_TRUST: this.path("trust/trust.json"),
      FARHAND_PASSPHRASE_FILE: this.path("passphrase"),
      HOME: this.dir,
    };
  }

  static async start(options: WorldOptions): Promise<World> {
    const host = options.hubHost ?? "127.0.0.1";
    const port = options.launchers?.hub ? 8443 : freePort(host);
    const proxy = options.proxied ? await Proxy.start({ host, port }, { host, port: 0 }) : undefined;
    const world = new World(options, `https://${host}:${proxy?.port ?? port}`);
    world.proxy = proxy;
    world.#listen = { host, port };
    try {
      await world.#found();
      await world.#populate();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  keyFile(person: string): string {
    return this.path(`trust/${person}.key.json`);
  }

  #step(what: string): void {
    this.options.onStep?.(what);
  }

  /** Runs a command of the operator's tool with `--json`; throws with what it said when the status is not expected. */
  async cli(args: readonly string[], expected: readonly number[] = [0]): Promise<Document[]> {
    const result = await this.cliResult([...args, "--json", "--no-input"]);
    if (!expected.includes(result.status))
      throw new Error(`farhand ${args.join(" ")}: status ${result.status}\n${result.stderr}\n${result.stdout}`);
    return documentsOf(result);
  }

  cliResult(args: readonly string[]): Promise<CliResult> {
    return runCli(args, {
      env: this.#env,
      home: this.dir,
      cwd: this.dir,
      ...(this.#fetch ? { fetch: this.#fetch } : {}),
    });
  }

  /** The administrator's token, for a login link. */
  token(): string {
    return readFileSync(this.path("hub/admin.token"), "utf8").trim();
  }

  client(): HubClient {
    return new HubClient({
      url: this.url,
      ca: readFileSync(this.path("hub/ca.pem"), "utf8"),
      token: this.token(),
      ...(this.#fetch ? { fetch: this.#fetch } : {}),
    });
  }

  async #process(args: readonly string[], launch?: ChildOptions["launch"]): Promise<void> {
    const child = new Child({ argv: [...this.#hubArgv, ...args], env: this.#env, ...(launch ? { launch } : {}) });
    const exit = await child.exited;
    if (exit.code !== 0) throw new Error(`${args.join(" ")}: ${JSON.stringify(exit)}\n${child.tail()}`);
  }

  get #hubArgv(): readonly [string, ...string[]] {
    return this.options.hubArgv ?? [BUN, "hub/main.ts"];
  }

  async #found(): Promise<void> {
    writeFileSync(this.path("passphrase"), PASSPHRASE, { mode: 0o600 });
    this.#step("hub init");
    await this.#process([
      "hub",
      "init",
      "--state-dir",
      this.path("hub"),
      "--hub-id",
      "hub-1",
      "--public-url",
      this.url,
    ]);
    this.#step("trust init");
    await this.cli([
      "trust",
      "init",
      "--org",
      "demo",
      "--hub-key-file",
      this.path("hub/hub-key.json"),
      "--keyadmin",
      "kim",
      "--author",
      "ann",
      "--approver",
      ["bob", ...(this.options.moreApprovers ?? [])].join(","),
      "--out",
      this.path("trust"),
    ]);
    await this.startHub();
    await this.cli(["trust", "publish", this.path("trust/trust.json")]);
  }

  async startHub(): Promise<void> {
    this.#step("hub serve");
    const launch = this.options.launchers?.hub;
    this.hub = new Child({
      argv: [
        ...this.#hubArgv,
        "hub",
        "serve",
        "--state-dir",
        this.path("hub"),
        "--listen",
        `${this.#listen.host}:${this.#listen.port}`,
      ],
      env: this.#env,
      ...(launch ? { launch } : {}),
    });
    await this.hub.waitFor("the hub", (line) => (line.includes(this.url) ? true : undefined));
    if (launch && !this.#relay) await this.#startRelay(launch);
  }

  async #startRelay(launch: NonNullable<ChildOptions["launch"]>): Promise<void> {
    const socket = this.path("hub.sock");
    const { host, port } = this.#listen;
    this.#relay = new Child({ argv: [BUN, "test/support/unix-relay.ts", socket, host, String(port)], launch });
    await this.#relay.waitFor("the relay", (line) => (line === "relaying" ? true : undefined));
    this.#fetch = (url, init) => fetch(url, { ...init, unix: socket });
  }

  async #populate(): Promise<void> {
    this.#step("inventory import");
    writeFileSync(this.path("inventory.yaml"), this.#inventoryYaml());
    await this.importInventory();
    for (const site of this.options.sites) await this.enrol(site);
    await this.createGrant();
    for (const site of this.options.sites) await this.startAgent(site.agent);
  }

  /** The devices that the next `importInventory` names. */
  setDevices(devices: readonly DeviceSpec[], hops: readonly HopSpec[] = []): void {
    this.#devices = devices;
    this.#hops = hops;
    writeFileSync(this.path("inventory.yaml"), this.#inventoryYaml());
  }

  /** A grant names the inventory that it was made for: a new one needs a new grant. */
  async createGrant(): Promise<void> {
    this.#step("grant create");
    const sites = this.options.sites.flatMap((site) => ["--site", site.id]);
    const commands = (this.options.grantCommands ?? ["show version"]).flatMap((command) => ["--command", command]);
    await this.cli([
      "grant",
      "create",
      "--id",
      "reads",
      ...sites,
      "--kind",
      "collect",
      "--kind",
      "run",
      "--kind",
      "check",
      "--kind",
      "plan",
      ...commands,
      "--rate",
      "100000",
      "--key",
      this.keyFile("ann"),
    ]);
  }

  async importInventory(): Promise<void> {
    await this.cli(["inventory", "import", this.path("inventory.yaml"), "--key", this.keyFile("kim"), "--publish"]);
  }

  #inventoryYaml(): string {
    const { sites, parallel } = this.options;
    const devices = this.#devices;
    return JSON.stringify({
      org: "demo",
      sites: sites.map((site) => ({
        id: site.id,
        wayHome: devices.filter((device) => device.site === site.id && device.wayHome).map((device) => device.id),
        parallel: parallel ?? 16,
      })),
      ...(this.#hops.length > 0 && {
        hops: this.#hops.map(({ hostKey, ...hop }) => ({ ...hop, hostKeys: [hostKey] })),
      }),
      devices: devices.map((device) => ({
        id: device.id,
        site: device.site,
        platform: device.platform,
        address: device.address,
        port: device.port,
        hostKeys: device.hostKey === null ? [] : [device.hostKey],
        credential: "lab",
        ...(device.transport === undefined ? {} : { transport: device.transport }),
        ...(device.certificate === undefined ? {} : { tls: { trust: "pinned", certificates: device.certificate } }),
        ...(device.via === undefined ? {} : { via: device.via }),
        ...(device.serial === undefined ? {} : { serial: device.serial }),
        tags: device.tags ?? {},
      })),
    });
  }

  agentDir(agent: string): string {
    return this.path(`agents/${agent}`);
  }

  /** How one of its commands is called; for a test that runs it somewhere else. */
  agentArgv(args: readonly string[], agent: string): [string, ...string[]] {
    const [program, ...rest] = this.options.agentArgv ?? [BUN, "agent/main.ts"];
    return [
      program,
      ...rest,
      ...args,
      "--state-dir",
      this.agentDir(agent),
      "--vault-key-file",
      `${this.agentDir(agent)}.key`,
    ];
  }

  async agentCommand(agent: string, args: readonly string[], input?: string): Promise<Child> {
    const child = new Child({
      argv: this.agentArgv(args, agent),
      ...(this.options.launchers?.agent ? { launch: this.options.launchers.agent } : {}),
    });
    if (input !== undefined) child.process.stdin?.end(input);
    const exit = await child.exited;
    if (exit.code !== 0) throw new Error(`farhand-agent ${args.join(" ")}: ${JSON.stringify(exit)}\n${child.tail()}`);
    return child;
  }

  /** Invites, enrols and approves an agent, comparing the fingerprint that its own host shows. */
  async enrol(site: SiteSpec): Promise<void> {
    this.#step(`enrol ${site.agent}`);
    mkdirSync(this.agentDir(site.agent), { recursive: true, mode: 0o700 });
    writeFileSync(
      `${this.agentDir(site.agent)}.key`,
      Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64"),
      { mode: 0o400 },
    );
    const token = this.path(`${site.agent}.join`);
    await this.cli(["agent", "invite", site.agent, "--site", site.id, "--out", token]);
    const enrolled = await this.agentCommand(site.agent, ["enroll", "--token-file", token]);
    const fingerprint = /^([A-Za-z0-9_-]{43})$/m.exec(enrolled.stdout.join("\n"))?.[1];
    if (!fingerprint) throw new Error(`no fingerprint in: ${enrolled.tail()}`);
    await this.cli(["agent", "approve", site.agent, "--fingerprint", fingerprint, "--key", this.keyFile("kim")]);
    await this.setCredential(site.agent, "lab", this.options.username, this.options.password);
  }

  async setCredential(agent: string, name: string, username: string, password: string): Promise<void> {
    await this.agentCommand(agent, ["credential", "set", name, "--username", username], `${password}\n`);
  }

  /** Starts the agent's process; `argv` puts another program with the same state in its place. */
  async startAgent(agent: string, argv?: readonly [string, ...string[]]): Promise<Child> {
    this.#step(`start ${agent}`);
    const child = new Child({
      argv: argv ?? this.agentArgv(["run"], agent),
      ...(this.options.launchers?.agent ? { launch: this.options.launchers.agent } : {}),
    });
    this.agents.set(agent, child);
    await this.waitForContact(agent, "LIVE");
    return child;
  }

  async waitForContact(agent: string, contact: "LIVE" | "LAPSED" | "DARK", timeoutMs = 60_000): Promise<void> {
    await this.until(`${agent} to be ${contact}`, timeoutMs, async () => {
      const [document] = await this.cli(["agent", "list"]);
      return JSON.stringify(document).includes(`"id":"${agent}"`) && this.#contactOf(document, agent) === contact;
    });
  }

  #contactOf(document: Document | undefined, agent: string): unknown {
    const agents = document?.["agents"];
    if (!Array.isArray(agents)) return undefined;
    const found = agents.find((entry: { id?: unknown }) => entry.id === agent) as { contact?: unknown } | undefined;
    return found?.contact;
  }

  /** Polls a condition with a deadline; the pause between polls is no part of what is waited for. */
  async until(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await holds())) {
      if (performance.now() > deadline)
        throw new Error(
          `${what}: not within ${timeoutMs} ms\nhub: ${this.hub?.tail(5) ?? ""}\nagents: ${[...this.agents.values()].map((agent) => agent.tail(5)).join("\n")}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async job(id: string): Promise<JobView> {
    const [document] = await this.cli(["job", "show", id]);
    return (document?.["job"] ?? document) as unknown as JobView;
  }

  async waitForJob(
    id: string,
    done: (state: JobState) => boolean = (state) => isTerminal(jobMoves, state),
    timeoutMs = 120_000,
  ): Promise<JobView> {
    let last: JobView | undefined;
    await this.until(`job ${id} (${"…"})`, timeoutMs, async () => {
      last = await this.job(id);
      return done(last.state);
    });
    if (!last) throw new Error("no job");
    return last;
  }

  /** Plans a change from a template; gives the job's id once it waits for signatures. */
  async plan(change: {
    select: string;
    template: string;
    title: string;
    verify?: readonly object[];
    extra?: readonly string[];
  }): Promise<JobId> {
    const template = this.path(`${change.title.replaceAll(/[^a-z0-9]+/gi, "-")}.j2`);
    writeFileSync(template, change.template);
    const verify = this.path("verify.yaml");
    if (change.verify) writeFileSync(verify, JSON.stringify(change.verify));
    const documents = await this.cli(
      [
        "plan",
        "change",
        "--template",
        template,
        "--select",
        change.select,
        "--author",
        "ann",
        "--grant",
        "reads",
        "--title",
        change.title,
        ...(change.verify ? ["--verify", verify] : []),
        ...(change.extra ?? []),
      ],
      [0, 2],
    );
    const id = documents.map((document) => document["job"]).find((value) => typeof value === "string");
    if (typeof id !== "string") throw new Error(`no job id in ${JSON.stringify(documents)}`);
    return id as JobId;
  }

  async sign(job: string, person: string): Promise<void> {
    await this.cli(["sign", job, "--key", this.keyFile(person), "--yes"]);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()));
    await this.#relay?.stop();
    await this.hub?.stop();
    await this.proxy?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
