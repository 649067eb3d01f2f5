/** What an EOS switch is between its doors: facts, configuration texts, files, and the order in which this version prints. */
import type { Clock } from "../../shared/clock.ts";
import { Datastores, type Surroundings } from "../kit/datastores.ts";
import { editLine, type Place } from "./config/edit.ts";
import { isPhysical } from "./config/interfaces.ts";
import { TopOrder } from "./config/order.ts";
import { bodyLines } from "./config/print.ts";
import { clone, fingerprint, node, parseConfig, endsBody, type ConfigNode } from "./config/tree.ts";
import { calendar } from "./dates.ts";
import { ConfigSessions } from "./sessions.ts";
import { neighborhoodOf, type Neighborhood } from "./neighborhood.ts";

export interface EosFacts {
  readonly model: string;
  readonly version: string;
  readonly mac: string;
  /** Whether `! boot system` stands in the header: the image that it booted. */
  readonly image: string | undefined;
}

export interface EosOptions {
  readonly facts: EosFacts;
  readonly neighborhood: Neighborhood | undefined;
  readonly serial: string;
  readonly config: string;
  readonly clock: Clock;
  readonly surroundings: Surroundings;
}

export class EosDevice {
  readonly facts: EosFacts;
  readonly neighborhood: Neighborhood;
  readonly store: Datastores<ConfigNode[]>;
  readonly sessions: ConfigSessions;
  /** What `flash:` holds, by name. */
  readonly files = new Map<string, string>();
  /** Interfaces that the hardware has, whatever is configured. */
  readonly ports: ReadonlySet<string>;
  readonly #order: TopOrder;
  lastLogin: { atMs: number; from: string } | undefined;

  constructor(options: EosOptions) {
    const { facts, clock, surroundings } = options;
    this.facts = facts;
    this.#order = new TopOrder(facts.version);
    const running = parseConfig(options.config);
    this.neighborhood = options.neighborhood ?? neighborhoodOf(running);
    const isPort = ({ line }: ConfigNode): boolean => line.startsWith("interface ") && isPhysical(line.slice(10));
    this.ports = new Set(running.filter(isPort).map(({ line }) => line.slice(10)));
    this.store = new Datastores<ConfigNode[]>({
      tree: { clone, same: (a, b) => fingerprint(a) === fingerprint(b), text: (tree) => this.text(tree) },
      clock,
      running,
      serial: options.serial,
      separateStartup: true,
      surroundings: {
        ...surroundings,
        dropSessions: () => {
          // A reboot: uncommitted configuration sessions are discarded.
          this.sessions.forget();
          surroundings.dropSessions();
        },
      },
    });
    this.sessions = new ConfigSessions(this);
  }

  /** 4.23 and later: `vrf instance`, `peer group`, and the sections in a new order. */
  get modern(): boolean {
    return this.isAtLeast(4, 23);
  }

  isAtLeast(major: number, minor: number): boolean {
    const [have = 0, haveMinor = 0] = this.facts.version.split(".").map((part) => Number.parseInt(part, 10));
    return have > major || (have === major && haveMinor >= minor);
  }

  hostname(): string {
    return (
      this.store.running.find(({ line }) => line.startsWith("hostname "))?.line.slice("hostname ".length) ?? "localhost"
    );
  }

  /** As diffs see it: without the line that names the command. A session that changes the hostname still shows the running one on top. */
  lines(tree: readonly ConfigNode[]): string[] {
    const { model, version, image } = this.facts;
    return [
      `! device: ${this.hostname()} (${model}, EOS-${version})`,
      "!",
      ...(image === undefined ? [] : [`! boot system flash:/${image}`, "!"]),
      ...bodyLines(tree, this.#order),
      "end",
    ];
  }

  text(tree: readonly ConfigNode[], command = "show running-config"): string {
    return `${[`! Command: ${command}`, ...this.lines(tree)].join("\n")}\n`;
  }

  startupText(command = "show startup-config"): string {
    const { lastSave, bootedAtMs, startup } = this.store;
    const saved = lastSave ?? { atMs: bootedAtMs, by: "root" };
    const [first = "", ...rest] = this.text(startup, command).split("\n");
    return [first, `! Startup-config last modified at  ${calendar(saved.atMs)} by ${saved.by}`, ...rest].join("\n");
  }

  /** What is left after `rollback clean-config`, `write erase` and a reload. */
  clean(): ConfigNode[] {
    return [
      node("no aaa root"),
      node("transceiver qsfp default-mode 4x10G"),
      node("spanning-tree mode mstp"),
      ...[...this.ports].map((port) => node(`interface ${port}`)),
      node("no ip routing"),
    ];
  }

  /** The same, and still reachable: management interface, its API and its users. */
  factory(): ConfigNode[] {
    const kept = clone(this.store.running).filter(({ line }) =>
      /^(?:interface Management|management api|username |hostname )/.test(line),
    );
    return [...this.clean().filter(({ line }) => kept.every((one) => one.line !== line)), ...kept];
  }

  /** Lines as from a file, each in turn; what was refused, with its message. The tree keeps what was taken. */
  load(tree: ConfigNode[], lines: readonly string[]): { line: string; message: string }[] {
    const refused: { line: string; message: string }[] = [];
    let place: Place = [];
    for (let at = 0; at < lines.length; at += 1) {
      const typed = lines[at] ?? "";
      const word = typed.trim();
      if (word === "" || word.startsWith("!")) continue;
      if (word === "end") break;
      if (word === "exit") {
        place = place.slice(0, -1);
        continue;
      }
      const options = { ports: this.ports, modern: this.modern, abbreviations: true };
      let result = editLine(tree, place, typed, options);
      if (result.kind === "needs-body") {
        const body: string[] = [];
        while (at + 1 < lines.length && !endsBody(body.at(-1) ?? "")) body.push(lines[++at] ?? "");
        result = editLine(tree, place, typed, { ...options, body });
      }
      if (result.kind === "ok") ({ place } = result);
      else refused.push({ line: typed, message: result.kind === "refused" ? result.message : "Incomplete command" });
    }
    return refused;
  }

  /** Another admin, in no session that a test sees. Throws where the box refuses a line. */
  mutate(lines: readonly string[], by: string): void {
    this.store.outOfBand(
      (running) => {
        const [refused] = this.load(running, lines);
        if (refused) throw new Error(`the device refused ${JSON.stringify(refused.line)}: % ${refused.message}`);
        return running;
      },
      lines,
      by,
    );
  }
}
