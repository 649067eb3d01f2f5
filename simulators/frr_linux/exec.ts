/** Commands of exec mode: what this router shows of itself. */
import { DAEMONS } from "./config/config.ts";
import {
  bgpSummary,
  bgpSummaryText,
  interfacesBrief,
  interfacesBriefText,
  ipRoutes,
  ipRoutesText,
  prefixLists,
} from "./show.ts";
import { Grammar } from "./syntax.ts";
import type { Router } from "./router.ts";
import type { Said, Vtysh } from "./vtysh.ts";

export type Show = (router: Router, args: Readonly<Record<string, string>>, vtysh: Vtysh) => Said;

export type ExecCommand =
  | { readonly kind: "configure" }
  | { readonly kind: "end" }
  | { readonly kind: "exit" }
  | { readonly kind: "write" }
  | { readonly kind: "nothing" }
  | { readonly kind: "show"; readonly show: Show };

const text = (out: string, code = 0): Said => ({ out, err: "", code });
const show = (run: (router: Router, args: Readonly<Record<string, string>>, vtysh: Vtysh) => string): ExecCommand => ({
  kind: "show",
  show: (router, args, vtysh) => text(run(router, args, vtysh)),
});

/** A daemon that is asked and does not run. */
function of(daemon: string, run: (router: Router, args: Readonly<Record<string, string>>) => string): ExecCommand {
  return {
    kind: "show",
    show: (router, args) => {
      const runs = [...router.alive].some((one) => one === daemon);
      return runs ? text(run(router, args)) : { out: "", err: `${daemon} is not running\n`, code: 1 };
    },
  };
}

const HEAD = "Building configuration...\n\nCurrent configuration:\n!\n";

function version({ facts }: Router): string {
  return [
    `FRRouting ${facts.version} (${facts.hostname}) on Linux(6.1.0-26-amd64).`,
    "Copyright 1996-2005 Kunihiro Ishiguro, et al.",
    "configured with:",
    "    '--build=x86_64-linux-gnu' '--prefix=/usr' '--localstatedir=/var/run/frr' '--sbindir=/usr/lib/frr' '--sysconfdir=/etc/frr' '--enable-multipath=256' '--enable-user=frr' '--enable-group=frr' '--enable-vty-group=frrvty'",
    "",
  ].join("\n");
}

function watchfrr({ alive }: Router): string {
  return [
    "watchfrr global phase: Idle",
    ' Restart Command: "/usr/lib/frr/watchfrr.sh restart %s"',
    ' Start Command: "/usr/lib/frr/watchfrr.sh start %s"',
    ' Stop Command: "/usr/lib/frr/watchfrr.sh stop %s"',
    " Min Restart Interval: 60",
    " Max Restart Interval: 600",
    " Restart Timeout: 20",
    ...DAEMONS.map((daemon) => `  ${daemon.padEnd(20)} ${alive.has(daemon) ? "Up" : "Down"}`),
    "",
  ].join("\n");
}

export const exec = new Grammar<ExecCommand>();
const commands: readonly (readonly [string, ExecCommand])[] = [
  ["configure [terminal [file-lock]]", { kind: "configure" }],
  ["<exit|quit>", { kind: "exit" }],
  ["end", { kind: "end" }],
  ["enable", { kind: "nothing" }],
  ["terminal length (0-512)", { kind: "nothing" }],
  ["write [<memory|file|integrated>]", { kind: "write" }],
  ["copy running-config startup-config", { kind: "write" }],
  [
    "<show running-config|write terminal>",
    show((router, _args, vtysh) => HEAD + router.running(router.config, vtysh.service)),
  ],
  ["show running-config no-header", show((router, _args, vtysh) => router.running(router.config, vtysh.service))],
  ["show startup-config", { kind: "nothing" }],
  ["show version", show(version)],
  ["show watchfrr", show(watchfrr)],
  [
    "show daemons",
    show(
      ({ alive }) =>
        ` ${["zebra", "bgpd", "watchfrr", "staticd"].filter((one) => one === "watchfrr" || [...alive].some((up) => up === one)).join(" ")}\n`,
    ),
  ],
  ["show interface brief json", of("zebra", interfacesBrief)],
  ["show interface brief", of("zebra", interfacesBriefText)],
  ["show ip route json", of("zebra", ipRoutes)],
  ["show ip route", of("zebra", ipRoutesText)],
  ["show [ip] bgp [ipv4 [unicast]] summary json", of("bgpd", bgpSummary)],
  ["show [ip] bgp [ipv4 [unicast]] summary", of("bgpd", bgpSummaryText)],
  ["show ip prefix-list [WORD$name]", show((router, args) => prefixLists(router, args["name"]))],
  ["show ip ospf neighbor [json]", of("ospfd", () => "")],
];
for (const [syntax, command] of commands) exec.add(syntax, command);
