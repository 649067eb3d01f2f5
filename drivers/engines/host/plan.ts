import { FarhandError } from "../../../shared/errors.ts";
import { MODE, OWNER, PATH, SERVICE, UNENDED } from "../../model/files/host.ts";

/** What `STAGE` is told: the plan, line by line, and the contents of the files that it numbers. */
export interface HostPlan {
  readonly lines: readonly string[];
  readonly contents: readonly string[];
}

const WORDS = /^[A-Za-z0-9][A-Za-z0-9._@+:=\/\- ]*$/v;

/** The signed commands as words for the host. Whatever does not fit their alphabet is refused: INTERNAL, since `predict` made them. */
export function planOf(commands: readonly string[], isSysctl: (path: string) => boolean): HostPlan {
  const lines: string[] = [];
  const contents: string[] = [];
  let number = 0;
  const next = (path: string): number => {
    number++;
    if (isSysctl(path)) lines.push(`keys ${number}`);
    return number;
  };
  for (const command of commands) {
    const [head = "", ...rows] = command.split("\n");
    const words = head.split(" ");
    const [kind = "", first = "", second = "", third = ""] = words;
    const rest = words.slice(1).join(" ");
    switch (kind) {
      case "file":
        must(words.length === 4 && PATH.test(first) && MODE.test(second) && OWNER.test(third), head);
        lines.push(`put ${next(first)} ${second} ${third} ${first}`);
        contents[number - 1] = contentIn(rows, head);
        break;
      case "no":
        must(words.length === 3 && first === "file" && PATH.test(second) && rows.length === 0, head);
        lines.push(`del ${next(second)} - - ${second}`);
        break;
      case "test": {
        const [run = "", folder] = rest.split(" with ");
        must(WORDS.test(run) && (folder === undefined || PATH.test(folder)), head);
        if (folder !== undefined) lines.push(`folder ${folder}`);
        lines.push(`test ${run}`);
        break;
      }
      case "run":
        must(WORDS.test(rest), head);
        lines.push(`run ${rest}`);
        break;
      case "sysctl":
        lines.push("sysctl -");
        break;
      case "reload":
      case "restart":
        must(words.length === 2 && SERVICE.test(first), head);
        lines.push(`${kind} ${first}`);
        break;
      case "service":
        must(
          words.length === 4 && SERVICE.test(first) && [second, third].every((word) => /^[a-z\-]+$/v.test(word)),
          head,
        );
        lines.push(`service ${first} ${second} ${third}`);
        break;
      default:
        must(false, head);
    }
  }
  return { lines, contents };
}

function contentIn(rows: readonly string[], head: string): string {
  const ended = rows.at(-1) !== UNENDED;
  const texts = (ended ? rows : rows.slice(0, -1)).map((row) => {
    must(row.startsWith(" |"), head);
    return row.slice(2);
  });
  return texts.length === 0 ? "" : texts.join("\n") + (ended ? "\n" : "");
}

function must(holds: boolean, head: string): asserts holds {
  if (!holds) throw new FarhandError("INTERNAL", `a command that cannot be told to a host: ${head.slice(0, 100)}`);
}

/** As a script's text: base64 between marks that base64 cannot hold. */
export function payload({ lines, contents }: HostPlan): string {
  const wrapped = (text: string): string =>
    (
      Buffer.from(text, "utf8")
        .toString("base64")
        .match(/.{1,76}/gv) ?? []
    ).join("\n");
  const files = contents.map(
    (text, at) => `base64 -d > "$d/new/${at + 1}" <<'CONTENT_END' || exit 4\n${wrapped(text)}\nCONTENT_END\n`,
  );
  return `${files.join("")}base64 -d > "$d/plan" <<'PLAN_END' || exit 4\n${wrapped(lines.map((line) => `${line}\n`).join(""))}\nPLAN_END\n`;
}
