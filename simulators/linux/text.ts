/**
 * A host's configuration as one text, in the way in which `head` and `tail` show several files:
 *
 *     ==> /etc/motd 0644 0:0 <==
 *     Keep out.
 *     ==> service cron enabled active <==
 *
 * A file whose last line is not ended is followed by diff's `\ No newline at end of file`; a link is `==> /etc/x -> TARGET <==`.
 */
export interface ConfigFile {
  readonly path: string;
  readonly mode: string;
  /** Numbers. */
  readonly owner: string;
  readonly content: string;
}

export interface ConfigLink {
  readonly path: string;
  readonly target: string;
}

export interface ConfigService {
  readonly name: string;
  readonly enabled: "enabled" | "disabled";
  readonly active: "active" | "inactive" | "failed";
}

export interface HostConfig {
  readonly files: readonly ConfigFile[];
  readonly links: readonly ConfigLink[];
  readonly services: readonly ConfigService[];
}

const UNENDED = "\\ No newline at end of file\n";
const HEAD =
  /^==> (?:service (?<name>[\w@.-]+) (?<enabled>enabled|disabled) (?<active>active|inactive|failed)|(?<path>\/\S+) (?:-> (?<target>\S+)|(?<mode>0[0-7]{3}) (?<owner>\d+:\d+))) <==$/;

const by =
  <T>(key: (one: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : 1;

export function printConfig({ files, links, services }: HostConfig): string {
  const shown = [
    ...files.map(({ path, mode, owner, content }) => ({
      path,
      text: `==> ${path} ${mode} ${owner} <==\n${content}${content === "" || content.endsWith("\n") ? "" : `\n${UNENDED}`}`,
    })),
    ...links.map(({ path, target }) => ({ path, text: `==> ${path} -> ${target} <==\n` })),
  ].toSorted(by(({ path }) => path));
  const states = services
    .toSorted(by(({ name }) => name))
    .map(({ name, enabled, active }) => `==> service ${name} ${enabled} ${active} <==\n`);
  return [...shown.map(({ text }) => text), ...states].join("");
}

/** Throws where the text does not begin with a head. */
export function parseConfig(text: string): HostConfig {
  const files: ConfigFile[] = [];
  const links: ConfigLink[] = [];
  const services: ConfigService[] = [];
  let open: { path: string; mode: string; owner: string; content: string } | undefined;
  const close = (): void => {
    if (!open) return;
    const { content } = open;
    files.push({
      ...open,
      content: content.endsWith(`\n${UNENDED}`) ? content.slice(0, -UNENDED.length - 1) : content,
    });
    open = undefined;
  };
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) {
    const head = HEAD.exec(line)?.groups;
    if (!head) {
      if (!open) throw new Error(`no line of a host's configuration: ${JSON.stringify(line.slice(0, 100))}`);
      open.content += `${line}\n`;
      continue;
    }
    close();
    const { name, enabled, active, path = "", target, mode = "0644", owner = "0:0" } = head;
    if (name !== undefined) services.push({ name, enabled, active } as ConfigService);
    else if (target === undefined) open = { path, mode, owner, content: "" };
    else links.push({ path, target });
  }
  close();
  return { files, links, services };
}
