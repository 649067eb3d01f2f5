/** The configuration modes and what their prompts are called. */
import { shortInterface } from "./interfaces.ts";

export type Mode =
  | "global"
  | "interface"
  | "vlan"
  | "vrf"
  | "bgp"
  | "bgp-af"
  | "bgp-vrf"
  | "bgp-vlan"
  | "ospf"
  | "acl"
  | "acl-standard"
  | "prefix-list"
  | "route-map"
  | "class-map"
  | "policy-map"
  | "policy-class"
  | "control-plane"
  | "aaa-group"
  | "role"
  | "api-http"
  | "management"
  | "management-ssh"
  | "management-vrf"
  | "free";

/** What a prompt shows between the parentheses after `config` or `config-s-NAME6`; `line` is the one that opened the mode. */
export function promptOf(mode: Mode, line: string): string {
  const words = line.split(" ");
  const last = words.at(-1) ?? "";
  switch (mode) {
    case "global":
      return "";
    case "interface":
      return `-if-${shortInterface(last)}`;
    case "vlan":
      return `-vlan-${last}`;
    case "vrf":
      return `-vrf-${last}`;
    case "bgp":
      return "-router-bgp";
    case "bgp-af":
      return "-af";
    case "bgp-vrf":
      return `-vrf-${last}`;
    case "bgp-vlan":
      return `-macvrf-${last}`;
    case "ospf":
      return "-router-ospf";
    case "acl":
      return `-acl-${last}`;
    case "acl-standard":
      return `-std-acl-${last}`;
    case "prefix-list":
      return `-ip-pfx`;
    case "route-map":
      return `-route-map-${words[1] ?? ""}`;
    case "class-map":
      return `-cmap-${last}`;
    case "policy-map":
      return `-pmap-${last}`;
    case "policy-class":
      return `-c-${last}`;
    case "control-plane":
      return "-cp";
    case "aaa-group":
      return `-sg-${(words[3] ?? "").replace("+", "")}-${last}`;
    case "role":
      return `-role-${last}`;
    case "api-http":
      return "-mgmt-api-http-cmds";
    case "management":
    case "management-ssh":
      return `-mgmt-${words.slice(1).join("-")}`;
    case "management-vrf":
      return `-vrf-${last}`;
    case "free":
      return `-${words.join("-").slice(0, 16)}`;
    default:
      return mode satisfies never;
  }
}
