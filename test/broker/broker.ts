import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { configurationFor } from "../../deploy/broker/configuration.ts";
import { brokerRules, rulesText, type Rules } from "../../deploy/broker/rules.ts";
import type { Agents } from "../../shared/documents/agents.ts";
import { BUN, Child } from "../support/child.ts";
import type { Authority, Pair } from "../support/authority.ts";
import { freePort } from "../support/port.ts";

export const MOSQUITTO = "/usr/sbin/mosquitto";
export const HUB = "hub:one";

const plugin = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
  .map((folder) => join(folder, "mosquitto_dynamic_security.so"))
  .find((path) => existsSync(path));

export const missing: string | undefined =
  existsSync(MOSQUITTO) && plugin !== undefined ? undefined : "mosquitto is not installed";

/** A folder with what the generator wrote, and the real Mosquitto started from it. */
export class Broker implements Disposable {
  readonly port = freePort();
  readonly folder = mkdtempSync(join(tmpdir(), "farhand-broker-"));
  readonly configuration = join(this.folder, "mosquitto.conf");
  readonly rulesFile = join(this.folder, "rules.json");
  readonly rules: Rules;
  readonly ca: string;
  #child: Child | undefined;

  constructor(agents: Agents, authority: Authority, own: Pair) {
    this.ca = authority.ca;
    this.rules = brokerRules(agents, [HUB]);
    const file = (name: string, text: string): string => {
      writeFileSync(join(this.folder, name), text, { mode: 0o600 });
      return join(this.folder, name);
    };
    file("rules.json", rulesText(this.rules));
    file(
      "mosquitto.conf",
      configurationFor({
        address: "127.0.0.1",
        port: this.port,
        ca: file("ca.pem", authority.ca),
        cert: file("broker.pem", own.cert),
        key: file("broker.key", own.key),
        rules: this.rulesFile,
        plugin: plugin ?? "/nowhere",
      }),
    );
    chmodSync(this.folder, 0o700);
  }

  /** Mosquitto started by root becomes its own user. */
  start(): Child {
    if (process.getuid?.() === 0) spawnSync("chown", ["-R", "mosquitto:", this.folder]);
    this.#child = new Child({ argv: [MOSQUITTO, "-c", this.configuration] });
    return this.#child;
  }

  async startAndWait(): Promise<this> {
    const child = this.start();
    const isUp = (): boolean => child.stderr.some((line) => line.includes("running")) || child.exit !== undefined;
    await vi.waitUntil(isUp, { timeout: 30_000 });
    expect(child.exit, child.stderr.join("\n")).toBeUndefined();
    return this;
  }

  get written(): string {
    return readFileSync(this.rulesFile, "utf8");
  }

  /** What stands before each start, as the unit would run it. */
  check(org: string): { passed: boolean; said: string } {
    const done = spawnSync(BUN, ["deploy/broker/start-check.ts", org, this.configuration], { encoding: "utf8" });
    return { passed: done.status === 0, said: done.stderr };
  }

  async stop(): Promise<void> {
    this.#child?.process.kill("SIGTERM");
    await this.#child?.exited;
  }

  [Symbol.dispose](): void {
    this.#child?.process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
