/** One command of a configuration mode: how it is typed, who takes it, and what it does to the configuration. */
import { block, type Block, type BlockMode, type Config, type Daemon, type Line, type Rank } from "../config/config.ts";

/** What FRR says and what vtysh exits with, where a line is not taken as typed. */
export class Refusal {
  readonly text: string;
  /** 0: said, and yet no failure for vtysh. */
  readonly code: 0 | 1;
  constructor(text: string, code: 0 | 1 = 1) {
    this.text = text;
    this.code = code;
  }
}

export interface Place {
  readonly config: Config;
  /** The block whose lines are typed. */
  readonly block: Block;
  readonly hasInterface: (name: string) => boolean;
}

export type Args = Readonly<Record<string, string>>;
export type Effect = Refusal | Block | undefined;

export interface Statement {
  readonly syntax: string;
  readonly owners: readonly Daemon[];
  run(place: Place, args: Args, words: readonly string[]): Effect;
}

export type Table = Readonly<Record<BlockMode, readonly Statement[]>>;

export const failed = (description?: string): Refusal =>
  new Refusal(
    [
      "% Configuration failed.",
      "",
      "Error type: validation",
      ...(description === undefined ? [] : [`Error description: ${description}`]),
    ].join("\n"),
  );

export const statement = (syntax: string, owners: readonly Daemon[], run: Statement["run"]): Statement => ({
  syntax,
  owners,
  run,
});

export const put = (at: Block, key: string, line: Line): void => void at.lines.set(key, line);

/** A child block, made where it is not there yet. */
export function childOf(parent: Block, header: string, mode: BlockMode, rank: Rank, owners: readonly Daemon[]): Block {
  const there = parent.blocks.get(header);
  if (there) return there;
  const made = block(mode, header, rank, owners);
  parent.blocks.set(header, made);
  return made;
}

export interface Slot {
  readonly owners: readonly Daemon[];
  readonly rank: Rank | ((args: Args, words: readonly string[]) => Rank);
  /** Where the line goes; the place's own block without it. */
  readonly into?: (place: Place) => Block;
}

const rankOf = (slot: Slot, args: Args, words: readonly string[]): Rank =>
  typeof slot.rank === "function" ? slot.rank(args, words) : slot.rank;

/** On or off. `isOn`: it is on without a line, and only its absence is shown. */
export function flag(syntax: string, slot: Slot, isOn = false): Statement[] {
  const { owners, into = ({ block: own }) => own } = slot;
  const line =
    (shown: boolean): Statement["run"] =>
    (place, args, words) => {
      const at = into(place);
      if (shown) put(at, syntax, { text: `${isOn ? "no " : ""}${syntax}`, rank: rankOf(slot, args, words), owners });
      else at.lines.delete(syntax);
      return undefined;
    };
  return [statement(syntax, owners, line(!isOn)), statement(`no ${syntax}`, owners, line(isOn))];
}

/** One value under one name; `no` takes it with or without the value. `hidden` is the default, which is not shown. */
export function value(
  head: string,
  tail: string,
  slot: Slot & { readonly hidden?: string; readonly show?: (text: string) => string },
): Statement[] {
  const { owners, into = ({ block: own }) => own, hidden, show = (text) => text } = slot;
  return [
    statement(`${head} ${tail}`, owners, (place, args, words) => {
      const text = show(words.join(" "));
      const at = into(place);
      if (text === `${head} ${hidden ?? ""}`) at.lines.delete(head);
      else put(at, head, { text, rank: rankOf(slot, args, words), owners });
      return undefined;
    }),
    statement(`no ${head} [${tail}]`, owners, (place) => {
      into(place).lines.delete(head);
      return undefined;
    }),
  ];
}
