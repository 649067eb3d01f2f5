# Runs inside a new router's namespaces, before anything else: makes it a machine of its own. Everything lives in tmpfs
# of this mount namespace, so the host's /etc, /run and /var are neither changed nor left with anything.
# Arguments: hostname, user. Standard input: the user's password, newline, then frr.conf to the end.
set -eu
name=$1 user=$2
IFS= read -r password

mount -t sysfs sysfs /sys
copy=/mnt
mount -t tmpfs -o mode=755 tmpfs $copy
cp -a /etc/. $copy/
mount --move $copy /etc
for folder in /run /var/log /home /var/tmp /tmp; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 /tmp /var/tmp

# Accounts: nobody of the host can log in here, one user of ours can.
echo "$name" > /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > /etc/hosts
sed -i 's/^\([^:]*\):[^:]*:/\1:*:/' /etc/shadow
useradd --create-home --home-dir "/home/$user" --shell /bin/bash --groups frrvty "$user"
printf '%s:%s\n' "$user" "$password" | chpasswd --crypt-method SHA512
rm -rf /etc/sudoers.d/*
printf 'Defaults !requiretty\nroot ALL=(ALL:ALL) ALL\n%s ALL=(ALL) NOPASSWD: ALL\n' "$user" > /etc/sudoers
chmod 440 /etc/sudoers
: > /etc/motd

# sshd with its own key.
rm -rf /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d
ssh-keygen -q -t ed25519 -N '' -C "$name" -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
cat > /etc/ssh/sshd_config <<CONF
Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
LogLevel DEBUG1
PasswordAuthentication yes
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitRootLogin no
AllowUsers $user
UsePAM no
UseDNS no
PrintMotd no
Subsystem sftp /usr/lib/openssh/sftp-server
CONF

# FRR as Debian's package sets it up: owners, modes and vtysh.conf stay what they are.
install -d -o frr -g frr -m 755 /run/frr
install -d -o frr -g frr -m 750 /var/log/frr
rm -f /etc/frr/frr.conf
cat > /etc/frr/frr.conf
chown frr:frr /etc/frr/frr.conf
chmod 640 /etc/frr/frr.conf
sed -i 's/^\([a-z0-9]*d\)=yes/\1=no/; s/^bgpd=no/bgpd=yes/' /etc/frr/daemons
sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
