/**
 * Services of a simulated host, as small programs in it: `systemctl`, `systemd-run` and what boots, or init scripts. No daemon runs: a service is a
 * state, which a boot makes anew, and what its unit says must hold before it starts (`ExecStartPre`, `ExecReload`), which really runs.
 */
import type { JailProgram } from "../host/jail.ts";
import type { JailFile } from "../host/plan.ts";

export type Init = "systemd" | "sysv";

const LIB = "/usr/local/lib/simulator";
export const UNITS = "/usr/local/lib/systemd/system";
export const WANTS = "/etc/systemd/system/multi-user.target.wants";
/** Where a name that lies there says that the service runs, or has failed to. */
export const ACTIVE = "/run/simulator/active";
export const FAILED = "/run/simulator/failed";
/** Tells the simulator that a service has read its files. */
export const TAKES_UP = `${LIB}/takes-up`;

interface Known {
  readonly description: string;
  readonly alias?: string;
  readonly test?: string;
  readonly tells?: true;
}

const KNOWN: Readonly<Record<string, Known>> = {
  ssh: { description: "OpenBSD Secure Shell server", alias: "sshd", test: "sshd -t", tells: true },
  cron: { description: "Regular background program processing daemon" },
  chrony: {
    description: "chrony, an NTP client/server",
    alias: "chronyd",
    test: "chronyd -p -f /etc/chrony/chrony.conf",
  },
};

export const aliasOf = (name: string): string | undefined => KNOWN[name]?.alias;

export function unitOf(name: string): string {
  const { description, alias, test, tells } = KNOWN[name] ?? { description: name };
  const start = [...(test === undefined ? [] : [`ExecStartPre=${test}`]), `ExecStart=/usr/sbin/${alias ?? name}`];
  const reload = tells ? [`ExecReload=${test ?? "true"}`, `ExecReload=${TAKES_UP} ${name}`] : [];
  return [
    "[Unit]",
    `Description=${description}`,
    "[Service]",
    ...start,
    ...(tells ? [`ExecStartPost=${TAKES_UP} ${name}`, `ExecStopPost=${TAKES_UP} ${name} stopped`] : []),
    ...reload,
    "[Install]",
    "WantedBy=multi-user.target",
    ...(alias === undefined ? [] : [`Alias=${alias}.service`]),
    "",
  ].join("\n");
}

const FUNCTIONS = `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# Finds the unit of $1 and its own name, which an alias has not.
find_unit() {
  name=\${1%.service} unit=
  for dir in /etc/systemd/system ${UNITS}; do
    [ -f "$dir/$name.service" ] || continue
    unit=$dir/$name.service
    if [ -L "$unit" ]; then unit=$(readlink -f "$unit"); name=\${unit##*/}; name=\${name%.service}; fi
    return 0
  done
  return 1
}
# Runs every value of key $1, until one fails.
run_all() {
  while IFS= read -r line; do
    case $line in "$1="*) \${line#*=} < /dev/null > /dev/null 2>&1 || return 1 ;; esac
  done < "$unit"
}
has() { while IFS= read -r line; do case $line in "$1"*) return 0 ;; esac; done < "$unit"; return 1; }
active_state() { if [ -e "${ACTIVE}/$name" ]; then echo active; elif [ -e "${FAILED}/$name" ]; then echo failed; else echo inactive; fi; }
enabled_state() { if ! has WantedBy=; then echo static; elif [ -L "${WANTS}/$name.service" ]; then echo enabled; else echo disabled; fi; }
start_unit() {
  [ -e "${ACTIVE}/$name" ] && return 0
  if run_all ExecStartPre && { ! has Type=oneshot || run_all ExecStart; } && run_all ExecStartPost; then
    rm -f "${FAILED}/$name"
    : > "${ACTIVE}/$name"
  else
    : > "${FAILED}/$name"
    return 1
  fi
}
stop_unit() { rm -f "${ACTIVE}/$name" "${FAILED}/$name"; run_all ExecStopPost; }
restart_unit() { rm -f "${ACTIVE}/$name"; start_unit; }
reload_unit() { run_all ExecReload; }
`;

const SYSTEMCTL = `#!/bin/sh
. ${LIB}/units.sh
quiet= value= verb= properties= names= now=
while [ $# -gt 0 ]; do
  case $1 in
    -q|--quiet) quiet=1 ;;
    --value) value=1 ;;
    --now) now=1 ;;
    -p) properties="$properties $2"; shift ;;
    -p*) properties="$properties \${1#-p}" ;;
    --property=*) properties="$properties \${1#*=}" ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$1; else names="$names $1"; fi ;;
  esac
  shift
done
say() { [ "$quiet" ] || echo "$@"; }
missing() { echo "Failed to $verb $1.service: Unit $1.service not found." >&2; code=5; }
failed() {
  echo "Job for $name.service failed because the control process exited with error code." >&2
  echo "See \\"systemctl status $name.service\\" and \\"journalctl -xeu $name.service\\" for details." >&2
  code=1
}
property() { if [ "$value" ]; then echo "$2"; else echo "$1=$2"; fi; }
show() {
  if find_unit "$1"; then load=loaded active=$(active_state) file=$(enabled_state); else load=not-found active=inactive file=; fi
  for one in $properties; do
    case $one in
      Id) property Id "$name.service" ;;
      LoadState) property LoadState $load ;;
      ActiveState) property ActiveState $active ;;
      SubState) case $active in active) property SubState running ;; inactive) property SubState dead ;; *) property SubState failed ;; esac ;;
      UnitFileState) property UnitFileState "$file" ;;
    esac
  done
}
code=0 first=1
case $verb in
  daemon-reload|reset-failed) exit 0 ;;
  ''|list-units) for path in ${FAILED}/*; do [ -e "$path" ] && echo "\${path##*/}.service loaded failed failed"; done; exit 0 ;;
esac
for one in $names; do
  name=\${one%.service}
  case $verb in
    show) [ "$first" ] || [ "$value" ] || echo; show "$one" ;;
    is-active) if find_unit "$one"; then state=$(active_state); else state=inactive; fi; say $state; [ $state = active ] || code=3 ;;
    is-enabled)
      if find_unit "$one"; then state=$(enabled_state); say $state; [ $state = disabled ] && code=1
      else echo "Failed to get unit file state for $name.service: No such file or directory" >&2; code=1; fi ;;
    is-failed) find_unit "$one"; state=$(active_state); say $state; [ $state = failed ] || code=1 ;;
    status)
      if find_unit "$one"; then
        state=$(active_state)
        echo "● $name.service - $(sed -n 's/^Description=//p' "$unit")"
        echo "     Loaded: loaded ($unit; $(enabled_state); preset: enabled)"
        echo "     Active: $state"
        [ $state = active ] || code=3
      else echo "Unit $name.service could not be found." >&2; code=4; fi ;;
    start) if find_unit "$one"; then start_unit || failed; else missing "$name"; fi ;;
    stop) if find_unit "$one"; then stop_unit; else missing "$name"; fi ;;
    restart|try-restart|reload-or-restart) if find_unit "$one"; then restart_unit || failed; else missing "$name"; fi ;;
    reload)
      if ! find_unit "$one"; then missing "$name"
      elif [ "$(active_state)" != active ]; then echo "$name.service is not active, cannot reload." >&2; code=1
      elif ! has ExecReload=; then echo "Failed to reload $name.service: Job type reload is not applicable for unit $name.service." >&2; code=1
      else reload_unit || failed; fi ;;
    enable)
      if ! find_unit "$one"; then echo "Failed to enable unit: Unit file $name.service does not exist." >&2; code=1
      elif [ ! -L "${WANTS}/$name.service" ]; then
        mkdir -p ${WANTS}
        ln -s "$unit" "${WANTS}/$name.service"
        echo "Created symlink ${WANTS}/$name.service → $unit." >&2
      fi
      if [ "$now" ]; then start_unit || failed; fi ;;
    disable)
      if ! find_unit "$one"; then echo "Failed to disable unit: Unit file $name.service does not exist." >&2; code=1
      elif [ -L "${WANTS}/$name.service" ]; then
        rm -f "${WANTS}/$name.service"
        echo "Removed \\"${WANTS}/$name.service\\"." >&2
      fi
      [ -z "$now" ] || stop_unit ;;
    *) echo "Unknown command verb $verb." >&2; exit 1 ;;
  esac
  first=
done
exit $code
`;

/** A program in a service of its own, which is nobody's child. */
const SYSTEMD_RUN = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --unit) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { echo "Command line to execute required." >&2; exit 1; }
cd /
exec setsid -f "$@" < /dev/null > /dev/null 2>&1
`;

const INIT_SCRIPT = (name: string): string => `#!/bin/sh
. ${LIB}/units.sh
find_unit ${name} || exit 5
case \${1-} in
  start) echo "Starting ${name}: ${name}."; start_unit ;;
  stop) echo "Stopping ${name}: ${name}."; stop_unit ;;
  restart|force-reload) echo "Restarting ${name}: ${name}."; restart_unit ;;
  reload) has ExecReload= || exit 3; reload_unit ;;
  status) if [ "$(active_state)" = active ]; then echo "${name} is running."; else echo "${name} is not running ... failed!"; exit 3; fi ;;
  *) echo "Usage: /etc/init.d/${name} {start|stop|reload|force-reload|restart|status}"; exit 1 ;;
esac
`;

const UPDATE_RC = `#!/bin/sh
# update-rc.d NAME enable|disable|defaults
[ -x "/etc/init.d/$1" ] || { echo "update-rc.d: error: cannot find a LSB script for $1" >&2; exit 1; }
for level in 2 3 4 5; do
  rm -f /etc/rc$level.d/[SK][0-9][0-9]"$1"
  case $2 in disable) kind=K ;; *) kind=S ;; esac
  ln -s "../init.d/$1" "/etc/rc$level.d/\${kind}01$1"
done
`;

const SERVICE = `#!/bin/sh
if [ -d /run/systemd/system ]; then
  case \${2-} in status) exec systemctl status "$1" ;; *) exec systemctl "$2" "$1" ;; esac
fi
[ -x "/etc/init.d/$1" ] || { echo "$1: unrecognized service" >&2; exit 1; }
exec "/etc/init.d/$1" "$2"
`;

/** What a boot runs, in order: what must be there before the network, the services that are enabled, and cron's jobs of a boot. */
const boot = (init: Init): string => `#!/bin/sh
. ${LIB}/units.sh
mkdir -p ${ACTIVE} ${FAILED} /run/sshd${init === "systemd" ? " /run/systemd/system" : ""}
[ -f /etc/hostname ] && hostname -F /etc/hostname
sysctl -q --system > /dev/null 2>&1
${
  init === "systemd"
    ? `for link in /etc/systemd/system/sysinit.target.wants/*.service ${WANTS}/*.service; do
  [ -e "$link" ] || continue
  name=\${link##*/}
  find_unit "$name" && start_unit
done`
    : `for link in /etc/rc2.d/S*; do [ -x "$link" ] && "$link" start > /dev/null 2>&1; done`
}
[ -e ${ACTIVE}/cron ] && for file in /etc/crontab /etc/cron.d/*; do
  [ -f "$file" ] || continue
  while read -r when who what; do
    [ "$when" = @reboot ] && setsid -f sh -c "$what" < /dev/null > /dev/null 2>&1
  done < "$file"
done
exit 0
`;

export const BOOT_PROGRAM = "/usr/local/sbin/simulated-boot";

export function unitPrograms(init: Init): JailProgram[] {
  const common = [
    { path: BOOT_PROGRAM, text: boot(init) },
    { path: "/usr/local/sbin/service", text: SERVICE },
  ];
  return init === "systemd"
    ? [
        ...common,
        { path: "/usr/local/sbin/systemctl", text: SYSTEMCTL },
        { path: "/usr/local/sbin/systemd-run", text: SYSTEMD_RUN },
      ]
    : [...common, { path: "/usr/local/sbin/update-rc.d", text: UPDATE_RC }];
}

export function unitFiles(init: Init, names: readonly string[]): JailFile[] {
  return [
    { path: `${LIB}/units.sh`, content: FUNCTIONS },
    ...names.map((name) => ({ path: `${UNITS}/${name}.service`, content: unitOf(name) })),
    ...(init === "sysv"
      ? names.map((name) => ({ path: `/etc/init.d/${name}`, content: INIT_SCRIPT(name), mode: "0755" }))
      : []),
  ];
}

/** What says that a service is enabled, as links from path to target. */
export function unitLinks(
  init: Init,
  services: readonly { readonly name: string; readonly enabled: string }[],
): { path: string; target: string }[] {
  return services.flatMap(({ name, enabled }) => {
    const alias = aliasOf(name);
    const aliases =
      alias === undefined || init === "sysv" ? [] : [{ path: `${UNITS}/${alias}.service`, target: `${name}.service` }];
    const on =
      init === "systemd"
        ? enabled === "enabled"
          ? [{ path: `${WANTS}/${name}.service`, target: `${UNITS}/${name}.service` }]
          : []
        : [2, 3, 4, 5].map((level) => ({
            path: `/etc/rc${level}.d/${enabled === "enabled" ? "S" : "K"}01${name}`,
            target: `../init.d/${name}`,
          }));
    return [...aliases, ...on];
  });
}
