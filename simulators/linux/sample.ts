/** Somebody's host, made from a seed: the same seed gives the same bytes. */
import { randomFrom, serialFrom } from "../fleet/generate.ts";
import type { Sample, SampleOptions } from "../kit/sample.ts";
import { printConfig, type ConfigFile } from "./text.ts";

export function sampleLinux({ seed, index = 0, interfaces = 4, username = "netops" }: SampleOptions): Sample {
  const random = randomFrom(seed * 7919 + index);
  const pick = (below: number): number => Math.floor(random() * below);
  const token = (): string => pick(1e9).toString(36);
  const hostname = `s${String(Math.floor(index / 2) + 1).padStart(4, "0")}-srv${(index % 2) + 1}`;
  const [high, low] = [Math.floor(index / 250) % 250, index % 250];
  const file = (path: string, lines: readonly string[], mode = "0644"): ConfigFile => ({
    path,
    mode,
    owner: "0:0",
    content: lines.map((line) => `${line}\n`).join(""),
  });
  const ports = Array.from({ length: interfaces }, (_, at) => at + 1);
  const files = [
    file("/etc/hostname", [hostname]),
    file("/etc/hosts", [
      "127.0.0.1 localhost",
      `127.0.1.1 ${hostname}`,
      `10.255.0.${pick(250) + 1} log`,
      "::1 localhost ip6-localhost",
    ]),
    file("/etc/resolv.conf", ["search example.net", "nameserver 10.255.0.53", "nameserver 10.255.1.53"]),
    file("/etc/nsswitch.conf", ["passwd: files", "group: files", "shadow: files", "hosts: files dns"]),
    file("/etc/motd", [
      `${hostname}: property of ${["the plant", "the branch", "the lab"][pick(3)] ?? ""}, rack ${pick(40) + 1}`,
    ]),
    file("/etc/timezone", ["Europe/Vienna"]),
    file("/etc/network/interfaces", [
      "source /etc/network/interfaces.d/*",
      "auto lo",
      "iface lo inet loopback",
      "auto eth0",
      "iface eth0 inet static",
      `    address 10.${high}.${low}.10/24`,
      `    gateway 10.${high}.${low}.1`,
    ]),
    ...ports.map((port) =>
      file(`/etc/network/interfaces.d/eth${port}`, [
        `# ${token()}`,
        `auto eth${port}`,
        `iface eth${port} inet static`,
        `    address 172.16.${(port * 4) % 250}.${pick(250) + 1}/24`,
        ...(port % 2 === 0 ? ["    mtu 9000"] : []),
        ...(port === 1 ? [`    up ip route add 10.${pick(200) + 20}.0.0/16 via 172.16.4.254`] : []),
      ]),
    ),
    file("/etc/ssh/sshd_config", [
      "Include /etc/ssh/sshd_config.d/*.conf",
      "PermitRootLogin no",
      "PasswordAuthentication yes",
      "KbdInteractiveAuthentication yes",
      "UsePAM yes",
      "X11Forwarding no",
      "Subsystem sftp /usr/lib/openssh/sftp-server",
    ]),
    file(
      "/etc/sudoers",
      [
        "Defaults env_reset",
        "root ALL=(ALL:ALL) ALL",
        `${username} ALL=(ALL) NOPASSWD: ALL`,
        "@includedir /etc/sudoers.d",
      ],
      "0440",
    ),
    file("/etc/sudoers.d/watch", [`watch ALL=(root) NOPASSWD: /usr/bin/uptime`], "0440"),
    file("/etc/sysctl.d/50-net.conf", [`net.ipv4.conf.all.rp_filter = ${pick(3)}`]),
    file("/etc/chrony/chrony.conf", [
      "confdir /etc/chrony/conf.d",
      "driftfile /var/lib/chrony/chrony.drift",
      "makestep 1 3",
      "rtcsync",
    ]),
    file("/etc/chrony/conf.d/servers.conf", ["server 10.255.0.20 iburst", "server 10.255.1.20 iburst"]),
    file("/etc/cron.d/backup", [
      `BACKUP_TOKEN=${token()}${token()}`,
      `${pick(60)} ${pick(6)} * * * root /usr/local/bin/backup`,
    ]),
  ];
  const services = [
    { name: "ssh", enabled: "enabled", active: "active" },
    { name: "cron", enabled: "enabled", active: "active" },
    { name: "chrony", enabled: "enabled", active: "active" },
    { name: "rsyslog", enabled: "disabled", active: "inactive" },
  ] as const;
  return { hostname, serial: serialFrom(random), config: printConfig({ files, links: [], services }) };
}
