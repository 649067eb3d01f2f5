/**
 * Who may log in: the local users of the running configuration, as `login local` asks them. A box whose configuration never named its
 * first user has that one from somewhere else (an AAA server).
 */
import type { SshUser } from "../ssh/server.ts";
import { storedForm, untype7 } from "./config/secrets.ts";
import type { Device } from "./device.ts";

export interface FirstUser {
  username: string;
  password: string;
  publicKeys: readonly string[];
}

const USER = /^username (\S+) (?:.* )?(?:secret|password) /;

export class Accounts {
  readonly #device: Device;
  readonly #first: FirstUser;
  /** What the box booted with: a hash that nobody here can check is the first user's password. */
  readonly #opaque: string | undefined;

  constructor(device: Device, first: FirstUser) {
    this.#device = device;
    this.#first = first;
    this.#opaque = this.#lineOf(first.username);
  }

  #lineOf(username: string): string | undefined {
    return this.#device.running.find(({ line }) => USER.exec(line)?.[1] === username)?.line;
  }

  users(): SshUser[] {
    const users = this.#device.running.flatMap(({ line }): SshUser[] => {
      const username = USER.exec(line)?.[1];
      if (username === undefined) return [];
      const publicKeys = username === this.#first.username ? this.#first.publicKeys : [];
      return [{ username, password: (given) => this.#opens(line, given), publicKeys }];
    });
    if (this.#opaque === undefined && !users.some(({ username }) => username === this.#first.username))
      users.push(this.#first);
    return users;
  }

  #opens(line: string, given: string): boolean {
    if (line === this.#opaque) return given === this.#first.password;
    const found = /^(username .*(?:secret|password)) (?:(\d) )?(\S+)$/.exec(line);
    if (!found) return false;
    const [, head = "", type, value = ""] = found;
    if (type === "7") return untype7(value) === given;
    return type === "9" ? storedForm(`${head} ${given}`, false) === line : value === given;
  }
}

/** What is left after `write erase` and a reload, once somebody at the console has made the box reachable again, and no more. */
export function factoryConfig(
  nodes: readonly { line: string; children: readonly { line: string }[] }[],
  username: string,
): string {
  const physical = nodes.filter(({ line }) =>
    /^interface (?!Loopback|Tunnel|Vlan|Port-channel|BDI|Dialer|Null)[^.]*$/.test(line),
  );
  const isManaged = (entry: (typeof physical)[number]) =>
    entry.children.some(({ line }) => line.startsWith("ip address "));
  const managed = physical.find(isManaged);
  const user = nodes.find(({ line }) => USER.exec(line)?.[1] === username);
  return [
    ...nodes.filter(({ line }) => /^(?:version|license udi) /.test(line)).map(({ line }) => line),
    "hostname Router",
    ...(user ? [user.line] : []),
    "archive",
    " path flash:farhand-archive",
    " maximum 10",
    ...physical.flatMap((entry) => [
      entry.line,
      ...(entry === managed
        ? entry.children.filter(({ line }) => line.startsWith("ip address ")).map(({ line }) => ` ${line}`)
        : [" no ip address", " shutdown"]),
    ]),
    "end",
    "",
  ].join("\n");
}
