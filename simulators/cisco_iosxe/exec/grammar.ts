/** The exec commands that the box knows. `show` pipes are cut off before this. */
import { patterns } from "../../kit/match.ts";

export type ExecCommand =
  | "archive-config"
  | "configure-confirm"
  | "configure-replace"
  | "configure-revert-now"
  | "configure-revert-timer"
  | "configure-terminal"
  | "copy"
  | "delete"
  | "dir"
  | "disable"
  | "enable"
  | "exit"
  | "more"
  | "reload"
  | "show-archive"
  | "show-arp"
  | "show-cdp"
  | "show-lldp"
  | "show-ospf"
  | "show-routes"
  | "show-differences"
  | "show-incremental"
  | "show-rollback-timer"
  | "show-clock"
  | "show-interface-brief"
  | "show-inventory"
  | "show-privilege"
  | "show-redundancy"
  | "show-running"
  | "show-running-interface"
  | "show-startup"
  | "show-tech"
  | "show-users"
  | "show-version"
  | "show-prefix-list"
  | "show-bgp-summary"
  | "show-logging"
  | "tclsh"
  | "terminal-length"
  | "terminal-width"
  | "terminal-ignored"
  | "write-memory";

export const EXEC = patterns<ExecCommand>([
  ["archive-config", "archive config"],
  ["configure-confirm", "configure confirm"],
  ["configure-replace", "configure replace URL …"],
  ["configure-revert-now", "configure revert now"],
  ["configure-revert-timer", "configure revert timer NUM"],
  ["configure-revert-timer", "configure revert timer idle NUM"],
  ["configure-terminal", "configure terminal"],
  ["configure-terminal", "configure terminal revert timer NUM"],
  ["configure-terminal", "configure terminal revert timer idle NUM"],
  ["copy", "copy URL URL"],
  ["delete", "delete URL"],
  ["delete", "delete /force URL"],
  ["dir", "dir …"],
  ["disable", "disable"],
  ["enable", "enable"],
  ["enable", "enable NUM"],
  ["exit", "exit"],
  ["exit", "logout"],
  ["exit", "quit"],
  ["more", "more URL"],
  ["reload", "reload …"],
  ["show-archive", "show archive"],
  ["show-differences", "show archive config differences …"],
  ["show-incremental", "show archive config incremental-diffs URL"],
  ["show-incremental", "show archive config incremental-diffs URL ignorecase"],
  ["show-rollback-timer", "show archive config rollback timer"],
  ["show-clock", "show clock"],
  ["show-arp", "show ip arp"],
  ["show-arp", "show arp"],
  ["show-cdp", "show cdp neighbors"],
  ["show-lldp", "show lldp neighbors"],
  ["show-ospf", "show ip ospf neighbor"],
  ["show-routes", "show ip route"],
  ["show-interface-brief", "show ip interface brief"],
  ["show-prefix-list", "show ip prefix-list"],
  ["show-prefix-list", "show ip prefix-list WORD"],
  ["show-bgp-summary", "show ip bgp summary"],
  ["show-bgp-summary", "show bgp ipv4 unicast summary"],
  ["show-inventory", "show inventory"],
  ["show-logging", "show logging"],
  ["show-privilege", "show privilege"],
  ["show-redundancy", "show redundancy"],
  ["show-running", "show running-config"],
  ["show-running", "show running-config all|brief|full"],
  ["show-running", "show running-config view full"],
  ["show-running-interface", "show running-config interface LINE"],
  ["show-startup", "show startup-config"],
  ["show-tech", "show tech-support"],
  ["show-users", "show users"],
  ["show-version", "show version"],
  ["tclsh", "tclsh"],
  ["terminal-length", "terminal length NUM"],
  ["terminal-width", "terminal width NUM"],
  ["terminal-ignored", "terminal monitor"],
  ["terminal-ignored", "terminal no monitor"],
  ["terminal-ignored", "terminal history …"],
  ["terminal-ignored", "terminal exec prompt …"],
  ["write-memory", "write"],
  ["write-memory", "write memory"],
]);

/** Commands of the user level. */
export const UNPRIVILEGED: ReadonlySet<ExecCommand> = new Set<ExecCommand>([
  "enable",
  "disable",
  "exit",
  "show-clock",
  "show-interface-brief",
  "show-inventory",
  "show-privilege",
  "show-users",
  "show-version",
  "terminal-length",
  "terminal-width",
  "terminal-ignored",
]);
