/** A person's vtysh on a terminal: readline's prompt and echo, FRR's greeting, and no pager unless somebody asks for one. */
import type { Dialect, Shell } from "../kit/shell.ts";
import type { Router } from "./router.ts";
import { Vtysh } from "./vtysh.ts";

export class VtyshSession implements Dialect {
  readonly #router: Router;
  readonly #vtysh: Vtysh;

  constructor(shell: Shell, router: Router) {
    this.#router = router;
    this.#vtysh = new Vtysh(router, { user: shell.user, via: "terminal", sitting: shell });
    // Nothing is paged: `terminal length` is taken and means nothing (FACTS.md).
    shell.term.length = 0;
  }

  hostname(): string {
    return this.#router.hostname;
  }

  prompt(): string {
    return this.#vtysh.prompt;
  }

  mode(): "exec" | "config" {
    return this.#vtysh.mode;
  }

  /** What somebody wrote into the login shell's own files comes first. */
  greeting(): string {
    const noise = this.#router.store.faults.get("log-noise");
    return `${noise ? `${noise.text}\n` : ""}\nHello, this is FRRouting (version ${this.#router.facts.version}).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n\n`;
  }

  async line(text: string, shell: Shell): Promise<"logout" | undefined> {
    const said = this.#vtysh.line(text);
    // Log lines come to a vtysh that has asked for them alone (`terminal monitor`).
    await shell.term.write(said.out + said.err);
    return said.isOver ? "logout" : undefined;
  }

  ended(): void {}
}
