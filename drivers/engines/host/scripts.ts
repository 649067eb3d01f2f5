import { ACROSS_REBOOTS, tellResult, undoScripts, WAIT_AND_CLAIM } from "../../transaction/undo-scripts.ts";
import type { HostPlatformFile } from "../../model/files/schema.ts";

/**
 * What runs on a host, as fixed texts for `sudo -n sh -s -- NAME …`: POSIX sh, coreutils and util-linux. What a change holds comes in as
 * base64 and as words of a tight alphabet (`plan.ts`), is read by `read`, and never becomes text of a script.
 *
 * A file is in force as soon as it is written, and a reboot reads it: so the snapshot lies where a reboot leaves it, and what boots
 * goes on with the undo: a unit of systemd before the network is up, or else cron's `@reboot`.
 */

/** Names of the managed folders hold no such file but ours: `READ` does not show it. */
const boot = {
  functions: `boot_unit=/etc/systemd/system/farhand-undo-$1.service
boot_want=/etc/systemd/system/sysinit.target.wants/farhand-undo-$1.service
boot_cron=/etc/cron.d/farhand-undo-$1
boot_on() {
  if [ -d /run/systemd/system ]; then
    printf '%s\\n' '[Unit]' 'Description=Takes back a change that nobody has confirmed (Farhand)' 'DefaultDependencies=no' \\
      'After=local-fs.target' 'Before=network-pre.target sysinit.target' '[Service]' 'Type=oneshot' \\
      "ExecStart=/bin/sh $d/undo $d 0 boot" > "$boot_unit"
    chmod 644 "$boot_unit"
    mkdir -p "\${boot_want%/*}" && ln -sf "$boot_unit" "$boot_want" && sync "$boot_unit" "\${boot_want%/*}"
  elif [ -d /etc/cron.d ]; then
    echo "@reboot root /bin/sh $d/undo $d 0 late" > "$boot_cron"
    chmod 644 "$boot_cron"
    sync "$boot_cron" /etc/cron.d
  fi
}
boot_off() { rm -f "$boot_unit" "$boot_want" "$boot_cron"; }
`,
};

const undo = undoScripts(ACROSS_REBOOTS, boot);
export const { STATUS, DISARM, FIRE, CLEAN } = undo;

/** systemd, or the init scripts of Debian without it. */
const services = `[ -d /run/systemd/system ] && systemd=1 || systemd=
is_there() { if [ "$systemd" ]; then [ "$(systemctl show -p Id --value "$1.service")" = "$1.service" ] && [ "$(systemctl show -p LoadState --value "$1.service")" != not-found ]; else [ -x "/etc/init.d/$1" ]; fi; }
is_active() {
  if [ "$systemd" ]; then systemctl is-active --quiet "$1.service"; else "/etc/init.d/$1" status </dev/null >/dev/null 2>&1; fi
}
active_of() {
  if [ "$systemd" ]; then
    case $(systemctl show -p ActiveState --value "$1.service") in active|activating|reloading) echo active ;; failed) echo failed ;; *) echo inactive ;; esac
  elif is_active "$1"; then echo active; else echo inactive; fi
}
enabled_of() ( # a subshell: the names of the links need what the scripts around it switch off
  set +f
  if [ "$systemd" ]; then
    state=$(systemctl show -p UnitFileState --value "$1.service")
    echo "\${state:-static}"
  else
    for link in /etc/rc[2345].d/S[0-9][0-9]"$1"; do [ -e "$link" ] && echo enabled && exit; done
    echo disabled
  fi
)
verb() { # how, service
  if [ "$systemd" ]; then timeout 60 systemctl "$1" "$2.service" </dev/null
  else timeout 60 "/etc/init.d/$2" "$1" </dev/null; fi
}
take_up() { # reload or restart, service
  is_active "$2" || return 0
  if [ "$1" = reload ]; then verb reload "$2" || verb restart "$2"; else verb restart "$2"; fi || return 1
  sleep 0.5
  is_active "$2"
}
set_enabled() {
  [ "$(enabled_of "$1")" = "$2" ] && return 0
  case $2 in enabled) how=enable ;; disabled) how=disable ;; *) return 1 ;; esac
  if [ "$systemd" ]; then systemctl \${boot:+--no-reload} "$how" "$1.service"; else update-rc.d "$1" "$how"; fi </dev/null
  [ "$(enabled_of "$1")" = "$2" ]
}
set_active() {
  [ "$(active_of "$1")" = "$2" ] && return 0
  case $2 in active) verb start "$1" ;; inactive) verb stop "$1" ;; *) return 1 ;; esac
  # An init script has said its signal; the daemon takes the time that it needs to end.
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(active_of "$1")" = "$2" ] && return 0
    sleep 0.5
  done
  return 1
}
`;

const quoted = (word: string): string => `'${word}'`;

/** Blocks of `KEY=VALUE` to one line for each service that is there under the name that was asked for, and not as another's alias. */
const SERVICES_AWK = `
function tell(  name) {
  name = id
  sub(/[.]service$/, "", name)
  if (id != "" && load != "not-found" && index(want, " " name " ") && !(name in told)) {
    told[name] = 1
    running = active == "active" || active == "activating" || active == "reloading"
    print "service", name, (file == "" ? "static" : file), (running ? "active" : active == "failed" ? "failed" : "inactive")
  }
  id = load = active = file = ""
}
/^$/ { tell() }
$1 == "Id" { id = $2 }
$1 == "LoadState" { load = $2 }
$1 == "ActiveState" { active = $2 }
$1 == "UnitFileState" { file = $2 }
END { tell() }
`;

/** Everything that is managed, between a first and a last line that says how much it was. Contents in base64. */
export function readScript({ host }: HostPlatformFile): string {
  const { filesMax, fileBytesMax, bytesMax } = host.caps;
  const paths = host.files.map(({ path }) => {
    const star = path.indexOf("*");
    if (star < 0) return quoted(path);
    return `${quoted(path.slice(0, star))}*${path.endsWith("*") ? "" : quoted(path.slice(star + 1))}`;
  });
  const names = host.services.map(({ name }) => name);
  return `set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
${services}
n=0
total=0
odd=
seen=' '
linked=' '
asked=
show() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  dir=\${1%/*}
  name=\${1##*/}
  case $name in
    *[!A-Za-z0-9._@+-]*) case $odd in *" $dir "*) ;; *) echo "odd-names $dir"; odd="$odd $dir "; esac; return 0 ;;
    [!A-Za-z0-9]*|*~|*.dpkg-*|*.ucf-*|*.swp|*.swo|*.bak|*.orig|farhand-undo-*) return 0 ;;
  esac
  case $seen in *" $1 "*) return 0 ;; esac
  seen="$seen$1 "
  [ "$dir" = "$asked" ] || { real=$(readlink -f "$dir"); asked=$dir; }
  if [ "$real" != "$dir" ]; then
    case $linked in *" $dir "*) ;; *) linked="$linked$dir "; echo "link $dir $(printf %s "$real" | base64 | tr -d '\\n')" ;; esac
    return 0
  fi
  if [ -L "$1" ]; then echo "link $1 $(readlink "$1" | tr -d '\\n' | base64 | tr -d '\\n')"; return 0; fi
  [ -d "$1" ] && return 0
  [ -f "$1" ] || { echo "special $1"; return 0; }
  n=$((n + 1))
  [ $n -gt ${filesMax} ] && { echo "too many files"; exit 0; }
  about=$(stat -c '%a %U %G %u %g %s' "$1") || return 0
  size=\${about##* }
  if [ "$size" -gt ${fileBytesMax} ]; then echo "large $1 $about $(sha256sum < "$1" | cut -d' ' -f1)"; return 0; fi
  total=$((total + size))
  [ $total -gt ${bytesMax} ] && { echo "too many bytes"; exit 0; }
  echo "file $1 $about"
  base64 "$1"
  echo .
}
echo 'host 1'
for path in ${paths.join(" ")}; do show "$path"; done
if [ "$systemd" ]; then
  # One question for all: each costs a round trip over the bus.
  systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState ${names.map((name) => quoted(`${name}.service`)).join(" ")} 2>/dev/null |
    awk -F= -v want=' ${names.join(" ")} ' '${SERVICES_AWK}'
else
  for name in ${names.map(quoted).join(" ")}; do
    is_there "$name" && echo "service $name $(enabled_of "$name") $(active_of "$name")"
  done
fi
echo "end $n"
`;
}

/** One line for each thing that keeps the level away (`block …`) or that a person should know (`warn …`), and `pending`. Exit 0. */
export const CHECK = `${undo.head}${services}
for tool in awk base64 cmp cp sed setsid sha256sum stat sync timeout unshare; do command -v $tool >/dev/null || echo "block tools $tool"; done
[ "$systemd" ] && { command -v systemd-run >/dev/null || echo "block tools systemd-run"; }
unshare -m true 2>/dev/null || echo "block rehearsal"
mkdir -p ${ACROSS_REBOOTS} && chmod 700 ${ACROSS_REBOOTS} && [ -w ${ACROSS_REBOOTS} ] || echo "block folder"
for where in ${ACROSS_REBOOTS} /etc; do
  free=$(df -Pk "$where" | awk 'NR == 2 { print $4 }')
  [ "\${free:-0}" -lt 32768 ] && echo "block space $where"
done
if [ -z "$systemd" ]; then
  { [ -d /etc/cron.d ] && command -v cron >/dev/null && is_active cron; } || echo "warn reboot"
fi
${undo.others}exit 0
`;

/** Defines `like OLD NEW`: whether two files agree in content, owner and mode. */
const like = `like() { cmp -s "$1" "$2" && [ "$(stat -c '%a %u %g' "$1")" = "$(stat -c '%a %u %g' "$2")" ]; }
copy() { cp -p --preserve=all "$1" "$2" 2>/dev/null || cp -p "$1" "$2"; }
put() { # from, to: beside the target, then in one step
  tmp="\${2%/*}/.farhand-put"
  rm -f "$tmp"
  copy "$1" "$tmp" && sync "$tmp" && mv -fT "$tmp" "$2" || { rm -f "$tmp"; return 1; }
  command -v restorecon >/dev/null && restorecon -F "$2" >/dev/null 2>&1
  sync "\${2%/*}"
}
`;

/**
 * The undo: ends an apply that is still at work, puts back what the plan names until all of it agrees with the snapshot, content, owner,
 * mode, absence, services and kernel values, and says so. In a boot of systemd nothing runs yet that would have to take it up.
 */
const UNDO = `${WAIT_AND_CLAIM}PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
boot=\${3:-}
set -f
${like}
set +f
${services}
set -f
pid=$(cat "$d/apply.pid" 2>/dev/null)
[ -n "$pid" ] && tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -q "$d/apply" && kill -s KILL -- "-$pid" 2>/dev/null
rc=0
if [ -e "$d/applying" ]; then
  rc=1
  tries=0
  while [ $tries -lt 30 ]; do
    tries=$((tries + 1))
    rc=0
    while read -r kind n mode owner path; do
      case $kind in put|del)
        rm -f "\${path%/*}/.farhand-put"
        if [ -e "$d/old/$n" ]; then [ -f "$path" ] && [ ! -L "$path" ] && like "$d/old/$n" "$path" || put "$d/old/$n" "$path" || rc=1
        else rm -f "$path" || rc=1; fi ;;
      esac
    done < "$d/plan"
    [ -s "$d/sysctl" ] && [ -z "\${boot#late}" ] && { sysctl -q --system >/dev/null 2>&1; sysctl -q -e -p "$d/sysctl" >/dev/null 2>&1 || rc=1; }
    if [ "$boot" != boot ]; then
      while read -r kind words; do
        case $kind in
          run) timeout 60 $words </dev/null || rc=1 ;;
          reload|restart) take_up $kind "$words" || rc=1 ;;
        esac
      done < "$d/plan"
    fi
    while read -r kind name enabled active; do
      [ "$kind" = was ] || continue
      case $enabled in enabled|disabled) set_enabled "$name" "$enabled" || rc=1 ;; esac
      [ "$boot" = boot ] && continue
      case $active in active|inactive) set_active "$name" "$active" || rc=1 ;; esac
    done < "$d/services"
    while read -r kind n mode owner path; do
      case $kind in put|del)
        if [ -e "$d/old/$n" ]; then like "$d/old/$n" "$path" || rc=1; else [ ! -e "$path" ] && [ ! -L "$path" ] || rc=1; fi ;;
      esac
    done < "$d/plan"
    [ $rc -eq 0 ] && break
    sleep 1
  done
fi
name=\${d##*undo-}
rm -f "/etc/systemd/system/farhand-undo-$name.service" "/etc/systemd/system/sysinit.target.wants/farhand-undo-$name.service" "/etc/cron.d/farhand-undo-$name"
${tellResult("$rc")}`;

/** Makes the folder and starts the timer of $2 seconds. Exit 0 only when it says that it runs. 3: the name is used. */
export const START = `${undo.head}${undo.launch}
mkdir -p ${ACROSS_REBOOTS}
chmod 700 ${ACROSS_REBOOTS}
mkdir "$d" || exit 3
cat > "$d/undo" <<'UNDO'
${UNDO}UNDO
: > "$d/armed"
sync "$d/undo" "$d/armed" "$d" ${ACROSS_REBOOTS} 2>/dev/null || sync
boot_on "$1"
launch "$1" "$2" || exit 4
${undo.awaitTimer}`;

const fail = `fail() { echo "$*"; exit 20; }
`;

/** In a mount namespace of its own: /etc as it would be, and what the plan's tests say of it. Nobody else sees it; $1 is the folder. */
const REHEARSE = `set -u
d=$1
set -f
${like}
mkdir -p "$d/etc"
mount -t tmpfs -o mode=755 tmpfs "$d/etc" || exit 1
cp -a /etc/. "$d/etc/" 2>/dev/null
mount --bind "$d/etc" /etc || exit 1
while read -r kind n mode owner path; do
  case $kind in
    put) copy "$d/new/$n" "$path" || exit 1 ;;
    del) rm -f "$path" || exit 1 ;;
    folder) [ -d "$n" ] || mkdir -p -m 755 "$n" ;;
  esac
done < "$d/plan"
while read -r kind words; do
  [ "$kind" = test ] || continue
  command -v "\${words%% *}" >/dev/null || continue
  timeout 30 $words </dev/null > "$d/test.log" 2>&1 || { echo "$words: $(grep -v '^$' "$d/test.log" | head -n 1)"; exit 21; }
done < "$d/plan"
exit 0
`;

/** Puts the plan in force. Started detached: it ends by itself, or the undo ends it, whatever becomes of the session. $1 the folder. */
const APPLY = `set -u
d=$1
echo $$ > "$d/apply.pid"
set -f
${like}
set +f
${services}
set -f
${fail}
while read -r kind n mode owner path; do
  case $kind in put|del)
    [ -L "$path" ] && fail "$path: became a link"
    if [ -e "$d/old/$n" ]; then like "$d/old/$n" "$path" || fail "$path: somebody changed it just now"
    else [ ! -e "$path" ] || fail "$path: somebody made it just now"; fi ;;
  esac
done < "$d/plan"
[ -e "$d/armed" ] || fail "the undo timer has fired"
: > "$d/applying"
sync "$d/applying" "$d"
while read -r kind n mode owner path; do
  case $kind in
    put) put "$d/new/$n" "$path" || fail "$path: not written" ;;
    del) rm -f "$path" || fail "$path: not removed"; sync "\${path%/*}" ;;
  esac
done < "$d/plan"
while read -r kind words; do
  case $kind in
    sysctl) sysctl -q --system > "$d/run.log" 2>&1 || fail "sysctl: $(head -n 1 "$d/run.log")" ;;
    run) timeout 60 $words </dev/null > "$d/run.log" 2>&1 || fail "$words: $(head -n 1 "$d/run.log")" ;;
    reload|restart) take_up $kind "$words" > "$d/run.log" 2>&1 || fail "$words does not run after a $kind: $(head -n 1 "$d/run.log")" ;;
    service)
      set -- $words
      set_enabled "$1" "$2" > "$d/run.log" 2>&1 || fail "$1 is not $2"
      set_active "$1" "$3" > "$d/run.log" 2>&1 || fail "$1 is not $3" ;;
  esac
done < "$d/plan"
: > "$d/applied"
exit 0
`;

/** Ends what comes after the plan and the contents: the snapshot, owners and modes, and the rehearsal. Exit 20, 21: refused, and why on standard output. */
export const STAGE = {
  /** Followed by the contents and the plan, as heredocs. */
  head: `${undo.head}${services}${like}${fail}
LC_ALL=C
export LC_ALL
[ -e "$d/armed" ] && alive "$1" || exit 3
rm -rf "$d/new" "$d/old"
mkdir "$d/new" "$d/old" || exit 4
cat > "$d/rehearse" <<'REHEARSE'
${REHEARSE}REHEARSE
cat > "$d/apply" <<'APPLY'
${APPLY}APPLY
`,
  tail: `
set -f
: > "$d/services"
: > "$d/sysctl"
while read -r kind n mode owner path; do
  case $kind in
    put|del)
      dir=\${path%/*}
      [ -d "$dir" ] && [ "$(readlink -f "$dir")" = "$dir" ] || fail "$dir: no folder of its own"
      [ -L "$path" ] && fail "$path: a link"
      [ ! -e "$path" ] || [ -f "$path" ] || fail "$path: no file"
      [ ! -e "$path" ] || { copy "$path" "$d/old/$n" && like "$path" "$d/old/$n"; } || fail "$path: no copy of it can be made"
      [ "$kind" = del ] || { chown "$owner" "$d/new/$n" && chmod "$mode" "$d/new/$n"; } || fail "$path: $owner $mode"
      [ "$kind" = put ] && sync "$d/new/$n"
      [ -e "$d/old/$n" ] && sync "$d/old/$n" ;;
    sysctl)
      while read -r other m rest; do
        [ "$other" = keys ] || continue
        for key in $(sed -n 's|^[[:space:]-]*\\([a-z][A-Za-z0-9_./-]*\\)[[:space:]]*=.*|\\1|p' "$d/new/$m" "$d/old/$m" 2>/dev/null); do
          value=$(sysctl -n "$key" 2>/dev/null) && echo "$key = $value" >> "$d/sysctl"
        done
      done < "$d/plan" ;;
    service|reload|restart) echo "was $n $(enabled_of "$n") $(active_of "$n")" >> "$d/services" ;;
  esac
done < "$d/plan"
sync "$d/plan" "$d/services" "$d/sysctl" "$d/old" "$d" 2>/dev/null || sync
unshare -m --propagation private sh "$d/rehearse" "$d" || exit $?
: > "$d/staged"
`,
} as const;

/** Runs the staged plan. Exit 3: nothing is staged, or the timer is not there. 20: refused half-way, and why on standard output. */
export const APPLY_STAGED = `${undo.head}
[ -e "$d/staged" ] && [ -e "$d/armed" ] && alive "$1" || exit 3
LC_ALL=C setsid -w sh "$d/apply" "$d" </dev/null > "$d/apply.log" 2>&1
rc=$?
[ $rc -eq 0 ] || head -n 1 "$d/apply.log"
exit $rc
`;

/** Gives up what is staged: nothing of it was in force. */
export const UNSTAGE = `${undo.head}
[ -e "$d/applying" ] || rm -rf "$d/staged" "$d/new" "$d/old"
`;

/** `key value` lines. The serial of the machine needs root. */
export const FACTS = `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
say() { printf '%s %s\\n' "$1" "$(printf %s "$2" | tr -d '\\n' | cut -c1-200)"; }
say hostname "$(hostname 2>/dev/null || cat /proc/sys/kernel/hostname)"
say kernel "$(uname -r)"
say os "$(. /etc/os-release 2>/dev/null; printf %s "\${PRETTY_NAME:-}")"
say model "$(cat /sys/class/dmi/id/product_name 2>/dev/null || tr -d '\\0' < /proc/device-tree/model 2>/dev/null)"
serial=$(sudo -n cat /sys/class/dmi/id/product_serial 2>/dev/null) || {
  sudo -n true 2>/dev/null || say refused sudo
  serial=$(tr -d '\\0' < /proc/device-tree/serial-number 2>/dev/null)
}
say serial "$serial"
`;
