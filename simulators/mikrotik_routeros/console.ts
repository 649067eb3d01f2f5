/** RouterOS's console: a line of commands in, a text out. The same for a terminal, an exec channel and a script. */
import type { Actor, Box } from "./box.ts";
import { itemsOf } from "./config.ts";
import { add, argumentsOf, matcher, move, remove, selected, set } from "./edit.ts";
import { joined } from "./load.ts";
import { isNode, menuAt, type Menu } from "./menus.ts";
import * as show from "./show.ts";
import { STATE_MENUS, type StateMenu } from "./state.ts";
import { dateOf, showSpan, spanOf, timeOf } from "./times.ts";
import {
  badCommand,
  commandsOf,
  ConsoleError,
  expectedEnd,
  failure,
  noSuchItem,
  syntaxError,
  valueOf,
  wordsOf,
  type Word,
} from "./words.ts";

const VERBS = new Set([
  "print",
  "add",
  "set",
  "remove",
  "enable",
  "disable",
  "move",
  "find",
  "export",
  "unset",
  "comment",
]);
const DENIED = "not enough permissions (9)";

export interface Ran {
  readonly text: string;
  readonly quit?: true;
  /** A question that is answered by a line; only a terminal asks. */
  readonly ask?: { readonly question: string; yes(): string };
}

export class Console {
  path = "";
  /** Numbers that the last print gave. */
  #printed: readonly number[] = [];
  #line = 0;
  readonly #box: Box;
  readonly #actor: Actor;
  readonly #kind: "terminal" | "exec" | "script";

  constructor(box: Box, actor: Actor, kind: "terminal" | "exec" | "script") {
    this.#box = box;
    this.#actor = actor;
    this.#kind = kind;
  }

  /** Runs until the first command that fails; its error is the last thing said. */
  run(line: string): Ran {
    let text = "";
    try {
      for (const { text: command, column } of commandsOf(line)) {
        const ran = this.#command(command, column);
        text += ran.text;
        if (ran.quit || ran.ask) return { ...ran, text };
      }
    } catch (error) {
      if (!(error instanceof ConsoleError)) throw error;
      return { text: `${text}${error.message}\n` };
    }
    return { text };
  }

  /** Where the words lead in the tree of menus, and what is left. */
  #walk(words: readonly Word[]): { path: string; rest: readonly Word[] } {
    const first = words[0]?.raw ?? "";
    let path = first.startsWith("/") ? "" : this.path;
    const parts: Word[] = words.flatMap((word, at) => {
      const raw = at === 0 && word.raw.startsWith("/") ? word.raw.slice(1) : word.raw;
      // `/ip/address/print` is three words; a slash in an address is none.
      if (at === 0 && /^[a-z-]+(?:\/[a-z-]+)+$/.test(raw))
        return raw.split("/").map((part) => ({ raw: part, column: word.column }));
      return raw === "" ? [] : [{ raw, column: word.column }];
    });
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at];
      if (!part) break;
      if (part.raw === "..") path = path.split(" ").slice(0, -1).join(" ");
      else {
        const next = path === "" ? `/${part.raw}` : `${path} ${part.raw}`;
        if (!isNode(next)) return { path, rest: parts.slice(at) };
        path = next;
      }
    }
    return { path, rest: [] };
  }

  #command(text: string, column: number): Ran {
    const trimmed = text.trim();
    if (trimmed.startsWith("#")) return { text: "" };
    if (trimmed.startsWith(":")) return this.#script(wordsOf(text, column));
    const { path, rest } = this.#walk(wordsOf(text, column));
    const [verb, ...more] = rest;
    if (!verb) {
      this.path = path;
      return { text: "" };
    }
    const own = this.#ownCommand(path, verb, more);
    if (own) return own;
    const menu = menuAt(path);
    if (verb.raw === "export") return this.#export(path, more);
    if (!menu || !VERBS.has(verb.raw)) throw badCommand(verb.raw, verb.column);
    return { text: this.#menuCommand(menu, verb.raw, more, `${path} ${rest.map(({ raw }) => raw).join(" ")}`) };
  }

  #script([first, ...rest]: readonly Word[]): Ran {
    const [name] = rest;
    switch (first?.raw) {
      case ":put":
        if (!name) throw syntaxError(5);
        return { text: `${valueOf(name.raw)}\n` };
      case ":log":
      case ":delay":
        return { text: "" };
      case ":execute": {
        const source = name ? valueOf(name.raw.replace(/^script=/, "")) : "";
        // In the background: whoever asked has his prompt back at once.
        this.#box.store.later(500, () => this.#box.script(source.replace(/^\{|\}$/g, ""), this.#actor.user));
        return { text: "" };
      }
      default:
        throw badCommand(first?.raw.slice(1) ?? "", (first?.column ?? 1) + 1);
    }
  }

  #ownCommand(path: string, verb: Word, more: readonly Word[]): Ran | undefined {
    const box = this.#box;
    const word = verb.raw;
    if (path === "" && (word === "quit" || word === "/quit")) return { text: "interrupted\n", quit: true };
    const { props, bare } = ((): ReturnType<typeof argumentsOf> => argumentsOf(undefined, more))();
    const named = (): string => {
      const name = props.get("name") ?? (bare[0] ? valueOf(bare[0].raw) : undefined);
      if (name === undefined) throw new ConsoleError("missing value(s) of argument(s) name");
      return name;
    };
    const print = word === "print" ? path : undefined;
    const state = print === undefined ? undefined : STATE_MENUS[print];
    if (state) return { text: this.#printState(state, more) };
    switch (print) {
      case "/system resource":
        return { text: show.resource(box) };
      case "/system routerboard":
        return { text: show.routerboard(box) };
      case "/system clock":
        return { text: show.clock(box) };
      case "/system device-mode":
        return { text: show.deviceMode(box) };
      case "/system package":
        return { text: show.packages(box) };
      case "/system package update":
        return { text: show.packageUpdate(box) };
      case "/system history":
        return { text: show.historyText(box) };
      case "/file": {
        const at = more.findIndex(({ raw }) => raw === "where");
        const match = at < 0 ? () => true : matcher(more.slice(at));
        return {
          text: show.filesText(
            box,
            match,
            more.some(({ raw }) => raw === "terse" || raw === "detail"),
          ),
        };
      }
      default:
        break;
    }
    const isFile = path === "/file" && word === "remove";
    if (!isFile && !["save", "load", "import", "reboot"].includes(word)) return undefined;
    this.#allow(`${path} ${word} ${more.map(({ raw }) => raw).join(" ")}`.trim());
    if (isFile) {
      const at = more[0]?.raw ?? "";
      const match = at.startsWith("[") ? matcher(wordsOf(at.slice(1, -1).trim().replace(/^find/, ""))) : undefined;
      if (!match && !box.files.some(({ name }) => name === valueOf(at))) throw noSuchItem();
      box.files = box.files.filter(({ name, type }) =>
        match
          ? !match({
              id: 0,
              props: new Map([
                ["name", name],
                ["type", type],
              ]),
            })
          : name !== valueOf(at),
      );
      return { text: "" };
    }
    if (path === "/system backup" && word === "save") {
      const name = named();
      box.save(name.endsWith(".backup") ? name : `${name}.backup`, box.config);
      return { text: "Saving system configuration\nConfiguration backup saved\n" };
    }
    if (path === "/system backup" && word === "load") return this.#load(named());
    if (path === "/system" && word === "reboot") {
      const go = (): string => {
        box.store.reboot(box.facts.bootMs);
        return "system will reboot shortly\n";
      };
      return this.#kind === "script"
        ? { text: go() }
        : { text: "", ask: { question: "Reboot, yes? [y/N]: ", yes: go } };
    }
    if (path === "" && word === "import") return { text: this.#import(props.get("file-name") ?? named()) };
    return undefined;
  }

  #load(name: string): Ran {
    const box = this.#box;
    if (!box.files.some((file) => (file.name === name || file.name === `${name}.backup`) && file.config))
      throw failure("backup file not found");
    const go = (): string => {
      box.load(name, this.#actor.user);
      return "Restoring system configuration\nSystem configuration restored, rebooting now\n";
    };
    return this.#kind === "script"
      ? { text: go() }
      : { text: "", ask: { question: "Restore and reboot? [y/N]: ", yes: go } };
  }

  #import(name: string): string {
    const file = this.#box.files.find((one) => one.name === name);
    if (!file) throw failure(`cannot open import file`);
    const inner = new Console(this.#box, this.#actor, "script");
    for (const line of joined(file.content)) {
      const { text } = inner.run(line);
      if (text !== "") return text;
    }
    return "\nScript file loaded and executed successfully\n";
  }

  #export(path: string, more: readonly Word[]): Ran {
    const { props, bare } = argumentsOf(undefined, more);
    const flags = new Set(bare.map(({ raw }) => raw));
    const wrong = bare.find(
      ({ raw }) => !["show-sensitive", "hide-sensitive", "terse", "verbose", "compact"].includes(raw),
    );
    if (wrong) throw expectedEnd(wrong.column);
    const text = show.exported(this.#box, {
      sensitive: flags.has("show-sensitive"),
      terse: flags.has("terse"),
      verbose: flags.has("verbose"),
      under: path,
    });
    const file = props.get("file");
    if (file === undefined) return { text };
    this.#box.save(file.endsWith(".rsc") ? file : `${file}.rsc`, undefined, text);
    return { text: "" };
  }

  /** Whether this user may change anything, and what a fault says to this line. */
  #allow(line: string): void {
    const { faults } = this.#box.store;
    if (this.#kind === "script") return;
    if (faults.get("wrong-privilege")) throw new ConsoleError(DENIED);
    const met = faults.forLine(line, ++this.#line);
    if (met) throw new ConsoleError(met.kind === "denied" ? DENIED : (met.own ?? "failure: refused"));
  }

  #menuCommand(menu: Menu, verb: string, words: readonly Word[], line: string): string {
    const box = this.#box;
    const { path } = menu;
    if (verb === "print") return this.#print(menu, words);
    if (verb === "find") return "";
    this.#allow(line);
    const { props, bare } = argumentsOf(menu, words);
    const label = path.split(" ").at(-1)?.replace("/", "") ?? "";
    const edit = (action: string, change: Parameters<Box["edit"]>[4]): void =>
      box.edit(this.#actor, line, action, path, change);
    switch (verb) {
      case "add":
        if (menu.kind !== "list") throw badCommand("add", 1);
        edit(`${label} added`, (config) => {
          add(config, menu, { props: this.#completed(menu, props), bare });
          return true;
        });
        return "";
      case "set":
      case "enable":
      case "disable":
      case "unset":
      case "comment": {
        const given =
          verb === "set" || verb === "comment"
            ? props
            : verb === "unset"
              ? new Map([[props.get("value-name") ?? "", ""]])
              : new Map([["disabled", verb === "disable" ? "yes" : "no"]]);
        edit(`${label} changed`, (config) => {
          if (menu.kind === "single") {
            if (bare[0]) throw expectedEnd(bare[0].column);
            return set(config, menu, undefined, given);
          }
          const items = selected(menu, itemsOf(config, path), bare, this.#printed);
          // Every item, where `numbers` is left away, is asked for on a terminal; elsewhere it is missing.
          if (bare.length === 0) throw new ConsoleError("missing value(s) of argument(s) numbers");
          return items.map((item) => set(config, menu, item, given)).some(Boolean);
        });
        return "";
      }
      case "remove":
        if (bare.length === 0) throw new ConsoleError("missing value(s) of argument(s) numbers");
        if (path === "/system scheduler" && box.pending && box.store.faults.take("confirm-lost")) return "";
        edit(`${label} removed`, (config) => {
          const gone = selected(menu, itemsOf(config, path), bare, this.#printed);
          remove(config, menu, gone);
          return gone.length > 0;
        });
        return "";
      case "move":
        edit(`${label} moved`, (config) => {
          const items = itemsOf(config, path);
          const [what, ...to] = bare;
          const where = props.get("destination");
          const moved = selected(menu, items, what ? [what] : [], this.#printed);
          const target = where === undefined ? to : [{ raw: where, column: 1 }];
          move(config, menu, moved, selected(menu, items, target, this.#printed)[0]);
          return moved.length > 0;
        });
        return "";
      default:
        throw badCommand(verb, 1);
    }
  }

  /** What the box fills in by itself. */
  #completed(menu: Menu, props: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    if (menu.path !== "/system scheduler") return props;
    const nowMs = this.#box.store.clock.nowMs();
    const interval = props.get("interval");
    const span = interval === undefined ? 0 : spanOf(interval);
    if (span === undefined) throw new ConsoleError("invalid value for argument interval");
    return new Map([
      ["start-date", dateOf(nowMs)],
      ["start-time", timeOf(nowMs)],
      ...props,
      ...(interval === undefined ? [] : [["interval", showSpan(span)] as const]),
      ["policy", "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon"],
      ["owner", this.#actor.user],
    ]);
  }

  /** What the box finds out by itself, items of the configuration among it. */
  #printState(menu: StateMenu, words: readonly Word[]): string {
    const { form, filter, proplist } = printWords(words);
    const all = menu.rows(this.#box);
    const known = new Set([...menu.knows, ...menu.columns, ...all.flatMap(({ props }) => [...props.keys()])]);
    if (proplist?.some((name) => !known.has(name)))
      throw new ConsoleError("input does not match any value of value-name");
    const match = matcher(filter);
    const rows = all.filter(({ flags, props, id = -1 }) =>
      match({ id, props: new Map([...props, ...booleans(flags)]) }),
    );
    this.#printed = rows.map(({ id = -1 }) => id);
    return form === "count-only" ? `${rows.length}\n` : show.printState(rows, menu, form, proplist);
  }

  #print(menu: Menu, words: readonly Word[]): string {
    const { form, filter } = printWords(words);
    const { text, ids } = show.printMenu(this.#box, menu, { form, match: matcher(filter) });
    this.#printed = ids;
    return text;
  }
}

const PRINT_FLAGS = ["detail", "terse", "brief", "count-only", "without-paging", "value-list"];

function printWords(words: readonly Word[]): {
  form: "columns" | "detail" | "terse" | "count-only";
  filter: readonly Word[];
  proplist: readonly string[] | undefined;
} {
  const at = words.findIndex(({ raw }) => raw === "where");
  const given = at < 0 ? words : words.slice(0, at);
  const flags = new Set(given.map(({ raw }) => raw));
  const wrong = given.find(({ raw }) => !PRINT_FLAGS.includes(raw) && !raw.startsWith("proplist="));
  if (wrong) throw expectedEnd(wrong.column);
  const form = (["count-only", "terse", "detail"] as const).find((one) => flags.has(one)) ?? "columns";
  const list = given.find(({ raw }) => raw.startsWith("proplist="))?.raw.slice(9);
  return { form, filter: at < 0 ? [] : words.slice(at), proplist: list?.split(",") };
}

/** `where active`, `where disabled=no`: letters under the names that they stand for. */
const booleans = (flags: string): [string, string][] =>
  (
    [
      ["active", "A"],
      ["disabled", "X"],
      ["dynamic", "D"],
      ["running", "R"],
      ["slave", "S"],
      ["invalid", "I"],
      ["established", "E"],
    ] as const
  ).map(([name, letter]) => [name, flags.includes(letter) ? "yes" : "no"]);
