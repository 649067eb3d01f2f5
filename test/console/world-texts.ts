/** Texts of the stub's devices, hostile ones among them. */
export const BIDI = "\u202e";
export const ANSI = "\u001b[2J\u001b[31m";
export const IMG = `<img src=x onerror="window.pwned=1">`;

export const deviceName = (index: number): string =>
  `${index < 8 ? "ams-1" : "fra-2"}-r${String(index < 8 ? index + 1 : index - 7).padStart(2, "0")}`;

export function configText(index: number, version: number): string {
  const interfaces = Array.from({ length: 24 }, (_, port) =>
    [
      `interface GigabitEthernet0/${port}`,
      ` description ${port === 1 && version > 1 ? `uplink ${IMG}` : `port ${port}`}`,
      ` ip address 10.${index}.${port}.1 255.255.255.0`,
      "!",
    ].join("\n"),
  );
  return [
    `hostname ${deviceName(index)}`,
    "!",
    "banner motd ^C",
    `  ${IMG} ${BIDI}only authorised use`,
    "^C",
    ...interfaces,
    version > 0 ? "ntp server 10.0.0.1" : "ntp server 10.9.9.9",
    "end",
    "",
  ].join("\n");
}

export const planDiff = (odd: boolean): string =>
  JSON.stringify([
    { op: "remove", path: ["router bgp 65010"], line: "neighbor 10.0.0.9 shutdown" },
    { op: "add", path: ["router bgp 65010"], line: "neighbor 10.0.0.9 remote-as 65020" },
    { op: "add", path: ["router bgp 65010"], line: "neighbor 10.0.0.9 password ‹secret:k4bq2m7xw3tn5r6d›" },
    {
      op: "add",
      path: ["router bgp 65010", "address-family ipv4"],
      line: "neighbor 10.0.0.9 prefix-list UPLINK-IN in",
    },
    { op: "add", path: ["router bgp 65010", "address-family ipv4"], line: "neighbor 10.0.0.9 maximum-prefix 500" },
    { op: "add", path: [], line: "ip prefix-list UPLINK-IN seq 5 permit 10.20.0.0/16 le 24" },
    ...(odd ? [{ op: "add", path: ["interface GigabitEthernet0/1"], line: `description ${IMG}${BIDI}uplink` }] : []),
  ]);

export const planCommands = (odd: boolean): string =>
  JSON.stringify([
    "configure terminal revert timer 5",
    "ip prefix-list UPLINK-IN seq 5 permit 10.20.0.0/16 le 24",
    "router bgp 65010",
    "no neighbor 10.0.0.9 shutdown",
    "neighbor 10.0.0.9 remote-as 65020",
    'neighbor 10.0.0.9 password ‹secret("bgp-uplink")›',
    "address-family ipv4",
    "neighbor 10.0.0.9 prefix-list UPLINK-IN in",
    "neighbor 10.0.0.9 maximum-prefix 500",
    ...(odd ? ["interface GigabitEthernet0/1", `description ${IMG}${BIDI}uplink`] : []),
    "end",
  ]);
