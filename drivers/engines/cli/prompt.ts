import type { PlatformFile } from "../../platform.ts";

/** Which mode a last line is the prompt of, once the hostname is known. Exact: any other line that ends in `#` is output. */
export class Prompts {
  readonly #file: PlatformFile;
  readonly #first: RegExp;
  readonly #excludes: readonly RegExp[];
  #modes: readonly { name: string; pattern: RegExp; above: RegExp | undefined }[] = [];
  readonly #above: readonly RegExp[];
  #hosts: readonly string[] = [];
  #begins: RegExp | undefined;

  constructor(file: PlatformFile) {
    this.#file = file;
    this.#first = new RegExp(file.prompt.first, "v");
    this.#above = file.modes.flatMap(({ above }) =>
      above === undefined ? [] : [new RegExp(`^(?:${above})\\s*$`, "v")],
    );
    this.#excludes = file.prompt.excludes.map((source) => new RegExp(source, "v"));
  }

  get hostname(): string {
    return this.#hosts[0] ?? "";
  }

  /** The hostname in a first prompt. */
  hostOf(tail: string): string | undefined {
    if (this.#excluded(tail)) return undefined;
    return this.#first.exec(tail)?.groups?.["host"];
  }

  learn(host: string): void {
    this.#compile([host]);
  }

  /** A line that renames the device is about to be sent: both names are prompts until the new one is seen. */
  expectRename(host: string): void {
    this.#compile([this.hostname, host]);
  }

  /** Whether this line is one that stands above a prompt. */
  isAbove(line: string): boolean {
    return this.#above.some((pattern) => pattern.test(line));
  }

  /** The mode whose prompt this line is, below the line `above`. */
  match(tail: string, lineAbove = ""): string | undefined {
    if (tail === "" || this.#excluded(tail)) return undefined;
    for (const { name, pattern, above } of this.#modes) {
      if (above?.test(lineAbove) === false) continue;
      const found = pattern.exec(tail);
      if (!found) continue;
      const shown = found.groups?.["host"];
      const host = this.#hosts.find((candidate) => shown !== undefined && candidate.startsWith(shown));
      if (host !== undefined && host !== this.hostname) this.#compile([host]);
      return name;
    }
    return undefined;
  }

  /** Whether a finished line begins with a prompt: something was written behind it. */
  begins(line: string): boolean {
    return this.#begins?.test(line) === true;
  }

  #compile(hosts: readonly string[]): void {
    this.#hosts = hosts;
    const cut = this.#file.prompt.truncatesAt;
    const forms = hosts.flatMap((host) =>
      cut !== undefined && host.length > cut ? [host, host.slice(0, cut)] : [host],
    );
    const host = forms.map((form) => RegExp.escape(form)).join("|");
    const { prefix = "" } = this.#file.prompt;
    this.#begins = new RegExp(
      `^(?:${prefix})(?:${host})(?:${this.#file.modes.map(({ suffix }) => suffix).join("|")})`,
      "v",
    );
    this.#modes = this.#file.modes.map(({ name, suffix, above }) => ({
      name,
      above: above === undefined ? undefined : new RegExp(`^(?:${above})\\s*$`, "v"),
      pattern: new RegExp(`^(?:${prefix})(?<host>${host})(?:${suffix})\\s*$`, "v"),
    }));
  }

  #excluded(tail: string): boolean {
    return this.#excludes.some((pattern) => pattern.test(tail));
  }
}
