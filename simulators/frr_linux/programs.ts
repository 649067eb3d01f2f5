/** The router's programs as a shell runs them: `vtysh` with its options, and `frr-reload.py`. */
import { FRR_CONF, type Router } from "./router.ts";
import { dryRun } from "./dryrun.ts";
import { reload } from "./reload.ts";
import { SILENCE, Vtysh, type Said, type Typist } from "./vtysh.ts";

export interface Invocation {
  readonly argv: readonly string[];
  readonly typist: Typist;
  /** Whether it may read vtysh.conf; without root it may not. */
  readonly readsConf?: boolean;
  /** A file as the program finds it; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

const joined = (parts: readonly Said[], code: number): Said => ({
  out: parts.map(({ out }) => out).join(""),
  err: parts.map(({ err }) => err).join(""),
  code,
});

const usage = (err: string, code = 1): Said => ({ out: "", err, code });

/** vtysh's own number of a line that a daemon refused, as a file's exit has it. */
const REFUSED = 13;
const UNKNOWN = 2;

export function vtysh(router: Router, { argv, typist, read, readsConf = true }: Invocation): Said {
  const commands: string[] = [];
  let file: string | undefined;
  const flags = new Set<string>();
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (word === "-c" || word === "--command") commands.push(...(argv[++at] ?? "").split("\n"));
    else if (word === "-f" || word === "--inputfile") file = argv[++at] ?? "";
    else if (/^(?:-[bCwu]|--boot|--dryrun|--writeconfig|--user)$/.test(word))
      flags.add(word.replace(/^--?/, "").charAt(0));
    else if (word.startsWith("-"))
      return usage(
        `vtysh: invalid option -- '${word.replace(/^-+/, "")}'\nTry \`vtysh --help' for more information.\n`,
      );
  }
  if (flags.has("C") || flags.has("d")) {
    const path = file ?? FRR_CONF;
    const text = read(path);
    return text === undefined ? noFile(path) : dryRun(text);
  }
  if (flags.has("w")) return { out: router.save(typist.user).replace(/^Note: .*\n/, ""), err: "", code: 0 };
  if (flags.has("b")) {
    const path = file ?? FRR_CONF;
    const text = read(path);
    return text === undefined ? noFile(path) : lines(router, typist, text);
  }
  if (file !== undefined) {
    const text = read(file);
    return text === undefined ? noFile(file) : lines(router, typist, text);
  }
  if (commands.length > 0) return oneByOne(new Vtysh(router, typist, readsConf), commands);
  return SILENCE;
}

const noFile = (path: string): Said =>
  usage(`% Can't open configuration file ${path} due to 'No such file or directory'.\n`, 11);

/** Stops at the first line that is refused. */
function oneByOne(shell: Vtysh, commands: readonly string[]): Said {
  const parts: Said[] = [];
  for (const command of commands) {
    const said = shell.line(command);
    parts.push(said);
    if (said.code !== 0) return joined(parts, said.code);
    if (said.isOver) break;
  }
  return joined(parts, 0);
}

/** Goes on after a line that is refused. */
function lines(router: Router, typist: Typist, text: string): Said {
  const shell = new Vtysh(router, typist).configure();
  const parts: Said[] = [];
  let code = 0;
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "end") continue;
    const said = shell.line(line);
    if (said.code === 0) parts.push(said);
    else if (/^% (?:Unknown|Ambiguous|Command)/.test(said.out)) {
      code = UNKNOWN;
      parts.push({ ...SILENCE, err: `line ${at + 1}: ${said.out}` });
    } else {
      code = REFUSED;
      parts.push({ ...said, err: `${said.err}line ${at + 1}: Failure to communicate[13] to bgpd, line: ${line}\n\n` });
    }
  }
  return joined(parts, code);
}

const RELOAD_USAGE =
  "usage: frr-reload.py [-h] [--input INPUT] (--reload | --test)\n                     [--debug | --log-level {critical,error,warning,info,debug}]\n                     [--stdout] [--overwrite]\n                     filename\n";

export function frrReload(router: Router, { argv, typist, read }: Invocation): Said {
  const kind = argv.includes("--reload") ? "reload" : argv.includes("--test") ? "test" : undefined;
  const path = argv.findLast((word) => !word.startsWith("-"));
  if (kind === undefined || path === undefined)
    return usage(`${RELOAD_USAGE}frr-reload.py: error: the following arguments are required: filename\n`, 2);
  const text = read(path);
  if (text === undefined) return { out: `Filename ${path} does not exist\n`, err: "", code: 1 };
  return reload(router, { kind, text, typist, saves: path !== FRR_CONF });
}
