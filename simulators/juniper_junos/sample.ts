/** A configuration of somebody's edge box, made from a seed: the same seed gives the same bytes. */
import { randomFrom, serialFrom, type GeneratedDevice, type GenerateOptions } from "../fleet/generate.ts";
import { hashPassword, hide } from "./config/secrets.ts";

const CARRIERS = ["Lumen", "Colt", "Telia", "NTT", "Zayo", "BT"];
const ROLES = ["uplink", "branch LAN", "to core", "backup path", "voice", "cameras", "PLC segment", "guest"];
const PORTS_PER_PIC = 48;

/** `profile.archive` means nothing here: every Junos box has its rollbacks. */
export function sampleJuniperJunos(options: GenerateOptions): GeneratedDevice {
  const { index, profile, username } = options;
  const random = randomFrom(options.seed * 6_151 + index);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? "";
  const site = String(Math.floor(index / 4) + 1).padStart(4, "0");
  const hostname = `s${site}-jnp${String((index % 4) + 1).padStart(2, "0")}`;
  const serial = serialFrom(random);
  const secret = (what: string): string => `${what}/${options.seed}/${index}/${Math.floor(random() * 1e9)}`;
  const octets = [10 + Math.floor(index / 60_000), Math.floor(index / 250) % 250, index % 250];
  const loopback = `192.0.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`;
  const links = Array.from({ length: profile.interfaces }, (_, number) => {
    const at = number * 4;
    const used = number === 0 || random() < 0.8;
    return {
      name: `ge-0/${Math.floor(number / PORTS_PER_PIC)}/${number % PORTS_PER_PIC}`,
      description: `${pick(ROLES)} ${pick(CARRIERS)} circuit ${String(Math.floor(random() * 1e6)).padStart(6, "0")}`,
      address: used
        ? `172.${16 + Math.floor(at / 65_536)}.${Math.floor(at / 256) % 256}.${(at % 256) + 1}/30`
        : undefined,
      peer: `172.${16 + Math.floor(at / 65_536)}.${Math.floor(at / 256) % 256}.${(at % 256) + 2}`,
    };
  });
  const neighbors = Array.from({ length: profile.bgpNeighbors }, (_, number) => ({
    peer: links[number % links.length]?.peer ?? "172.16.0.2",
    number,
  })).filter((one, at, all) => all.findIndex((other) => other.peer === one.peer) === at);
  const lines = [
    `version ${options.version};`,
    "system {",
    `    host-name ${hostname};`,
    "    domain-name lab.example.net;",
    "    root-authentication {",
    `        encrypted-password "${hashPassword(secret("root"))}"; ## SECRET-DATA`,
    "    }",
    "    login {",
    ...(profile.banner
      ? ['        message "*** Authorised users only. ###\\nProblems? noc> call +1 555 0100 #";']
      : []),
    `        user ${username} {`,
    "            uid 2000;",
    "            class super-user;",
    "            authentication {",
    `                encrypted-password "${hashPassword(secret("user"))}"; ## SECRET-DATA`,
    "            }",
    "        }",
    "    }",
    "    radius-server {",
    "        10.255.0.30 {",
    `            secret "${hide(secret("radius"))}"; ## SECRET-DATA`,
    "        }",
    "    }",
    "    services {",
    "        ssh {",
    "            root-login deny;",
    "            protocol-version v2;",
    "        }",
    "        netconf {",
    "            ssh;",
    "        }",
    "    }",
    "    syslog {",
    "        host 10.255.0.10 {",
    "            any notice;",
    "        }",
    "        file messages {",
    "            any notice;",
    "            authorization info;",
    "        }",
    "    }",
    "    ntp {",
    "        server 10.255.0.20;",
    "        server 10.255.0.21;",
    "    }",
    "}",
    "interfaces {",
    ...links.flatMap(({ name, description, address }) => [
      `    ${name} {`,
      `        description "${description}";`,
      ...(address === undefined
        ? ["        disable;"]
        : [
            "        unit 0 {",
            "            family inet {",
            `                address ${address};`,
            "            }",
            "        }",
          ]),
      "    }",
    ]),
    "    fxp0 {",
    "        unit 0 {",
    "            family inet {",
    `                address ${octets.join(".")}.10/24;`,
    "            }",
    "        }",
    "    }",
    "    lo0 {",
    "        unit 0 {",
    "            family inet {",
    `                address ${loopback}/32;`,
    "            }",
    "        }",
    "    }",
    "}",
    "snmp {",
    `    location "Site ${site}";`,
    '    contact "noc@lab.example.net";',
    `    community rx${Math.floor(random() * 1e9).toString(36)} {`,
    "        authorization read-only;",
    "    }",
    "}",
    "policy-options {",
    ...(profile.prefixListEntries > 0
      ? [
          "    prefix-list PL-IN {",
          ...Array.from(
            { length: profile.prefixListEntries },
            (_, number) => `        10.${Math.floor(number / 256) % 256}.${number % 256}.0/24;`,
          ),
          "    }",
        ]
      : []),
    "    policy-statement EXPORT {",
    "        term direct {",
    "            from protocol direct;",
    "            then accept;",
    "        }",
    "        term rest {",
    "            then reject;",
    "        }",
    "    }",
    "}",
    "routing-options {",
    `    router-id ${loopback};`,
    `    autonomous-system ${64_512 + (index % 1000)};`,
    "    static {",
    `        route 0.0.0.0/0 next-hop ${octets.join(".")}.1;`,
    "    }",
    "}",
    "protocols {",
    ...(neighbors.length > 0
      ? [
          "    bgp {",
          "        group EBGP {",
          "            type external;",
          `            authentication-key "${hide(secret("bgp"))}"; ## SECRET-DATA`,
          "            export EXPORT;",
          ...neighbors.flatMap(({ peer, number }) => [
            `            neighbor ${peer} {`,
            `                description ${pick(CARRIERS)};`,
            `                peer-as ${65_000 + number};`,
            "            }",
          ]),
          "        }",
          "    }",
        ]
      : []),
    "    lldp {",
    "        interface all;",
    "    }",
    "}",
  ];
  return { hostname, serial, config: `${lines.join("\n")}\n` };
}
