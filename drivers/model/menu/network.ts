/** The network of an IPv4 address with its length, as RouterOS shows it beside the address: `10.1.2.3/22` is in `10.1.0.0`. */
export function networkOf(address: string): string | undefined {
  const found = /^(?<a>\d{1,3})\.(?<b>\d{1,3})\.(?<c>\d{1,3})\.(?<d>\d{1,3})(?:\/(?<length>\d{1,2}))?$/v.exec(
    address,
  )?.groups;
  if (!found) return undefined;
  const parts = [found["a"], found["b"], found["c"], found["d"]].map(Number);
  const size = 2 ** (32 - Number(found["length"] ?? 32));
  const network = Math.floor(parts.reduce((all, part) => all * 256 + part, 0) / size) * size;
  return [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join(".");
}
