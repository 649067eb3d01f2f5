import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { Pair } from "../support/authority.ts";
import { Child } from "../support/child.ts";
import { freePort } from "../support/port.ts";

export const NGINX = "/usr/sbin/nginx";
export const missing = existsSync(NGINX) ? undefined : "nginx is not installed (apt-get install nginx-light)";

export interface Site {
  readonly pair: Pair;
  /** Lines inside the `server` block. */
  readonly lines?: readonly string[];
}

/** A real nginx in a folder of its own, one TLS server for each site on a free loopback port. */
export class Nginx implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "farhand-nginx-"));
  readonly ports: Readonly<Record<string, number>>;
  readonly #child: Child;

  private constructor(sites: Readonly<Record<string, Site>>) {
    this.ports = Object.fromEntries(Object.keys(sites).map((name) => [name, freePort()]));
    const file = (name: string, text: string): string => {
      writeFileSync(join(this.folder, name), text, { mode: 0o600 });
      return join(this.folder, name);
    };
    const servers = Object.entries(sites).map(([name, { pair, lines = [] }]) =>
      [
        "server {",
        `  listen 127.0.0.1:${this.ports[name]} ssl;`,
        `  ssl_certificate ${file(`${name}.pem`, pair.cert)};`,
        `  ssl_certificate_key ${file(`${name}.key`, pair.key)};`,
        ...lines.map((line) => `  ${line}`),
        "}",
      ].join("\n"),
    );
    const configuration = file(
      "nginx.conf",
      [
        `pid ${this.folder}/nginx.pid;`,
        `error_log ${this.folder}/error.log;`,
        "daemon off;",
        "master_process off;",
        "events { worker_connections 64; }",
        "http {",
        `  access_log ${this.folder}/access.log;`,
        ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
          (kind) => `  ${kind}_temp_path ${this.folder}/${kind};`,
        ),
        ...servers,
        "}",
      ].join("\n"),
    );
    this.#child = new Child({
      argv: [NGINX, "-e", `${this.folder}/error.log`, "-p", this.folder, "-c", configuration],
    });
  }

  static async start(sites: Readonly<Record<string, Site>>): Promise<Nginx> {
    const made = new Nginx(sites);
    for (const port of Object.values(made.ports))
      await vi.waitUntil(() => answers(port), { timeout: 20_000, interval: 50 });
    return made;
  }

  port(name: string): number {
    const port = this.ports[name];
    if (port === undefined) throw new Error(`no site ${name}`);
    return port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
