import { jcs, utf8 } from "../shared/bytes.ts";
import { FarhandError } from "../shared/errors.ts";
import type { TransportName } from "../shared/documents/inventory.ts";
import type { Cell, ReadDriver, ReadSession } from "./read.ts";
import type { Driver, OpenOptions, RunOptions, Session } from "./types.ts";

const ROWS_MAX = 1_000_000;
const REFUSED = "is only read, over SNMP: it takes no text and shows no configuration";

const refused = (): never => {
  throw new FarhandError("TEXT_REFUSED", `the device ${REFUSED}`);
};

/**
 * What can only be read, through the seam that jobs take: `check` tells its facts, and `run` takes the names of its tables as commands
 * and gives each row as a line of JSON. Every step of a change is refused before anything is sent.
 */
export function readOnlyDriver(reads: ReadDriver, transport: TransportName): Driver {
  return {
    platform: reads.platform,
    transport,
    digest: reads.digest,
    evidence: reads.evidence,
    isRead: (command) => reads.reads.includes(command),
    isDestructive: () => true,
    predict: refused,
    diff: refused,
    sameDiff: refused,
    publicForm: refused,
    notRestorable: () => REFUSED,
    hostKeys: async () => {
      throw new FarhandError("READ_NOT_ALLOWED", "SNMP shows no host key");
    },
    open: async (options) => readOnlySession(await reads.open(options), options),
  };
}

function readOnlySession(session: ReadSession, options: OpenOptions): Session {
  const refuse = async (): Promise<never> => refused();
  const hide = hider(options);
  return {
    facts: () => session.facts(),
    run: (command, how) => run(session, command, how, hide),
    readiness: async () => ({
      level: "E",
      undoCost: { kind: "in-place" },
      blockers: [{ code: "READS_ONLY", detail: `the device ${REFUSED}` }],
      pendingByOther: false,
      unsaved: null,
      warnings: session.findings,
    }),
    running: refuse,
    begin: refuse,
    arm: refuse,
    apply: refuse,
    pending: refuse,
    confirm: refuse,
    revert: refuse,
    save: refuse,
    cleanup: refuse,
    close: () => session.close(),
  };
}

async function run(
  session: ReadSession,
  command: string,
  { outputBytesMax, sink }: RunOptions,
  hide: (cell: Cell) => Cell,
): Promise<string> {
  let bytes = 0;
  let whole = "";
  await session.read(command, {
    rowsMax: ROWS_MAX,
    // Of what the device sends; the lines have a bound of their own.
    bytesMax: Math.max(1, outputBytesMax),
    sink: async (rows) => {
      const text = rows
        .map(({ index, cells }) => {
          const shown = Object.entries(cells).map(([name, cell]) => [name, hide(cell)] as const);
          return `${new TextDecoder().decode(jcs({ index, ...Object.fromEntries(shown) }))}\n`;
        })
        .join("");
      bytes += utf8(text).length;
      if (bytes > outputBytesMax) throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${outputBytesMax} bytes`);
      if (sink) await sink(text);
      else whole += text;
    },
  });
  return whole;
}

/** A device's text may repeat what is known here to be secret: a description, say. In one pass, so that no mark is read again. */
function hider({ secrets, tagger, target }: OpenOptions): (cell: Cell) => Cell {
  const known = secrets.filter((secret) => secret !== "").toSorted((a, b) => b.length - a.length);
  if (known.length === 0) return (cell) => cell;
  const any = new RegExp(known.map((secret) => RegExp.escape(secret)).join("|"), "gv");
  return (cell) =>
    typeof cell === "string" ? cell.replace(any, (secret) => `‹secret:${tagger.tag(target.id, secret)}›`) : cell;
}
