/** The programs that judge a host's files before they are in force: `sshd -t`, `visudo -c`, `chronyd -p`, in the words of OpenSSH, sudo and chrony. */
import type { Call } from "../host/calls.ts";

/** A file or a folder as the program that asks sees it: it may be in a mount namespace of its own. */
export interface View {
  read(path: string): string | undefined;
  /** Paths that a pattern with one `*` in its last part leads to, sorted. */
  list(pattern: string): readonly string[];
}

/** sshd_config(5), OpenSSH 9.2. */
const SSHD_KEYWORDS = new Set(
  "acceptenv addressfamily allowagentforwarding allowgroups allowstreamlocalforwarding allowtcpforwarding allowusers authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile authorizedprincipalscommand authorizedprincipalscommanduser authorizedprincipalsfile banner casignaturealgorithms channeltimeout chrootdirectory ciphers clientalivecountmax clientaliveinterval compression debianbanner denygroups denyusers disableforwarding exposeauthinfo fingerprinthash forcecommand gatewayports gssapiauthentication gssapicleanupcredentials gssapistrictacceptorcheck hostbasedacceptedalgorithms hostbasedauthentication hostbasedusesnamefrompacketonly hostcertificate hostkey hostkeyagent hostkeyalgorithms ignorerhosts ignoreuserknownhosts include ipqos kbdinteractiveauthentication kerberosauthentication kerberosgetafstoken kerberosorlocalpasswd kerberosticketcleanup kexalgorithms listenaddress logingracetime loglevel logverbose macs match maxauthtries maxsessions maxstartups modulifile passwordauthentication permitemptypasswords permitlisten permitopen permitrootlogin permittty permittunnel permituserenvironment permituserrc persourcemaxstartups persourcenetblocksize pidfile port printlastlog printmotd pubkeyacceptedalgorithms pubkeyauthoptions pubkeyauthentication rekeylimit requiredrsasize revokedkeys securitykeyprovider setenv streamlocalbindmask streamlocalbindunlink strictmodes subsystem syslogfacility tcpkeepalive trustedusercakeys unusedconnectiontimeout usedns usepam versionaddendum x11displayoffset x11forwarding x11uselocalhost xauthlocation".split(
    " ",
  ),
);
const NUMBERS = new Set("clientalivecountmax maxauthtries maxsessions port x11displayoffset".split(" "));
const YES_NO = new Set(
  "passwordauthentication permitemptypasswords pubkeyauthentication kbdinteractiveauthentication usepam usedns printmotd printlastlog strictmodes x11forwarding tcpkeepalive ignorerhosts permittty".split(
    " ",
  ),
);
/** Words of several lines are one list; of all else the first counts. */
const LISTS = new Set("allowusers denyusers allowgroups denygroups acceptenv".split(" "));
const SSHD_CONFIG = "/etc/ssh/sshd_config";

export interface SshdConfig {
  readonly values: ReadonlyMap<string, string>;
  readonly errors: readonly string[];
}

/** What counts for everybody: blocks of `Match` are read and judged, and bind nobody here. */
export function readSshd(view: View): SshdConfig {
  const values = new Map<string, string>();
  const errors: string[] = [];
  const take = (path: string, depth: number): void => {
    const text = view.read(path);
    if (text === undefined) {
      if (depth === 0) errors.push(`${path}: No such file or directory`);
      return;
    }
    let matching = false;
    for (const [at, line] of text.split("\n").entries()) {
      const [, word = "", rest = ""] = /^\s*([^\s#=]+)\s*=?\s*(.*?)\s*$/.exec(line) ?? [];
      if (word === "") continue;
      const key = word.toLowerCase();
      const where = `${path}: line ${at + 1}`;
      if (!SSHD_KEYWORDS.has(key)) errors.push(`${where}: Bad configuration option: ${word}`);
      else if (rest === "") errors.push(`${where}: missing argument.`);
      else if (NUMBERS.has(key) && !/^\d+$/.test(rest)) errors.push(`${where}: integer value ${rest}.`);
      else if (YES_NO.has(key) && !/^(?:yes|no)$/i.test(rest)) errors.push(`${where}: unsupported option "${rest}".`);
      else if (key === "include") {
        if (depth < 16)
          for (const one of view.list(rest.startsWith("/") ? rest : `/etc/ssh/${rest}`)) take(one, depth + 1);
      } else if (key === "match") matching = true;
      else if (matching) continue;
      else if (LISTS.has(key)) values.set(key, [values.get(key), rest].filter(Boolean).join(" "));
      else if (!values.has(key)) values.set(key, rest);
    }
  };
  take(SSHD_CONFIG, 0);
  return { values, errors };
}

const SSHD_DEFAULTS: Readonly<Record<string, string>> = {
  port: "22",
  maxauthtries: "6",
  maxsessions: "10",
  permitrootlogin: "prohibit-password",
  passwordauthentication: "yes",
  pubkeyauthentication: "yes",
  logingracetime: "120",
};

export function sshd({ argv, out, err }: Pick<Call, "argv" | "out" | "err">, view: View): number {
  if (!argv.includes("-t") && !argv.includes("-T")) {
    err("sshd: only -t and -T are simulated\n");
    return 1;
  }
  const { values, errors } = readSshd(view);
  if (errors.length > 0) {
    const counted = errors.filter((error) => error.includes("Bad configuration option")).length;
    err(errors.map((error) => `${error}\n`).join(""));
    if (counted > 0) err(`${SSHD_CONFIG}: terminating, ${counted} bad configuration options\n`);
    return 255;
  }
  const shown = new Map([...Object.entries(SSHD_DEFAULTS), ...values]);
  if (argv.includes("-T")) out([...shown].map(([key, value]) => `${key} ${value}\n`).join(""));
  return 0;
}

/** A user's line, an alias, a default, a comment, an include. */
const SUDOERS =
  /^(?:\s*(?:#.*)?|[@#]include(?:dir)?\s+\S+|Defaults\S*\s.+|(?:User|Runas|Host|Cmnd)_Alias\s+[A-Z][A-Z0-9_]*\s*=\s*\S.*|[%+\w.@-]+\s+[\w.,!-]+\s*=\s*(?:\([\w%:,\s-]*\)\s*)?(?:[A-Z_]+:\s*)*[^()\s][^()]*)$/;

export function visudo({ argv, out, err }: Pick<Call, "argv" | "out" | "err">, view: View): number {
  if (!argv.includes("-c")) {
    err("visudo: only -c is simulated\n");
    return 1;
  }
  const paths = ["/etc/sudoers", ...view.list("/etc/sudoers.d/*")];
  for (const path of paths) {
    const lines = (view.read(path) ?? "").split("\n");
    const at = lines.findIndex((line) => !SUDOERS.test(line));
    if (at < 0) continue;
    const line = lines[at] ?? "";
    // In a list that is not closed, what stands where a comma or the end of it should be.
    const before = /^(.*\([^()\s]+\s+)\S/.exec(line)?.[1]?.length ?? Math.max(0, line.search(/\S+\s*$/));
    const word = /^\S*/.exec(line.slice(before))?.[0] ?? "";
    err(
      `${path}:${at + 1}:${before + 1}: syntax error\n${line}\n${" ".repeat(before)}^${"~".repeat(Math.max(0, word.length - 1))}\n`,
    );
    return 1;
  }
  for (const path of paths) out(`${path}: parsed OK\n`);
  return 0;
}

/** chrony.conf(5), 4.3. */
const CHRONY = new Set(
  "acquisitionport allow authselectmode bindacqaddress bindacqdevice bindaddress bindcmdaddress bindcmddevice binddevice broadcast clientloglimit clockprecision cmdallow cmddeny cmdport cmdratelimit combinelimit confdir corrtimeratio deny driftfile dscp dumpdir dumponexit fallbackdrift hwclockfile hwtimestamp include initstepslew keyfile leapsecmode leapsectz local lock_all log logbanner logchange logdir mailonchange makestep manual maxchange maxclockerror maxdistance maxdrift maxjitter maxntsconnections maxsamples maxslewrate maxupdateskew minsamples minsources nocerttimecheck noclientlog nosystemcert ntpsigndsocket ntsaeads ntscachedir ntsdumpdir ntsntpserver ntsport ntsprocesses ntsratelimit ntsrefresh ntsrotate ntsservercert ntsserverkey ntstrustedcerts peer pidfile pool port ptpport ratelimit refclock refresh reselectdist rtcautotrim rtcdevice rtcfile rtconutc rtcsync sched_priority server smoothtime sourcedir stratumweight tempcomp user".split(
    " ",
  ),
);

export function chronyd({ argv, out, err }: Pick<Call, "argv" | "out" | "err">, view: View): number {
  const first = argv[argv.indexOf("-f") + 1] ?? "/etc/chrony/chrony.conf";
  const take = (path: string, depth: number): string | undefined => {
    const text = view.read(path);
    if (text === undefined) return `Could not open configuration file ${path} : No such file or directory`;
    for (const [at, line] of text.split("\n").entries()) {
      const [word = "", argument = ""] = line.trim().split(/\s+/);
      if (word === "" || /^[#%!;]/.test(word)) continue;
      if (!CHRONY.has(word)) return `Invalid directive at line ${at + 1} in file ${path}`;
      if (["server", "pool", "peer", "confdir", "include"].includes(word) && argument === "")
        return `Missing arguments for ${word} directive at line ${at + 1} in file ${path}`;
      if (argv.includes("-p")) out(`${line.trim()}\n`);
      if (depth > 8) continue;
      const more = word === "confdir" ? view.list(`${argument}/*.conf`) : word === "include" ? view.list(argument) : [];
      for (const one of more) {
        const wrong = take(one, depth + 1);
        if (wrong !== undefined) return wrong;
      }
    }
    return undefined;
  };
  const wrong = take(first, 0);
  if (wrong !== undefined) err(`Fatal error : ${wrong}\n`);
  return wrong === undefined ? 0 : 1;
}
