/** mosquitto.conf: every line of it comes from here, and only these values vary. */
import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";

const Path = z.string().regex(/^\/[A-Za-z0-9._/-]{1,250}$/, "must be an absolute path of plain characters");

export const Settings = z.strictObject({
  address: z.string().regex(/^[0-9A-Fa-f.:]{2,45}$/, "must be an IP address"),
  port: z.int().min(1).max(65_535),
  /** The CA of the broker's clients and of nothing else: whoever it signs for can connect. */
  ca: Path,
  cert: Path,
  key: Path,
  rules: Path,
  plugin: Path,
});
export type Settings = z.infer<typeof Settings>;

export const PACKET_BYTES_MAX = 262_144;

export function configurationFor(settings: Settings): string {
  const read = Settings.safeParse(settings);
  if (!read.success) throw new FarhandError("BROKER_RULES", z.prettifyError(read.error));
  const { address, port, ca, cert, key, rules, plugin } = read.data;
  return `# Made by deploy/broker from the signed agents list. A changed line is refused at the next start.
per_listener_settings false
allow_anonymous false
allow_zero_length_clientid false
plugin ${plugin}
plugin_opt_config_file ${rules}

# The broker is a pipe: nothing of it outlives a restart, and each queue has an end.
persistence false
retain_available false
check_retain_source true
message_size_limit ${PACKET_BYTES_MAX}
max_packet_size ${PACKET_BYTES_MAX}
max_keepalive 120
max_inflight_messages 20
max_queued_messages 200
max_queued_bytes 8388608
queue_qos0_messages false
persistent_client_expiration 1h
memory_limit 2147483648
sys_interval 0
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information

listener ${port} ${address}
max_connections 25000
max_topic_alias 0
tls_version tlsv1.3
cafile ${ca}
certfile ${cert}
keyfile ${key}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
`;
}

/** The values of a configuration that this module has written. */
export function settingsIn(text: string): Settings {
  const values = new Map(
    text.split("\n").map((line) => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]),
  );
  const [port, address] = (values.get("listener") ?? "").split(" ");
  const read = Settings.safeParse({
    address,
    port: Number(port),
    ca: values.get("cafile"),
    cert: values.get("certfile"),
    key: values.get("keyfile"),
    rules: values.get("plugin_opt_config_file"),
    plugin: values.get("plugin"),
  });
  if (!read.success) throw new FarhandError("BROKER_RULES", z.prettifyError(read.error));
  return read.data;
}
