/**
 * What runs on a FRR router, as fixed texts for `sudo -n sh -s -- NAME …`. NAME is sixteen hex digits; nothing else is ever put
 * into a script. Everything of one change lives in /run/farhand/undo-NAME: a reboot forgets it, and boots from the frr.conf that
 * nobody has saved over. What the tools really do is measured in test/lab/FACTS.md.
 *
 * The one claim is a rename: `armed` becomes `disarmed` (confirm) or `fired` (undo). A rename succeeds once, so that either
 * the confirmation or the undo wins, never both.
 */
const head = `set -u
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
d=/run/farhand/undo-$1
running() { timeout 30 vtysh -c 'show running-config no-header' </dev/null 2>/dev/null; }
alive() { [ -s "$d/pid" ] && tr '\\0' ' ' < "/proc/$(cat "$d/pid")/cmdline" 2>/dev/null | grep -q "undo-$1/undo"; }
`;

/** One word per line for each thing that keeps the level away, and whether frr.conf is what runs. Exit 0. */
export const CHECK = `${head}
[ -x /usr/lib/frr/frr-reload.py ] || echo tools
timeout 30 vtysh -c 'show watchfrr' </dev/null 2>/dev/null | grep -E '^ +[a-z0-9]+d? +' | grep -Eq '(Down|Unresponsive|Connecting|Init)' && echo daemon
timeout 30 vtysh -c 'show running-config no-header' </dev/null >/dev/null 2>&1 || echo vtysh
running | grep -qx 'no service integrated-vtysh-config' && echo integrated
grep -qsx 'no service integrated-vtysh-config' /etc/frr/vtysh.conf && echo integrated
for other in /run/farhand/undo-*/armed; do [ -e "$other" ] && echo pending; done
file=$({ grep -v '^end$' /etc/frr/frr.conf; echo end; } 2>/dev/null | grep -v '^!')
[ "$(running | grep -v '^!')" = "$file" ] && echo saved || echo unsaved
exit 0
`;

/** Takes the snapshot and shows it. Exit 3: the name is used. */
export const PREPARE = `${head}
mkdir -p /run/farhand
mkdir "$d" || exit 3
running > "$d/snapshot" || exit 4
cp -p /etc/frr/frr.conf "$d/frr.conf" || exit 5
cat "$d/snapshot"
`;

/** The undo itself, written on the device: waits, claims, restores until running equals the snapshot, puts frr.conf back. */
const UNDO = `#!/bin/sh
d=$1
trap : USR1
echo $$ > "$d/pid"
sleep "$2" & wait $!
kill $! 2>/dev/null
mv "$d/armed" "$d/fired" || exit 0
rc=1
tries=0
while [ $tries -lt 30 ]; do
  tries=$((tries + 1))
  timeout 120 /usr/lib/frr/frr-reload.py --reload --stdout "$d/snapshot" > "$d/reload.log" 2>&1
  rc=$?
  timeout 30 vtysh -c 'show running-config no-header' < /dev/null > "$d/now" 2>/dev/null
  [ $rc -eq 0 ] && cmp -s "$d/now" "$d/snapshot" && break
  rc=1
  sleep 1
done
cat "$d/frr.conf" > /etc/frr/frr.conf
echo "$rc" > "$d/result.new" && mv "$d/result.new" "$d/result"
`;

const launch = `launch() {
  if [ -d /run/systemd/system ]; then
    systemd-run --quiet --collect --unit "farhand-undo-$1-$$" /bin/sh "$d/undo" "$d" "$2" </dev/null >/dev/null 2>&1
  else
    setsid -f sh "$d/undo" "$d" "$2" < /dev/null > "$d/log" 2>&1
  fi
}
`;

/** Starts the timer of $2 seconds and waits until it says that it runs. Exit 0 only then. */
export const START = `${head}${launch}
cat > "$d/undo" <<'UNDO'
${UNDO}UNDO
: > "$d/armed"
sync "$d/snapshot" "$d/frr.conf" "$d/undo" 2>/dev/null || sync
launch "$1" "$2" || exit 4
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do alive "$1" && exit 0; sleep 0.1; done
exit 5
`;

/** Puts an account's old hash back: $1 the folder, $2 seconds to wait. */
const LOGIN_UNDO = `#!/bin/sh
d=$1
trap : USR1
echo $$ > "$d/pid"
sleep "$2" & wait $!
kill $! 2>/dev/null
mv "$d/armed" "$d/fired" || exit 0
chpasswd -e < "$d/old"
echo "$?" > "$d/result.new" && mv "$d/result.new" "$d/result"
`;

/** Remembers the hash of account $3 and starts the timer of $2 seconds that puts it back. The rest of its life is that of any undo. */
export const LOGIN_START = `${head}${launch}
mkdir -p /run/farhand
mkdir "$d" || exit 3
getent shadow "$3" | cut -d: -f1,2 > "$d/old"
[ -s "$d/old" ] || exit 4
cat > "$d/undo" <<'UNDO'
${LOGIN_UNDO}UNDO
: > "$d/armed"
sync "$d/old" "$d/undo" 2>/dev/null || sync
launch "$1" "$2" || exit 5
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do alive "$1" && exit 0; sleep 0.1; done
exit 6
`;

/** One word: armed, dead (armed, but nothing waits), firing, done, failed, disarmed, other, none. */
export const STATUS = `${head}
if [ -e "$d/result" ]; then [ "$(cat "$d/result")" = 0 ] && echo done || echo failed
elif [ -e "$d/fired" ]; then echo firing
elif [ -e "$d/disarmed" ]; then echo disarmed
elif [ -e "$d/armed" ]; then alive "$1" && echo armed || echo dead
else
  for other in /run/farhand/undo-*/armed; do [ -e "$other" ] && echo other && exit 0; done
  echo none
fi
`;

/** Keeps the change. Exit 0, also when it was kept before; exit 3: the undo has won. */
export const DISARM = `${head}
[ -e "$d/disarmed" ] && exit 0
mv "$d/armed" "$d/disarmed" 2>/dev/null || exit 3
alive "$1" && kill -- "-$(cat "$d/pid")" 2>/dev/null
exit 0
`;

/** Undoes now, detached, and waits at most $2 seconds for its end. Exit 0: undone. 3: was kept. 4: not yet. 5: it failed. */
export const FIRE = `${head}${launch}
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
`;

/** Forgets a change that is over. Never one that is armed or firing. */
export const CLEAN = `${head}
[ -e "$d/armed" ] && exit 3
[ -e "$d/fired" ] && [ ! -e "$d/result" ] && exit 3
rm -rf "$d"
`;
