import { jcs, sha256 } from "../../../shared/bytes.ts";
import { withState } from "../../model/state/packs.ts";
import { compileHostLanguage, ruleFor } from "../../model/files/language.ts";
import type { HostPlatformFile } from "../../model/files/schema.ts";
import { pureOf, secretsOf, type DeviceText } from "../../text.ts";
import { linuxLogin } from "../../transaction/linux-login.ts";
import type { Driver, OpenOptions } from "../../types.ts";
import type { SshConnection } from "../ssh/client.ts";
import { connectSshVia, readHostKeys } from "../ssh/via.ts";
import { HostSession } from "./session.ts";
import { HostShell } from "./shell.ts";
import { HostTransaction } from "./transaction.ts";

interface Parts {
  readonly file: HostPlatformFile;
  readonly model: DeviceText;
  readonly readOf: (command: string) => { readonly root: boolean } | undefined;
  readonly isSysctl: (path: string) => boolean;
}

/** OpenSSH's exec channels plus a platform file of files and services. */
export function hostDriver(file: HostPlatformFile, model: DeviceText): Driver {
  const language = compileHostLanguage(file);
  const reads = file.reads.map(({ words, root }) => ({ pattern: new RegExp(`^(?:${words})$`, "v"), root }));
  // Words and single blanks, and nothing that a shell would act on, whatever a pattern says.
  const readOf: Parts["readOf"] = (command) =>
    /^[A-Za-z0-9._@+:=,%\/ \-]{1,1000}$/v.test(command) && !/^ | $|  /v.test(command)
      ? reads.find(({ pattern }) => pattern.test(command))
      : undefined;
  const parts: Parts = { file, model, readOf, isSysctl: (path) => ruleFor(language, path)?.sysctl === true };
  return {
    platform: file.id,
    transport: "cli",
    digest: sha256(jcs(withState(file))),
    evidence: file.evidence,
    isRead: (command) => readOf(command) !== undefined,
    ...pureOf(model),
    hostKeys: ({ via = [], ...options }) => readHostKeys(via, options),
    open: (options) => open(parts, options),
  };
}

async function open(parts: Parts, o: OpenOptions): Promise<HostSession> {
  const { target, credential, clock, signal, connectMs, via = [], guard = (login) => login() } = o;
  const redactor = () => parts.model.lineRedactor(target.id, o.tagger, secretsOf(o));
  const options = { target, credential, clock, signal, connectMs, redact: redactor() };
  const connection = await connectSshVia(via, options, (connect) => guard(connect));
  return sessionOn(parts, o, connection, redactor);
}

function sessionOn(
  { file, model, readOf, isSysctl }: Parts,
  o: OpenOptions,
  connection: SshConnection,
  redactor: () => (line: string) => string,
): HostSession {
  const { signal, commandMs, transcript } = o;
  const shell = new HostShell({ connection, signal, commandMs, transcript, redact: redactor() });
  return new HostSession({
    file,
    shell,
    serialExpected: o.target.serial !== null,
    transaction: new HostTransaction({ shell, timer: file.host.timer, commandMs, isSysctl }),
    login: file.loginChange && linuxLogin(file, connection, o),
    readOf,
    configuration: (raw) => model.configuration(o.target.id, raw, o.tagger),
    told: async (direction, text) => {
      const hide = redactor();
      // What works on a terminal has no place in an answer.
      const safe = text
        .replaceAll(/\r?\n/gv, "\n")
        .replaceAll(/[\p{Cc}--[\t\n]]/gv, "·")
        .split("\n")
        .map((line) => hide(line))
        .join("\n");
      await transcript.write(direction, safe);
      return safe;
    },
  });
}
