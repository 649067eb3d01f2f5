# Runs once in a mount namespace whose /etc, /home and part of /var are folders of the test: makes them those of a host of its own, so
# that this machine's are neither changed nor left with anything. Arguments: hostname, user, init. Input: the password.
set -eu
name=$1 user=$2 init=$3
IFS= read -r password

cp -a /etc/. "$FARHAND_ROOT/etc/"
for folder in /etc /var/lib /var/log /var/spool /home; do mount --bind "$FARHAND_ROOT${folder#/var}" $folder; done
mkdir -p /var/lib/chrony /var/log/chrony /var/spool/cron/crontabs

# What this machine has of services is not this host's.
rm -rf /etc/cron.d/* /etc/cron.hourly /etc/sudoers.d/* /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d/* /etc/netplan /etc/systemd/network/* /etc/sysctl.d/*
for link in /etc/rc?.d/[SK]??*; do case $link in *cron|*ssh|*chrony) ;; *) rm -f "$link" ;; esac; done
for script in /etc/init.d/*; do case $script in */cron|*/ssh|*/chrony) ;; *) rm -f "$script" ;; esac; done
rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires
mkdir -p /etc/network/interfaces.d /etc/ssh/sshd_config.d /etc/systemd/system/multi-user.target.wants
printf 'auto lo\niface lo inet loopback\n' > /etc/network/interfaces
printf 'nameserver 192.0.2.53\n' > /etc/resolv.conf
printf '#!/usr/sbin/nft -f\nflush ruleset\n' > /etc/nftables.conf
: > /etc/sysctl.conf
: > /etc/fstab
: > /etc/machine-id

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
# The clock is not the namespace's own: it is not touched.
printf 'DAEMON_OPTS="-x -F 0"\n' > /etc/default/chrony

case $init in
  sysv) update-rc.d ssh defaults >/dev/null 2>&1; update-rc.d cron defaults >/dev/null 2>&1; update-rc.d chrony defaults >/dev/null 2>&1; update-rc.d chrony disable >/dev/null 2>&1 ;;
  systemd)
    # What needs a machine with devices, or a bus that nobody uses here.
    for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-logind.service \
      getty.target systemd-networkd.service systemd-resolved.service systemd-timesyncd.service e2scrub_reap.service dbus.socket dbus.service; do
      ln -sf /dev/null /etc/systemd/system/$unit
    done
    for unit in ssh cron; do ln -sf /lib/systemd/system/$unit.service /etc/systemd/system/multi-user.target.wants/$unit.service; done
    rm -f /etc/systemd/system/chronyd.service /etc/systemd/system/sshd.service
    # Debian's unit for chrony asks for hardening that a namespace in a namespace does not always grant.
    mkdir -p /etc/systemd/system/chrony.service.d
    printf '[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=/usr/sbin/chronyd -x -F 0\nType=forking\nPIDFile=/run/chrony/chronyd.pid\nProtectSystem=no\nProtectHome=no\nProtectProc=default\nPrivateTmp=no\nProcSubset=all\nUser=root\n' > /etc/systemd/system/chrony.service.d/lab.conf ;;
esac
