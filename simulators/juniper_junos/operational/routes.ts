/** The routing table, as far as the configuration alone makes one: addresses of interfaces and static routes. */
import { select } from "../config/tree.ts";
import type { JunosDevice } from "../device.ts";
import { duration } from "../dates.ts";
import { interfaces } from "./network.ts";

export interface Route {
  readonly prefix: string;
  readonly protocol: "Direct" | "Local" | "Static";
  readonly preference: number;
  /** Where it leads: a unit, a unit's own address, a neighbour, or nowhere. */
  readonly next: { readonly kind: "via" | "local" | "to" | "discard"; readonly name: string };
}

function nextText({ kind, name }: Route["next"]): string {
  switch (kind) {
    case "via":
      return `>  via ${name}`;
    case "local":
      return `   Local via ${name}`;
    case "to":
      return `>  to ${name}`;
    case "discard":
      return "   Discard";
    default:
      return kind satisfies never;
  }
}

function network(address: string): string {
  const [ip = "", length = "32"] = address.split("/");
  const bits = Number(length);
  const number = ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - bits);
  const base = Math.floor(number / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${bits}`;
}

export function routeTable(device: JunosDevice): Route[] {
  const own = interfaces(device).flatMap((physical) =>
    physical.units
      .filter((unit) => unit.up)
      .flatMap((unit) =>
        unit.families
          .filter((family) => family.name === "inet")
          .flatMap((family) => family.addresses)
          .flatMap((address): Route[] => {
            const ip = address.split("/")[0] ?? "";
            const direct: Route = {
              prefix: network(address),
              protocol: "Direct",
              preference: 0,
              next: { kind: "via", name: unit.name },
            };
            if (address.endsWith("/32")) return [direct];
            return [
              direct,
              { prefix: `${ip}/32`, protocol: "Local", preference: 0, next: { kind: "local", name: unit.name } },
            ];
          }),
      ),
  );
  const fixed = select(device.store.running, "routing-options static route *")
    .filter(({ statement }) => (statement.keys[0] ?? "").includes("."))
    .map(({ statement }): Route => {
      const leaf = (word: string) =>
        statement.children.find((child) => child.schema.words[0] === word && !child.inactive);
      const hop = leaf("next-hop")?.values[0];
      return {
        prefix: statement.keys[0] ?? "",
        protocol: "Static",
        preference: Number(leaf("preference")?.values[0] ?? 5),
        next: hop === undefined ? { kind: "discard", name: "" } : { kind: "to", name: hop },
      };
    });
  return [...own, ...fixed].toSorted((a, b) => a.prefix.localeCompare(b.prefix, "en", { numeric: true }));
}

export function routes(device: JunosDevice, only: string | undefined): string {
  const all = routeTable(device).filter(
    ({ prefix }) => only === undefined || prefix.split("/")[0] === only.split("/")[0],
  );
  if (all.length === 0) return "";
  const age = duration(device.clock.nowMs() - device.store.bootedAtMs);
  return `${[
    "",
    `inet.0: ${all.length} destinations, ${all.length} routes (${all.length} active, 0 holddown, 0 hidden)`,
    "+ = Active Route, - = Last Active, * = Both",
    "",
    ...all.flatMap((route) => [
      `${route.prefix.padEnd(18)} *[${route.protocol}/${route.preference}] ${age}`,
      `${" ".repeat(20)}${nextText(route.next)}`,
    ]),
  ].join("\n")}\n`;
}

export function routeSummary(device: JunosDevice): string {
  const all = routeTable(device);
  const leaf = (path: string) => select(device.store.running, path)[0]?.statement.values[0];
  const count = (protocol: Route["protocol"]) => all.filter((route) => route.protocol === protocol).length;
  const rows = (["Direct", "Local", "Static"] as const)
    .filter((protocol) => count(protocol) > 0)
    .map(
      (protocol) =>
        `${`${protocol}:`.padStart(21)}${String(count(protocol)).padStart(7)} routes,${String(count(protocol)).padStart(7)} active`,
    );
  return `${[
    ...(leaf("routing-options autonomous-system") === undefined
      ? []
      : [`Autonomous system number: ${leaf("routing-options autonomous-system") ?? ""}`]),
    `Router ID: ${leaf("routing-options router-id") ?? "0.0.0.0"}`,
    "",
    `inet.0: ${all.length} destinations, ${all.length} routes (${all.length} active, 0 holddown, 0 hidden)`,
    ...rows,
  ].join("\n")}\n`;
}
