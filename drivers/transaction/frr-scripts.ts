import { tellResult, undoScripts, UNTIL_REBOOT, WAIT_AND_CLAIM } from "./undo-scripts.ts";

/**
 * What runs on a FRR router, as fixed texts for `sudo -n sh -s -- NAME …`. NAME is sixteen hex digits; nothing else is ever put
 * into a script. Everything of one change lives in /run/farhand/undo-NAME: a reboot forgets it, and boots from the frr.conf that
 * nobody has saved over. What the tools really do is measured in test/lab/FACTS.md.
 */
const undo = undoScripts(UNTIL_REBOOT);
export const { STATUS, DISARM, FIRE, CLEAN } = undo;
const { launch } = undo;

/**
 * `lines`: what a configuration says, each line with the header above it, in an order of its own: FRR shows lists and route-maps in the order in which
 * they came to be, so that one which was removed and came back stands elsewhere, and is the same.
 */
const LINES = `lines() { grep -v '^ *!' "$@" | awk '/^[^ ]/ { header = $0 } { print header "|" $0 }' | LC_ALL=C sort; }
`;

const head = `${undo.head}running() { timeout 30 vtysh -c 'show running-config no-header' </dev/null 2>/dev/null; }
${LINES}`;

/** One word per line for each thing that keeps the level away, and whether frr.conf is what runs. Exit 0. */
export const CHECK = `${head}
[ -x /usr/lib/frr/frr-reload.py ] || echo tools
timeout 30 vtysh -c 'show watchfrr' </dev/null 2>/dev/null | grep -E '^ +[a-z0-9]+d? +' | grep -Eq '(Down|Unresponsive|Connecting|Init)' && echo daemon
timeout 30 vtysh -c 'show running-config no-header' </dev/null >/dev/null 2>&1 || echo vtysh
running | grep -qx 'no service integrated-vtysh-config' && echo integrated
grep -qsx 'no service integrated-vtysh-config' /etc/frr/vtysh.conf && echo integrated
${undo.others}file=$({ grep -v '^end$' /etc/frr/frr.conf; echo end; } 2>/dev/null | lines)
[ "$(running | lines)" = "$file" ] && echo saved || echo unsaved
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
const UNDO = `${WAIT_AND_CLAIM}${LINES}rc=1
tries=0
while [ $tries -lt 30 ]; do
  tries=$((tries + 1))
  timeout 120 /usr/lib/frr/frr-reload.py --reload --stdout "$d/snapshot" > "$d/reload.log" 2>&1
  rc=$?
  timeout 30 vtysh -c 'show running-config no-header' < /dev/null > "$d/now" 2>/dev/null
  [ $rc -eq 0 ] && [ "$(lines "$d/now")" = "$(lines "$d/snapshot")" ] && break
  rc=1
  sleep 1
done
cat "$d/frr.conf" > /etc/frr/frr.conf
${tellResult("$rc")}`;

/** Starts the timer of $2 seconds and waits until it says that it runs. Exit 0 only then. */
export const START = `${head}${launch}
cat > "$d/undo" <<'UNDO'
${UNDO}UNDO
: > "$d/armed"
sync "$d/snapshot" "$d/frr.conf" "$d/undo" 2>/dev/null || sync
launch "$1" "$2" || exit 4
${undo.awaitTimer}`;

/** Puts an account's old hash back: $1 the folder, $2 seconds to wait. */
const LOGIN_UNDO = `${WAIT_AND_CLAIM}chpasswd -e < "$d/old"
${tellResult("$?")}`;

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
${undo.awaitTimer}`;
