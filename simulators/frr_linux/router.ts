/** One router: what its daemons run, what it has saved, its ports, and the faults that meet a change. */
import { meetAwaited } from "../faults.ts";
import type { Datastores, Tree } from "../kit/datastores.ts";
import { cloneBlock, DAEMONS, emptyConfig, restarted, type Config, type Daemon } from "./config/config.ts";
import { printConfig } from "./config/print.ts";
import { Refusal, type Effect } from "./statements/statement.ts";
import { serviceLine, SILENCE, Vtysh, type Asked, type Machine, type Said, type Typist } from "./vtysh.ts";

/** The router's own disk. */
export interface Files {
  read(path: string): string | undefined;
  write(path: string, text: string): void;
}

export interface Facts {
  readonly hostname: string;
  readonly version: string;
  /** Ports that the machine has; others may be configured and are down. */
  readonly ports: readonly string[];
}

export const FRR_CONF = "/etc/frr/frr.conf";
export const SAVED_BEFORE = "/etc/frr/frr.conf.sav";
export const VTYSH_CONF = "/etc/frr/vtysh.conf";
const INTEGRATED = "service integrated-vtysh-config";

/** Whether two configurations are the same is asked of what they show. */
const plain = (config: Config): string =>
  printConfig(config, { version: "", hostname: "", alive: new Set(DAEMONS), service: "" });
export const TREE: Tree<Config> = { clone: cloneBlock, same: (a, b) => plain(a) === plain(b), text: plain };

export class Router implements Machine {
  readonly store: Datastores<Config>;
  readonly facts: Facts;
  readonly files: Files;
  /** Daemons that run; watchfrr starts the others again. */
  readonly alive = new Set<Daemon>(DAEMONS);
  /** Whether a change would be taken back by something on the host. */
  isAwaited: () => boolean = () => false;
  /** Another admin ends what would take a change back. */
  keep: () => void = () => undefined;
  #line = 0;
  #sitting: { readonly of: object; readonly last: number } | undefined;

  constructor(store: Datastores<Config>, facts: Facts, files: Files) {
    this.store = store;
    this.facts = facts;
    this.files = files;
  }

  get config(): Config {
    return this.store.running;
  }

  get hostname(): string {
    return this.facts.hostname;
  }

  hasInterface(name: string): boolean {
    return this.facts.ports.includes(name);
  }

  /** vtysh keeps it to itself, in a file of its own. */
  get isIntegrated(): boolean {
    return !(this.files.read(VTYSH_CONF) ?? "").split("\n").includes(`no ${INTEGRATED}`);
  }

  /** As `show running-config no-header` has it. */
  running(config: Config = this.config, service = serviceLine(this.isIntegrated)): string {
    const { version, hostname } = this.facts;
    return printConfig(config, {
      version,
      hostname,
      alive: this.alive,
      service,
    });
  }

  /** One line, in force at once. Lines that change nothing are no change. */
  edit(
    typist: Typist,
    line: string,
    change: (config: Config) => Effect,
  ): { readonly effect: Effect; readonly config: Config } {
    const { store } = this;
    const before = this.running();
    const next = cloneBlock(this.config);
    const effect = change(next);
    if (effect instanceof Refusal && effect.code === 1) return { effect, config: this.config };
    if (this.running(next) === before) {
      store.running = next;
      return { effect, config: next };
    }
    if (typist.via === "terminal") store.direct(next, typist.user);
    else store.running = next;
    this.#applied(typist, line);
    if (typist.via === "terminal") this.#meetFaults();
    return { effect, config: next };
  }

  #applied(typist: Typist, line: string): void {
    const { store } = this;
    const last = store.applies.at(-1);
    if (last && this.#sitting?.of === typist.sitting && this.#sitting.last === store.applies.length) {
      last.lines.push(line.trim());
      return;
    }
    store.appliedDirectly({ by: typist.user, via: typist.via, lines: [line.trim()] });
    this.#sitting = { of: typist.sitting, last: store.applies.length };
  }

  #meetFaults(): void {
    if (!this.isAwaited()) return;
    const { store } = this;
    meetAwaited(store.faults, {
      later: (...run) => store.later(...run),
      mutate: (...change) => store.onMutate(...change),
      confirm: (by) => {
        this.keep();
        store.record({ kind: "confirmed", by });
      },
      reboot: (bootMs) => store.reboot(bootMs),
    });
  }

  /** A daemon dies. watchfrr starts it again after `restartMs`, from frr.conf; without it nobody does. */
  kill(daemon: Daemon, restartMs?: number): void {
    this.alive.delete(daemon);
    if (restartMs === undefined) return;
    this.store.later(restartMs, () => {
      this.alive.add(daemon);
      this.store.running = restarted(this.config, this.load(this.files.read(FRR_CONF) ?? ""), daemon);
    });
  }

  /** What a fault says to a line, in its words. */
  refusal(line: string): string | undefined {
    const met = this.store.faults.forLine(line.trim(), ++this.#line);
    if (!met) return undefined;
    return met.own ?? "% Configuration failed.\n\nError type: generic error";
  }

  /** `write memory`, and what it says. */
  save(by: string): string {
    const note = "Note: this version of vtysh never writes vtysh.conf\n";
    const before = this.files.read(FRR_CONF);
    if (!this.isIntegrated) {
      const files = [...this.alive].map((daemon) => `/etc/frr/${daemon}.conf`);
      for (const file of files) this.files.write(file, this.running());
      return note + files.map((file) => `Configuration saved to ${file}\n`).join("");
    }
    if (before !== undefined) this.files.write(SAVED_BEFORE, before);
    this.files.write(FRR_CONF, this.running().replace(/^end\n/m, ""));
    this.store.save(by);
    return `${note}Building Configuration...\nIntegrated configuration saved to ${FRR_CONF}\n[OK]\n`;
  }

  /** What frr.conf makes of a router that has nothing: as `vtysh -b` reads it, a line that is refused stops nothing. */
  load(text: string): Config {
    return this.#typed(emptyConfig(), text.split("\n"), () => undefined);
  }

  /** Another admin, in no session that a test sees. Throws where a line is refused. */
  outOfBand(lines: readonly string[], by: string): void {
    const refused = (line: string, { out, err }: Said): never => {
      throw new Error(`${line}: ${out}${err}`);
    };
    const next = this.#typed(this.config, lines, refused);
    this.store.outOfBand(() => next, lines, by);
  }

  /** Lines typed where no fault looks, and what they leave. */
  #typed(from: Config, lines: readonly string[], refused: (line: string, said: Said) => void): Config {
    let config = from;
    const machine: Machine = {
      hostname: this.hostname,
      isIntegrated: true,
      alive: this.alive,
      get config() {
        return config;
      },
      hasInterface: (name) => this.hasInterface(name),
      refusal: () => undefined,
      run: () => SILENCE,
      edit: (_typist, _line, change) => {
        const next = cloneBlock(config);
        const effect = change(next);
        if (!(effect instanceof Refusal && effect.code === 1)) config = next;
        return { effect, config };
      },
    };
    const vtysh = new Vtysh(machine, { user: "root", via: "boot", sitting: {} }).configure();
    for (const line of lines) {
      if (line.trim() === "end") continue;
      const said = vtysh.line(line);
      if (said.code !== 0) refused(line, said);
    }
    return config;
  }

  /** A command of exec mode. */
  run(command: Asked, args: Readonly<Record<string, string>>, vtysh: Vtysh): Said {
    switch (command.kind) {
      case "write":
        return { out: this.save(vtysh.typist.user), err: "", code: 0 };
      case "show":
        return command.show(this, args, vtysh);
      case "nothing":
        return SILENCE;
      default:
        return command satisfies never;
    }
  }
}
