/**
 * What this device knows of SR Linux 24.10's models, named and shaped as in Nokia's YANG browser (yang.srlinux.dev). What is not here is
 * refused as an unknown element, as the device refuses what its own models lack.
 */
import { container } from "../schema.ts";
import { acl } from "./acl.ts";
import { interfaceList } from "./interfaces.ts";
import { networkInstance } from "./network.ts";
import { routingPolicy } from "./routing.ts";
import { platform, system } from "./system.ts";

export const ROOT = container({
  acl,
  interface: interfaceList,
  "network-instance": networkInstance,
  platform,
  "routing-policy": routingPolicy,
  system,
});
