# Boots the host: the first process of new namespaces, which becomes its init. Arguments: hostname, init.
set -eu
cd /
name=$1 init=$2
mount -t sysfs sysfs /sys
for folder in /etc /var/lib /var/log /var/spool /home; do mount --bind "$FARHAND_ROOT${folder#/var}" $folder; done
if [ "$init" = systemd ]; then mount -t cgroup2 cgroup2 /sys/fs/cgroup; fi
for folder in /run /var/tmp /tmp; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 /tmp /var/tmp
hostname "$name"
ip link set lo up
[ "$init" = systemd ] && exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target
mkdir -p /run/sshd
for link in /etc/rc2.d/S*; do "$link" start </dev/null >/dev/null 2>&1 || true; done
# Stays, and takes in what has lost its parent.
while read -r _; do :; done
