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

  greeting(): string {
    return `\nHello, this is FRRouting (version ${this.#router.facts.version}).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n\n`;
  }

  async line(text: string, shell: Shell): Promise<"logout" | undefined> {
    const said = this.#vtysh.line(text);
    await shell.print(said.out + said.err);
    return said.isOver ? "logout" : undefined;
  }

  ended(): void {}
}
