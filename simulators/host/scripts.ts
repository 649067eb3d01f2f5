/** What makes a jail, from outside to inside: a disk, then what boots from it. POSIX sh, util-linux and perl. */

/** Under it in the jail lies what the simulator and its host share: the socket, and the files to copy at the start. */
export const SHARED = "/.simulator";
/** Where the jail has this machine's own /usr, read-only. */
export const OUTER = "/.outer";
export const OWN = "/usr/local/lib/simulator";
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Waits until its user namespace has a mapping, which its maker must write; then it is root in it. $1: what comes next. */
export const AWAIT_MAPPING = `echo mapped?
read -r go
exec setpriv --reuid 0 --regid 0 --clear-groups /bin/sh -eu -c "$1" sh "$2" "$3"
`;

/**
 * Everything of the plan that is no mount, in one process: a thousand small ones would cost more than all else. `links`: what this machine has in
 * that folder, and nothing of ours has the name of.
 */
const FILL = `
while (<STDIN>) {
  my ($kind, $mode, $owner, $first, $second) = split;
  my $path;
  if ($kind eq "dir") { $path = $first; -d $path or mkdir $path or die "$path: $!" }
  elsif ($kind eq "link") { symlink $first, $second or die "$second: $!" }
  elsif ($kind eq "links") {
    opendir my $names, "/$second" or die "$second: $!";
    for my $name (readdir $names) {
      next if $name =~ /^[.][.]?$/ or -l "$second/$name" or -e "$second/$name";
      symlink "$first/$name", "$second/$name" or die "$second/$name: $!"
    }
  }
  elsif ($kind eq "device") { open my $new, ">", "dev/$first" or die "$first: $!" }
  elsif ($kind eq "file") {
    $path = $second;
    open my $old, "<", "$ARGV[0]/shared/$first" or die "$path: $!";
    unlink $path;
    open my $new, ">", $path or die "$path: $!";
    local $/; my $text = <$old>; print $new $text if defined $text; close $new or die "$path: $!"
  }
  next unless defined $path;
  $owner eq "0:0" or chown split(/:/, $owner), $path or die "$path: $!";
  chmod oct $mode, $path or die "$path: $!"
}
`;

/**
 * The disk: a tmpfs that lives as long as this process does, and so leaves nothing anywhere. $1: a folder of the simulator with `root` (where
 * it is mounted on the way), `shared` and the `plan`; $2: its size. Says `up`, and ends with its standard input. What makes root of an
 * account works only where accounts have numbers of their own.
 */
export const DISK = `
folder=$1
mount -t tmpfs -o "mode=755,size=$2,nr_inodes=20000" tmpfs "$folder/root"
cd "$folder/root"
mkdir .old proc
mount --rbind /proc proc
perl -e '${FILL.replaceAll("\n", " ")}' "$folder" < "$folder/plan"
while read -r kind _ _ first second; do
  case $kind in
    bind) mount --rbind "$first" "./$second" ;;
    readonly) mount --rbind "$first" "./$second"
      mount -o remount,bind,ro "./$second" || mount -o remount,bind,ro,nosuid,nodev "./$second" ;;
    device) mount --bind "/dev/$first" "./dev/$first" ;;
    become) install -m 4755 /usr/bin/setpriv ".${OWN}/become" ;;
  esac
done < "$folder/plan"
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
echo up
while read -r _; do :; done
`;

/** Its first process. It takes in what has lost its parent, and ends, and everything with it, when its standard input does. */
const INIT = `
$SIG{CHLD} = "IGNORE";
while (1) { my $n = sysread(STDIN, my $said, 512); last if defined $n && $n == 0; }
`;

/**
 * Power on. $1: the host's name; $2: what it runs before anybody may come in, if anything. Says its process's number, then `up`. This machine's
 * /proc, without which the kernel gives nobody one of his own, is taken away, not only covered. What boots may never end: its first process must, when the simulator does.
 */
export const BOOT = `
read -r pid _ < /proc/self/stat
echo "$pid"
mount -t proc proc /tmp
umount -l /proc
mount --move /tmp /proc
mount -t tmpfs -o mode=755,size=32m,nr_inodes=5000 tmpfs /run
mount -t tmpfs -o mode=1777,size=32m,nr_inodes=5000 tmpfs /tmp
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
hostname "$1"
command -v ip > /dev/null && ip link set lo up
{ [ -z "$2" ] || "$2" < /dev/null > /dev/null 2>&1 || true; echo up; } &
exec perl -e '${INIT.replaceAll("\n", " ")}'
`;

/** One program, in its home and with the jail's limits. $1: the command. */
export const ENTER = `cd "$HOME" 2>/dev/null || cd /; exec /bin/sh -c "$1"`;

/** `date` by the simulator's clock, but where it is asked about another time. */
export const DATE = `#!/bin/sh
for word in "$@"; do case $word in -d*|-f*|-r*|-s*|--date*|--file*|--reference*|--set*) exec /usr/bin/date "$@" ;; esac; done
now=$(${OWN}/now) || exit 1
exec /usr/bin/date -d "@$now" "$@"
`;

/** sudo with or without `-n` and a command: what it allows stands in /etc/sudoers and its folder, as NOPASSWD lines of accounts. */
export const SUDO = `#!/bin/sh
login=\${SIMULATED_LOGIN:-$(id -un)} asks='a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper'
[ "\${1-}" = -n ] && { shift; asks=; }
case \${1-} in ''|-*) echo "usage: sudo -h | -K | -k | -V" >&2; exit 1 ;; esac
if [ -u ${OWN}/become ]; then
  exec ${OWN}/become --reuid 0 --regid 0 --clear-groups /bin/sh ${OWN}/sudo "$login" "$asks" "$@"
fi
exec /bin/sh ${OWN}/sudo "$login" "$asks" "$@"
`;

/** The part of sudo that reads its rules, as root. $1: who asks; $2: what it says first where it would ask for a password. What is not allowed is asked a password
 * for as well, as sudo 1.9 does: it denies nothing before it knows who asks. */
export const SUDO_RULES = `login=$1 asks=$2
shift 2
deny() { [ -z "$asks" ] || echo "sudo: $asks" >&2; echo "sudo: a password is required" >&2; exit 1; }
program=$(command -v "$1") || { echo "sudo: $1: command not found" >&2; exit 1; }
[ -e ${SHARED}/sudo-asks ] && login=
rule=
for file in /etc/sudoers /etc/sudoers.d/*; do
  [ -f "$file" ] || continue
  while read -r who words; do [ -z "$login" ] || [ "$who" != "$login" ] || rule=$words; done < "$file"
done
[ "$login" = root ] && rule='ALL=(ALL) NOPASSWD: ALL'
case $rule in
  *NOPASSWD:*) allowed=\${rule#*NOPASSWD:} ;;
  *) deny ;;
esac
case ",$(echo "$allowed" | tr -d ' ')," in
  *,ALL,*|*,"$program",*) ;;
  *) deny ;;
esac
exec env -i PATH=${PATH} HOME=/root LOGNAME=root USER=root SUDO_USER="$login" SIMULATED_LOGIN=root SHELL=/bin/sh "$@"
`;
