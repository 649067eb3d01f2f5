/**
 * Numbered lists: prefix lists, access lists, AS path and community lists. An entry without a number gets the last one and
 * five, or in bgpd the next multiple of five; one that the list holds under another number is not taken, and no word is said (FACTS.md).
 */
import type { Config, Daemon, Rank } from "../config/config.ts";
import { lengthOf, shownInterfacePrefix, shownNetwork } from "../config/addresses.ts";
import { failed, put, Refusal, statement, type Args, type Effect, type Statement } from "./statement.ts";

interface ListKind {
  /** As it begins a line: `ip prefix-list`. */
  readonly head: string;
  readonly group: number;
  readonly owners: readonly Daemon[];
  /** What an entry says after its action. */
  readonly rule: string;
  readonly shown: (args: Args, rule: readonly string[]) => string | Refusal;
  readonly words?: "description" | "remark";
  /** `no HEAD NAME seq N` alone is enough. */
  readonly removesByNumber: boolean;
  /** bgpd's lists stand by name, and an entry is found by what it says; the others in the order in which they came to be. */
  readonly byName?: number;
  /** Another kind with the same names. */
  readonly taken?: { readonly by: string; readonly said: Refusal };
  readonly duplicate?: (args: Args) => Refusal | undefined;
  readonly absentList?: (name: string) => Refusal;
  readonly absentEntry?: (rule: string) => Refusal;
}

const LISTS: readonly Daemon[] = ["zebra", "bgpd"];

const entryKey = (head: string, name: string, seq: number): string => `${head} ${name} seq ${seq}`;

function entriesOf(config: Config, { head }: ListKind, name: string): { key: string; seq: number; value: string }[] {
  const prefix = `${head} ${name} seq `;
  return [...config.lines]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, line]) => ({ key, seq: Number(key.slice(prefix.length)), value: line.value ?? "" }));
}

function orderOf(config: Config, kind: ListKind, name: string): Rank {
  if (kind.byName !== undefined) return [kind.byName, name];
  const orders = [...config.lines.values()].filter(({ rank }) => rank[0] === kind.group);
  const own = orders.find(({ value = "", text }) => text.startsWith(`${kind.head} ${name} `) && value !== "");
  if (own) return [Number(own.rank[1])];
  return [Math.max(0, ...orders.map(({ rank }) => Number(rank[1]))) + 1];
}

/** An AS path list finds an entry by its expression alone (measured). */
const isSame = ({ head }: ListKind, one: string, other: string): boolean =>
  head === "bgp as-path access-list"
    ? one.split(" ").slice(1).join(" ") === other.split(" ").slice(1).join(" ")
    : one === other;

function listStatements(kind: ListKind): Statement[] {
  const { head, owners, rule, group } = kind;
  const said = (args: Args, words: readonly string[]): string | Refusal => {
    const from = words.findIndex((word) => word === "permit" || word === "deny");
    const shown = kind.shown(args, words.slice(from + 1));
    return typeof shown === "string" ? `${words[from] ?? ""} ${shown}` : shown;
  };
  const add: Statement["run"] = ({ config }, args, words) => {
    const value = said(args, words);
    if (typeof value !== "string") return value;
    const { name = "" } = args;
    const { taken } = kind;
    if (taken && [...config.lines.keys()].some((key) => key.startsWith(`${taken.by} ${name} `))) return taken.said;
    const entries = entriesOf(config, kind, name);
    const last = Math.max(0, ...entries.map(({ seq }) => seq));
    const seq =
      args["seq"] === undefined
        ? (kind.byName === undefined ? last : Math.floor(last / 5) * 5) + 5
        : Number(args["seq"]);
    // Typed with host bits it is refused, without them no word is said (measured).
    const same = entries.find((entry) => entry.value === value);
    if (same) return same.seq === Number(args["seq"]) ? undefined : kind.duplicate?.(args);
    const text = `${head} ${name} seq ${seq} ${value}`;
    put(config, entryKey(head, name, seq), {
      text,
      value,
      owners,
      rank: [group, ...orderOf(config, kind, name), 1, seq],
    });
    return undefined;
  };
  const removeEntry: Statement["run"] = ({ config }, args, words) => {
    const { name = "", seq } = args;
    const entries = entriesOf(config, kind, name).toSorted((a, b) => a.seq - b.seq);
    if (entries.length === 0 && kind.absentList) return kind.absentList(name);
    const value = said(args, words);
    if (typeof value !== "string") return value;
    if (seq === undefined && kind.words === "remark" && kind.duplicate?.(args)) return undefined;
    // A number says which entry, whatever else is said; bgpd finds it by what it says (both measured).
    const found = entries.find((entry) =>
      seq === undefined || kind.byName !== undefined ? isSame(kind, entry.value, value) : entry.seq === Number(seq),
    );
    if (found) config.lines.delete(found.key);
    else if (kind.absentEntry) return kind.absentEntry(value.split(" ").slice(1).join(" "));
    return undefined;
  };
  const removeList = ({ config }: { config: Config }, { name = "" }: Args): Effect => {
    // Where two forms share their names, either word takes the list.
    const heads = [head, ...(kind.taken ? [kind.taken.by] : [])];
    const keys = [...config.lines.keys()].filter((key) => heads.some((one) => key.startsWith(`${one} ${name} `)));
    if (keys.length === 0) return kind.absentList?.(name);
    for (const key of keys) config.lines.delete(key);
    return undefined;
  };
  const entry = `${head} WORD$name [seq (1-4294967295)$seq] <permit|deny> ${rule}`;
  const { words } = kind;
  return [
    statement(entry, owners, add),
    statement(`no ${entry}`, owners, removeEntry),
    statement(`no ${head} WORD$name`, owners, removeList),
    ...(kind.removesByNumber
      ? [
          statement(`no ${head} WORD$name seq (1-4294967295)$seq`, owners, ({ config }, { name = "", seq }) => {
            config.lines.delete(entryKey(head, name, Number(seq)));
            return undefined;
          }),
        ]
      : []),
    ...(words === undefined
      ? []
      : [
          statement(`${head} WORD$name ${words} LINE...$text`, owners, ({ config }, { name = "", text = "" }) => {
            const rank = [group, ...orderOf(config, kind, name), 0];
            put(config, `${head} ${name} ${words}`, {
              text: `${head} ${name} ${words} ${text}`,
              value: words,
              rank,
              owners,
            });
            return undefined;
          }),
          statement(`no ${head} WORD$name ${words} [LINE...]`, owners, ({ config }, { name = "" }) => {
            config.lines.delete(`${head} ${name} ${words}`);
            return undefined;
          }),
        ]),
  ];
}

function prefixRule(bits: number): (args: Args) => string | Refusal {
  return ({ prefix, ge, le }) => {
    if (prefix === undefined) return "any";
    const length = lengthOf(prefix);
    const shown = shownNetwork(prefix);
    const low = ge === undefined ? length : Number(ge);
    const high = le === undefined ? bits : Number(le);
    if (low < length || high < low)
      return failed(`Invalid prefix range for ${shown}: Make sure that mask length <= ge <= le`);
    return [shown, ...(ge === undefined ? [] : [`ge ${low}`]), ...(le === undefined ? [] : [`le ${high}`])].join(" ");
  };
}

const duplicate =
  (what: string) =>
  ({ prefix }: Args): Refusal | undefined =>
    prefix === undefined || shownNetwork(prefix) === shownInterfacePrefix(prefix)
      ? undefined
      : failed(`duplicated ${what} list value: ${shownNetwork(prefix)}`);

const accessRule = ({ prefix, exact }: Args): string =>
  prefix === undefined ? "any" : `${shownNetwork(prefix)}${exact === undefined ? "" : " exact-match"}`;

/** What is no regular expression for bgpd, in its own words. */
function asPathRule(_args: Args, rule: readonly string[]): string | Refusal {
  const text = rule.join(" ");
  return /^[0-9 ^$_.*+?()[\]|,{}\-\\]+$/.test(text)
    ? text
    : new Refusal(`Invalid character in as-path access-list ${text}`);
}

export const COMMUNITY =
  /^(?:\d{1,5}:\d{1,5}|\d{1,10}|internet|local-AS|no-advertise|no-export|no-peer|blackhole|graceful-shutdown)$/;
export const LARGE = /^\d{1,10}:\d{1,10}:\d{1,10}$/;

/** Standard and expanded lists of one kind share their names. */
function community(kind: "community" | "large-community", form: "standard" | "expanded"): ListKind {
  const other = form === "standard" ? "expanded" : "standard";
  const word = kind === "community" ? COMMUNITY : LARGE;
  return {
    head: `bgp ${kind}-list ${form}`,
    byName: kind === "community" ? 0 : 1,
    group: 11,
    owners: ["bgpd"],
    rule: form === "standard" ? "AA:NN..." : "LINE...",
    shown: (_args, rule) =>
      form === "standard" && !rule.every((words) => words.split(" ").every((one) => word.test(one)))
        ? new Refusal(`% Malformed ${kind}-list value`)
        : rule.join(" "),
    taken: {
      by: `bgp ${kind}-list ${other}`,
      said: new Refusal(`% Community name conflict, previously defined as ${other} community`),
    },
    removesByNumber: false,
    absentList: () => new Refusal("% Can't find community-list"),
    absentEntry: () => new Refusal("% Can't find community-list"),
  };
}

const KINDS: readonly ListKind[] = [
  {
    head: "access-list",
    group: 6,
    owners: LISTS,
    rule: "<A.B.C.D/M$prefix [exact-match$exact]|any>",
    shown: accessRule,
    duplicate: duplicate("access"),
    words: "remark",
    removesByNumber: false,
  },
  {
    head: "ip prefix-list",
    group: 7,
    owners: LISTS,
    rule: "<any|A.B.C.D/M$prefix {ge (0-32)$ge|le (0-32)$le}>",
    shown: prefixRule(32),
    duplicate: duplicate("prefix"),
    words: "description",
    removesByNumber: true,
  },
  {
    head: "ipv6 access-list",
    group: 8,
    owners: LISTS,
    rule: "<X:X::X:X/M$prefix [exact-match$exact]|any>",
    shown: accessRule,
    duplicate: duplicate("access"),
    words: "remark",
    removesByNumber: false,
  },
  {
    head: "ipv6 prefix-list",
    group: 9,
    owners: LISTS,
    rule: "<any|X:X::X:X/M$prefix {ge (0-128)$ge|le (0-128)$le}>",
    shown: prefixRule(128),
    duplicate: duplicate("prefix"),
    words: "description",
    removesByNumber: true,
  },
  {
    head: "bgp as-path access-list",
    group: 10,
    owners: ["bgpd"],
    byName: 0,
    rule: "LINE...",
    shown: asPathRule,
    removesByNumber: false,
    absentList: (name) => new Refusal(`bgp as-path access-list ${name} doesn't exist`),
    absentEntry: (rule) => new Refusal(`Regex entered ${rule} does not exist`),
  },
  ...(["community", "large-community"] as const).flatMap((kind) =>
    (["standard", "expanded"] as const).map((form) => community(kind, form)),
  ),
];

export const lists: readonly Statement[] = KINDS.flatMap(listStatements);
