import { z } from "zod";
import { DeviceId, Digest } from "../ids.ts";
import { Address, HostKey } from "./inventory.ts";

/** What a device showed as its host keys at the address that signed inventory names: the output of a check, under an agent's receipt. */
export const HostKeysSeen = z.strictObject({
  type: z.literal("host-keys"),
  v: z.literal(1),
  device: DeviceId,
  address: Address,
  port: z.int().min(1).max(65_535),
  inventory: Digest,
  keys: z.array(HostKey).min(1).max(8),
});
export type HostKeysSeen = z.infer<typeof HostKeysSeen>;
