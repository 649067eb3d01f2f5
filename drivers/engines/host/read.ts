import { sha256 } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import {
  byPath,
  type Foreign,
  type HostFile,
  MODE,
  OWNER,
  PATH,
  printHost,
  SERVICE,
  type Service,
} from "../../model/files/host.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** What a file of text does not hold; a tab and a line feed it does. */
const NO_TEXT = /[\p{Cc}--[\t\n]]/v;

const broken = (why: string): never => {
  throw new FarhandError("INCOMPLETE_OUTPUT", why);
};

/** What `readScript` said, as the text of a host. INCOMPLETE_OUTPUT where its last line is missing, OUTPUT_TOO_LARGE beyond the caps. */
export function hostFrom(output: string): string {
  const rows = output.split("\n");
  const at = rows.indexOf("host 1");
  if (at < 0) broken("the host did not answer the question");
  const files = new Map<string, HostFile>();
  const foreign = new Map<string, Foreign>();
  const services = new Map<string, Service>();
  let counted: number | undefined;
  let count = 0;
  for (let row = at + 1; row < rows.length; row++) {
    const line = rows[row] ?? "";
    if (line === "") continue;
    if (counted !== undefined) broken("words behind the end");
    const words = line.split(" ");
    const [kind = "", name = ""] = words;
    switch (kind) {
      case "file": {
        count++;
        const end = rows.indexOf(".", row);
        if (end < 0) broken(`${name.slice(0, 200)} is cut off`);
        const one = fileFrom(words, Buffer.from(rows.slice(row + 1, end).join(""), "base64"));
        if (one.kind === "file") files.set(one.path, one);
        else foreign.set(one.path, one);
        row = end;
        break;
      }
      case "large": {
        count++;
        const { path, mode, owner, size } = aboutOf(words);
        foreign.set(path, {
          kind: "foreign",
          path,
          line: `large ${path} ${mode} ${owner} ${size} sha256:${digestIn(words)}`,
        });
        break;
      }
      case "link": {
        const target = encodeURI(
          Buffer.from(words[2] ?? "", "base64")
            .toString("utf8")
            .toWellFormed(),
        ).slice(0, 1024);
        foreign.set(pathIn(name), { kind: "foreign", path: name, line: `link ${name} ${target}` });
        break;
      }
      case "special":
      case "odd-names":
        foreign.set(pathIn(name), { kind: "foreign", path: name, line: `${kind} ${name}` });
        break;
      case "service":
        services.set(name, serviceFrom(words));
        break;
      case "too":
        throw new FarhandError("OUTPUT_TOO_LARGE", `${line.slice(0, 40)} for one configuration`);
      case "end":
        counted = Number(name);
        break;
      default:
        broken("a line that is none of the answer");
    }
  }
  if (counted !== count) broken("no end marker");
  return printHost({
    files: new Map([...files.values()].toSorted(byPath).map((file) => [file.path, file])),
    foreign,
    services,
  });
}

function pathIn(word: string): string {
  return PATH.test(word) ? word : broken("a path of odd characters");
}

const digestIn = (words: readonly string[]): string => {
  const digest = words.at(-1) ?? "";
  return /^[0-9a-f]{64}$/v.test(digest) ? digest : broken("a digest");
};

interface About {
  readonly path: string;
  readonly mode: string;
  readonly owner: string;
  readonly size: number;
}

/** `KIND PATH MODE USER GROUP UID GID SIZE …`; an owner without a name is its number. */
function aboutOf([
  ,
  path = "",
  bits = "",
  user = "",
  group = "",
  uid = "",
  gid = "",
  size = "",
]: readonly string[]): About {
  const mode = bits.padStart(4, "0");
  const named = (name: string, id: string): string => (name === "UNKNOWN" ? id : name);
  const owner = `${named(user, uid)}:${named(group, gid)}`;
  if (!/^[0-7]{4}$/v.test(mode) || !OWNER.test(owner) || !/^\d{1,15}$/v.test(size)) broken("what stat says");
  return { path: pathIn(path), mode, owner, size: Number(size) };
}

function fileFrom(words: readonly string[], bytes: Buffer): HostFile | Foreign {
  const { path, mode, owner, size } = aboutOf(words);
  if (bytes.length !== size) broken(`${path} changed while it was read`);
  const text = decoded(bytes);
  // A mode with setuid or sticky bits is nothing that an author may write: seen only.
  if (text === undefined || !MODE.test(mode)) {
    const digest = sha256(bytes);
    return { kind: "foreign", path, line: `binary ${path} ${mode} ${owner} sha256:${digest}` };
  }
  const lines = text.split("\n");
  const ended = lines.at(-1) === "";
  if (ended) lines.pop();
  return { kind: "file", path, mode, owner, lines: size === 0 ? [] : lines, ended: size === 0 || ended };
}

function decoded(bytes: Buffer): string | undefined {
  try {
    const text = strict.decode(bytes);
    return NO_TEXT.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function serviceFrom([, name = "", enabled = "", active = ""]: readonly string[]): Service {
  if (!SERVICE.test(name) || !/^[a-z\-]{1,30}$/v.test(enabled) || !/^(?:active|inactive|failed)$/v.test(active))
    broken("what is said of a service");
  return { name, enabled, active };
}
