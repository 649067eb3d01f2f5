/**
 * `frr-reload.py`: a running router brought to a file, line by line. Not atomic; what it cannot remove it tries again word by word
 * shorter, and says nothing of it in its exit (FACTS.md, "frr-reload.py"). It ends with `write`.
 */
import { contextsOf, type Context } from "./config/print.ts";
import type { Router } from "./router.ts";
import { Vtysh, type Said, type Typist } from "./vtysh.ts";

const PASSES = 2;
const HEADER = /^(?:Building configuration\.\.\.|Current configuration:)/m;

interface Delta {
  readonly remove: readonly Context[];
  readonly add: readonly Context[];
}

export interface Reload {
  /** `test` shows what it would do. */
  readonly kind: "test" | "reload";
  readonly text: string;
  readonly typist: Typist;
  /** The file is not the one that `write` writes. */
  readonly saves: boolean;
}

export function reload(router: Router, { kind, text, typist, saves }: Reload): Said {
  const header = HEADER.exec(text)?.[0];
  if (header !== undefined) {
    const line = text.slice(0, text.indexOf(header)).split("\n").length;
    const said = `vtysh failed to process new configuration: vtysh (mark file) exited with status 2:\nline ${line}: % Unknown command[4]: ${header}\n`;
    // Told by measurement: what follows in a test is a diff that deletes everything.
    return { out: kind === "test" ? `${said}\n${told("Lines To Delete", contexts(router))}` : said, err: "", code: 1 };
  }
  if (!router.isIntegrated)
    return {
      out: "'service integrated-vtysh-config' is not configured, this is required for 'service frr reload'\n",
      err: "",
      code: 1,
    };
  if (kind === "test") {
    const { remove, add } = deltaOf(router, text);
    const out = [
      ...(remove.length === 0 ? [] : [told("Lines To Delete", remove)]),
      ...(add.length === 0 ? [] : [told("Lines To Add", add)]),
    ];
    return { out: out.map((part) => `\n${part}`).join(""), err: "", code: 0 };
  }
  let log = "";
  for (let pass = 0; pass < PASSES; pass += 1) {
    const { remove, add } = deltaOf(router, text);
    for (const { path, lines } of remove) for (const line of lines) log += removed(router, typist, path, line);
    for (const { path, lines } of add) {
      const vtysh = at(router, typist, path);
      for (const line of lines) log += failure(vtysh.line(line), line);
    }
  }
  if (saves) {
    if (router.alive.size < 3)
      return { out: 'VtyshException: vtysh returned status 1 for command "write"\n', err: log, code: 1 };
    router.save(typist.user);
  }
  return { out: "", err: log, code: 0 };
}

const at = (router: Router, typist: Typist, path: readonly string[]): Vtysh => {
  const vtysh = new Vtysh(router, typist).configure();
  for (const header of path) vtysh.line(header);
  return vtysh;
};

const failure = ({ out, err, code }: Said, line: string): string =>
  code === 0 ? "" : `Failed to execute ${line}: ${out}${err}`;

/** Away with a line: as it is, and then shorter and shorter. */
function removed(router: Router, typist: Typist, path: readonly string[], line: string): string {
  let log = "";
  let words = (line.startsWith("no ") ? line.slice(3) : `no ${line}`).split(" ");
  while (words.length > 0) {
    const command = words.join(" ");
    const said = at(router, typist, path).line(command);
    if (said.code === 0) return log;
    log += failure(said, command);
    words = words.slice(0, -1);
  }
  return log;
}

function told(title: string, all: readonly Context[]): string {
  const rows = all.flatMap(({ path, lines }) => lines.map((line) => [...path, line].join("\n ")));
  return `${title}\n${"=".repeat(title.length)}\n${rows.join("\n")}\n`;
}

const contexts = (router: Router): Context[] => contextsOf(router.config);

function deltaOf(router: Router, text: string): Delta {
  const now = contexts(router);
  const wanted = contextsOf(router.load(text));
  const key = ({ path }: Context): string => path.join("\n");
  const missing = (from: readonly Context[], than: readonly Context[]): Context[] =>
    from.flatMap((one) => {
      const other = new Set(than.find((two) => key(two) === key(one))?.lines ?? []);
      const lines = one.lines.filter((line) => !other.has(line));
      return lines.length === 0 ? [] : [{ ...one, lines }];
    });
  const gone = new Set(now.filter((one) => one.isWhole && !wanted.some((two) => key(two) === key(one))).map(key));
  const whole = [...gone].map((header) => header);
  const remove = [
    ...(whole.length === 0 ? [] : [{ path: [], lines: whole, isWhole: false }]),
    ...missing(now, wanted).filter(
      (one) => ![...gone].some((header) => key(one) === header || key(one).startsWith(`${header}\n`)),
    ),
  ];
  const fresh = wanted.filter(
    (one) => one.isWhole && one.lines.length === 0 && !now.some((two) => key(two) === key(one)),
  );
  return { remove, add: [...missing(wanted, now), ...fresh] };
}
