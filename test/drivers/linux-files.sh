# Runs inside new namespaces, before anything else: makes them a machine of its own. Everything lives in tmpfs of this mount namespace,
# so that this machine's /etc, /run and /var are neither changed nor left with anything. Arguments: hostname, user. Input: the password.
set -eu
name=$1 user=$2
IFS= read -r password

mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /mnt
cp -a /etc/. /mnt/
mount --move /mnt /etc
for folder in /run /var/log /var/lib /var/spool /home /var/tmp /tmp; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 /tmp /var/tmp
mkdir -p /var/lib/chrony /var/log/chrony /var/spool/cron/crontabs /run/sshd

# What this machine has of services is not this host's.
rm -rf /etc/cron.d/* /etc/cron.hourly /etc/sudoers.d/* /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d/* /etc/netplan /etc/systemd/network/* /etc/sysctl.d/*
for link in /etc/rc?.d/[SK]??*; do case $link in *cron|*ssh|*chrony) ;; *) rm -f "$link" ;; esac; done
for script in /etc/init.d/*; do case $script in */cron|*/ssh|*/chrony) ;; *) rm -f "$script" ;; esac; done
mkdir -p /etc/network/interfaces.d /etc/ssh/sshd_config.d
printf 'auto lo\niface lo inet loopback\n' > /etc/network/interfaces
printf 'nameserver 192.0.2.53\n' > /etc/resolv.conf
printf '#!/usr/sbin/nft -f\nflush ruleset\n' > /etc/nftables.conf
: > /etc/sysctl.conf

echo "$name" > /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > /etc/hosts
sed -i 's/^\([^:]*\):[^:]*:/\1:*:/' /etc/shadow
useradd --create-home --home-dir "/home/$user" --shell /bin/bash "$user"
printf '%s:%s\n' "$user" "$password" | chpasswd --crypt-method SHA512
printf 'Defaults !requiretty\nroot ALL=(ALL:ALL) ALL\n%s ALL=(ALL) NOPASSWD: ALL\n@includedir /etc/sudoers.d\n' "$user" > /etc/sudoers
chmod 440 /etc/sudoers
: > /etc/motd
rm -f /etc/issue.net
chmod 644 /etc/hosts /etc/hostname /etc/resolv.conf /etc/motd

ssh-keygen -q -t ed25519 -N '' -C "$name" -f /etc/ssh/ssh_host_ed25519_key
cat > /etc/ssh/sshd_config <<CONF
Include /etc/ssh/sshd_config.d/*.conf
Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
AllowUsers $user
UsePAM no
UseDNS no
MaxStartups 100
CONF
printf 'driftfile /var/lib/chrony/chrony.drift\nconfdir /etc/chrony/conf.d\ncmdport 0\nuser root\n' > /etc/chrony/chrony.conf
rm -rf /etc/chrony/conf.d/* /etc/chrony/sources.d/*
printf 'DAEMON_OPTS="-x -F 0"\n' > /etc/default/chrony
update-rc.d ssh defaults >/dev/null 2>&1 || true
/etc/init.d/ssh start </dev/null >/dev/null 2>&1
/etc/init.d/cron start </dev/null >/dev/null 2>&1
