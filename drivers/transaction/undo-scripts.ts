/**
 * The life of an undo on a host, as fixed texts for `sudo -n sh -s -- NAME …`. NAME is sixteen hex digits; nothing else of ours is ever
 * put into a script. Everything of one change lives in FOLDER/undo-NAME; what is to be undone, and how, is the caller's.
 *
 * The one claim is a rename: `armed` becomes `disarmed` (confirm) or `fired` (undo). A rename succeeds once, so that either
 * the confirmation or the undo wins, never both. The timer is a process of its own, which outlives the session and the agent.
 */

/** Forgotten by a reboot; right where a reboot itself comes up as before the change. */
export const UNTIL_REBOOT = "/run/farhand";
/** Outlives a reboot; `Boot` is then what lets the undo go on. */
export const ACROSS_REBOOTS = "/var/lib/farhand";

export interface UndoScripts {
  /** `$d` is the folder of the change; `alive NAME` tells whether its timer waits. */
  readonly head: string;
  /** Words on standard output: `pending` for each armed undo of anybody. */
  readonly others: string;
  /** Defines `launch NAME SECONDS`. */
  readonly launch: string;
  /** Waits at most two seconds for the timer to say that it runs, and exits: 0, or 6. */
  readonly awaitTimer: string;
  /** One word: armed, dead (armed, but nothing waits), firing, done, failed, disarmed, other, none. */
  readonly STATUS: string;
  /** Keeps the change. Exit 0, also when it was kept before; exit 3: the undo has won. */
  readonly DISARM: string;
  /** Undoes now, detached, and waits at most $2 seconds for its end. Exit 0: undone. 3: was kept. 4: not yet. 5: it failed. */
  readonly FIRE: string;
  /** Forgets a change that is over. Never one that is armed or firing; exit 3. */
  readonly CLEAN: string;
}

/** What makes an undo go on after a reboot: shell functions `boot_on NAME` and `boot_off NAME`. */
export interface Boot {
  readonly functions: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The beginning of an undo's own script ($1: its folder, $2: seconds, $3: set at a boot): waits, and claims or ends. */
export const WAIT_AND_CLAIM = `#!/bin/sh
d=$1
trap : USR1
echo $$ > "$d/pid"
sleep "$2" & wait $!
kill $! 2>/dev/null
mv "$d/armed" "$d/fired" 2>/dev/null || { [ -n "\${3:-}" ] && [ -e "$d/fired" ] && [ ! -e "$d/result" ]; } || exit 0
`;

/** Its end: how it went, in one step. */
export const tellResult = (variable: string): string =>
  `echo "${variable}" > "$d/result.new" && mv "$d/result.new" "$d/result"\n`;

export function undoScripts(folder: string, boot?: Boot): UndoScripts {
  const off = boot ? 'boot_off "$1"\n' : "";
  const head = `set -u
umask 077
PATH=${PATH}
export PATH
d=${folder}/undo-$1
alive() { [ -s "$d/pid" ] && tr '\\0' ' ' < "/proc/$(cat "$d/pid")/cmdline" 2>/dev/null | grep -q "undo-$1/undo"; }
${boot?.functions ?? ""}`;
  const anybody = `for other in ${UNTIL_REBOOT}/undo-*/armed ${ACROSS_REBOOTS}/undo-*/armed; do`;
  const launch = `launch() {
  if [ -d /run/systemd/system ]; then
    systemd-run --quiet --collect --unit "farhand-undo-$1-$$" /bin/sh "$d/undo" "$d" "$2" </dev/null >/dev/null 2>&1
  else
    setsid -f sh "$d/undo" "$d" "$2" < /dev/null > "$d/log" 2>&1
  fi
}
`;
  return {
    head,
    others: `${anybody} [ -e "$other" ] && echo pending; done\n`,
    launch,
    awaitTimer: `for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do alive "$1" && exit 0; sleep 0.1; done
exit 6
`,
    STATUS: `${head}
if [ -e "$d/result" ]; then [ "$(cat "$d/result")" = 0 ] && echo done || echo failed
elif [ -e "$d/fired" ]; then echo firing
elif [ -e "$d/disarmed" ]; then echo disarmed
elif [ -e "$d/armed" ]; then alive "$1" && echo armed || echo dead
else
  ${anybody} [ -e "$other" ] && echo other && exit 0; done
  echo none
fi
`,
    DISARM: `${head}
[ -e "$d/disarmed" ] && exit 0
mv "$d/armed" "$d/disarmed" 2>/dev/null || exit 3
sync "$d" 2>/dev/null || sync
${off}alive "$1" && kill -- "-$(cat "$d/pid")" 2>/dev/null
exit 0
`,
    FIRE: `${head}${launch}
[ -e "$d/armed" ] && ! alive "$1" && launch "$1" 0
[ -e "$d/disarmed" ] && exit 3
[ -d "$d" ] || exit 0
left=$(($2 * 5))
while [ ! -e "$d/result" ] && [ $left -gt 0 ]; do
  # Again and again: a signal that comes before the wait is only a signal.
  [ -e "$d/armed" ] && alive "$1" && kill -USR1 "$(cat "$d/pid")" 2>/dev/null
  left=$((left - 1))
  sleep 0.2
done
[ -e "$d/disarmed" ] && exit 3
[ -e "$d/result" ] || exit 4
[ "$(cat "$d/result")" = 0 ] || exit 5
`,
    CLEAN: `${head}
[ -e "$d/armed" ] && exit 3
[ -e "$d/fired" ] && [ ! -e "$d/result" ] && exit 3
${off}rm -rf "$d"
`,
  };
}
