/** Lines of an interface and of a route-map's entry: both are shown in the order of their bytes, whoever holds them. */
import { shownInterfacePrefix, shownAddress } from "../config/addresses.ts";
import type { Daemon, Rank } from "../config/config.ts";
import { COMMUNITY, LARGE } from "./lists.ts";
import { failed, flag, put, Refusal, statement, value, type Place, type Slot, type Statement } from "./statement.ts";

const ZEBRA: readonly Daemon[] = ["zebra"];
const BGP: readonly Daemon[] = ["bgpd"];
const BOTH: readonly Daemon[] = ["zebra", "bgpd"];

const byBytes = (_args: unknown, words: readonly string[]): Rank => [words.join(" ")];
const zebra: Slot = { owners: ZEBRA, rank: byBytes };

/** None of this machine's own, none of many. */
const isRefused = (prefix: string): boolean => /^(?:127|22[4-9]|2[3-5]\d)\./.test(prefix);

const address = (family: "ip" | "ipv6", syntax: string): Statement[] => [
  statement(`${family} address ${syntax}$prefix`, ZEBRA, ({ block }, { prefix = "" }) => {
    if (isRefused(prefix)) return new Refusal("% Invalid address");
    const text = `${family} address ${shownInterfacePrefix(prefix)}`;
    put(block, text, { text, rank: [text], owners: ZEBRA });
    return undefined;
  }),
  statement(`no ${family} address ${syntax}$prefix`, ZEBRA, ({ block }, { prefix = "" }) =>
    block.lines.delete(`${family} address ${shownInterfacePrefix(prefix)}`)
      ? undefined
      : new Refusal("% Can't find address"),
  ),
];

/** Three ways: by itself on, said to be on, said to be off. */
function three(name: string, isOn: boolean): Statement[] {
  const set =
    (text: string | undefined): Statement["run"] =>
    ({ block }) => {
      if (text === undefined) block.lines.delete(name);
      else put(block, name, { text, rank: [text], owners: ZEBRA });
      return undefined;
    };
  return [statement(name, ZEBRA, set(isOn ? undefined : name)), statement(`no ${name}`, ZEBRA, set(`no ${name}`))];
}

const description = (owners: readonly Daemon[]): Statement[] => [
  statement("description LINE...", owners, ({ block }, _args, words) => {
    put(block, "description", { text: words.join(" "), rank: [words.join(" ")], owners });
    return undefined;
  }),
  statement("no description", owners, ({ block }) => {
    block.lines.delete("description");
    return undefined;
  }),
];

export const interfaces: readonly Statement[] = [
  ...description(ZEBRA),
  ...address("ip", "A.B.C.D/M"),
  ...address("ipv6", "X:X::X:X/M"),
  statement("ip address A.B.C.D$own peer A.B.C.D/M$prefix", ZEBRA, ({ block }, { own = "", prefix = "" }) => {
    const text = `ip address ${own} peer ${shownInterfacePrefix(prefix)}`;
    put(block, text, { text, rank: [text], owners: ZEBRA });
    return undefined;
  }),
  ...value("bandwidth", "(1-100000)", zebra),
  ...flag("shutdown", zebra),
  ...flag("mpls enable", zebra),
  ...three("multicast", false),
  ...three("link-detect", true),
];

/** One value under a name, of the daemon that knows it. */
const slot = (
  head: string,
  tail: string,
  owners: readonly Daemon[] = BOTH,
  show?: (text: string) => string,
): Statement[] => [
  statement(`${head} ${tail}`, owners, ({ block }, _args, words) => {
    const text = show ? show(words.join(" ")) : words.join(" ");
    put(block, head, { text, rank: [text], owners });
    return undefined;
  }),
  statement(`no ${head} [${tail}]`, owners, ({ block }) => {
    block.lines.delete(head);
    return undefined;
  }),
];

const UNSUPPORTED = "% [BGP] Argument form is unsupported or malformed.";

/** A value that only bgpd looks at; some of what it does not understand it keeps (measured). */
function checked(head: string, tail: string, form: RegExp, refuse: (said: string) => Refusal): Statement[] {
  const [set, ...rest] = slot(head, tail, BGP);
  if (!set) return [];
  const said = (words: readonly string[]): string => words.slice(head.split(" ").length).join(" ");
  const wrong = (text: string): boolean => !text.split(" ").every((one) => one === "additive" || form.test(one));
  return [
    statement(set.syntax, BGP, (place, args, words) => {
      const refused = wrong(said(words)) ? refuse(said(words)) : undefined;
      if (refused?.code !== 1) set.run(place, args, words);
      return refused;
    }),
    ...rest,
  ];
}

const lower = (text: string): string => text.replace(/\S*:\S*:\S*$/, (found) => shownAddress(found));

/** Where it goes on: further down, and only from an entry that permits. */
function onMatch({ block }: Place, target: string | undefined): Refusal | undefined {
  const [, , action, own] = block.header.split(" ");
  if (action !== "permit" || (target !== undefined && Number(target) <= Number(own))) return failed();
  const text = target === undefined ? "on-match next" : `on-match goto ${target}`;
  put(block, "on-match", { text, rank: [text], owners: BOTH });
  return undefined;
}

export const routeMaps: readonly Statement[] = [
  ...description(BOTH),
  ...slot("match ip address prefix-list", "WORD"),
  ...slot("match ip next-hop prefix-list", "WORD"),
  ...slot("match ipv6 address prefix-list", "WORD"),
  ...slot("match ip address", "WORD"),
  ...slot("match ipv6 address", "WORD"),
  ...slot("match interface", "INTERFACE"),
  ...slot("match metric", "(0-4294967295)"),
  ...slot("match tag", "(1-4294967295)"),
  ...slot("match as-path", "WORD", BGP),
  ...slot("match community", "WORD [exact-match]", BGP),
  ...slot("match large-community", "WORD [exact-match]", BGP),
  ...slot("match local-preference", "(0-4294967295)", BGP),
  ...slot("match origin", "<egp|igp|incomplete>", BGP),
  ...slot("match peer", "<A.B.C.D|X:X::X:X|local|WORD>", BGP),
  ...slot("match source-protocol", "<kernel|connected|static|rip|ospf|isis|bgp>", ["zebra"]),
  ...checked("set local-preference", "WORD", /^[+-]?\d{1,10}$/, () => new Refusal(UNSUPPORTED, 0)),
  ...slot("set metric", "<(0-4294967295)|RATE>"),
  ...slot("set weight", "(0-4294967295)", BGP),
  ...slot("set origin", "<egp|igp|incomplete>", BGP),
  ...slot("set tag", "(1-4294967295)"),
  ...checked(
    "set community",
    "AA:NN...",
    COMMUNITY,
    (word) => new Refusal(`% Malformed communities attribute '${word}'`),
  ),
  ...checked("set large-community", "AA:BB:CC...", LARGE, () => new Refusal(UNSUPPORTED, 0)),
  ...slot("set as-path prepend", "ASN...", BGP),
  ...slot("set as-path exclude", "ASN...", BGP),
  ...slot("set ip next-hop", "A.B.C.D"),
  ...slot("set ipv6 next-hop global", "X:X::X:X", BOTH, lower),
  ...slot("set src", "<A.B.C.D|X:X::X:X>", ["zebra"], lower),
  ...slot("set originator-id", "A.B.C.D", BGP),
  ...flag("set atomic-aggregate", { owners: BGP, rank: ["set atomic-aggregate"] }),
  statement("call WORD$map", BOTH, ({ block }, { map = "" }) => {
    if (block.header.split(" ")[1] === map) return failed();
    put(block, "call", { text: `call ${map}`, rank: [`call ${map}`], owners: BOTH });
    return undefined;
  }),
  statement("no call [WORD]", BOTH, ({ block }) => {
    block.lines.delete("call");
    return undefined;
  }),
  statement("on-match next", BOTH, (place) => onMatch(place, undefined)),
  statement("<on-match goto|continue> (1-65535)$to", BOTH, (place, { to = "" }) => onMatch(place, to)),
  statement("no on-match <next|goto>", BOTH, ({ block }) => {
    block.lines.delete("on-match");
    return undefined;
  }),
  statement("no continue [(1-65535)]", BOTH, ({ block }) => {
    block.lines.delete("on-match");
    return undefined;
  }),
];
