/** The box itself: access, names, servers, what it reports of its configuration, and its chassis. */
import { boolean, container, leaf, leafList, list, oneOf, reported, string, text, uint } from "../schema.ts";
import { adminState, address, name, port, interfaceName } from "./types.ts";

const server = (children: Parameters<typeof list>[1]) => list({ address }, children);
const rpcDoor = container({ "admin-state": adminState, port: leaf(port), "tls-profile": leaf(name) });

const candidateType = oneOf("shared", "private");

export const system = container(
  {
    aaa: container(
      {
        authentication: container({
          "idle-timeout": leaf(uint(0, 65_535)),
          "authentication-method": leafList(name),
          "admin-user": container({ password: leaf({ kind: "secret", form: "crypt" }), superuser: leaf(boolean) }),
          user: list({ username: name }, { password: leaf({ kind: "secret", form: "crypt" }), role: leafList(name) }),
          session: list(
            { id: uint(0, 4_294_967_295) },
            { username: reported(string), "service-name": reported(string), "remote-host": reported(string) },
            { state: true },
          ),
        }),
        authorization: container({
          role: list(
            { rolename: name },
            { superuser: leaf(boolean), services: leafList(oneOf("cli", "gnmi", "json-rpc", "netconf")) },
          ),
        }),
        "server-group": list(
          { name },
          {
            type: leaf(oneOf("local", "tacacs", "radius")),
            "priv-lvl-authorization": leaf(boolean),
            timeout: leaf(uint(1, 1000)),
            server: server({
              "network-instance": leaf(name),
              tacacs: container({ port: leaf(port), "secret-key": leaf({ kind: "secret", form: "aes" }) }),
            }),
          },
        ),
      },
      { module: "srl_nokia-aaa" },
    ),
    banner: container(
      { "login-banner": leaf(string), "motd-banner": leaf(string) },
      { module: "srl_nokia-system-banner" },
    ),
    clock: container({ timezone: leaf(text(/^[A-Za-z0-9_+/-]+$/)) }, { module: "srl_nokia-timezones" }),
    configuration: container(
      {
        "auto-checkpoint": leaf(boolean),
        "auto-save": leaf(boolean),
        "max-candidates": leaf(uint(1, 255)),
        "max-checkpoints": leaf(uint(1, 255)),
        "idle-timeout": leaf(uint(0, 65_535)),
        "last-change": reported(string),
        checkpoint: list(
          { id: uint(0, 255) },
          {
            name: reported(string),
            comment: reported(string),
            created: reported(string),
            version: reported(string),
            username: reported(string),
          },
          { state: true },
        ),
        session: list(
          { id: uint(0, 4_294_967_295) },
          {
            type: reported(candidateType),
            name: reported(string),
            exclusive: reported(boolean),
            username: reported(string),
          },
          { state: true },
        ),
        candidate: list(
          { name },
          { type: reported(candidateType), username: reported(string), started: reported(string) },
          { state: true },
        ),
        commit: list(
          { id: uint(0, 4_294_967_295) },
          {
            type: reported(candidateType),
            name: reported(string),
            status: reported(oneOf("unconfirmed", "complete", "failed")),
            username: reported(string),
            started: reported(string),
          },
          { state: true },
        ),
      },
      { module: "srl_nokia-configuration" },
    ),
    dns: container(
      { "network-instance": leaf(name), "server-list": leafList(address), "search-list": leafList(name) },
      { module: "srl_nokia-dns" },
    ),
    "grpc-server": list(
      { name },
      {
        "admin-state": adminState,
        "rate-limit": leaf(uint(0, 65_535)),
        "tls-profile": leaf(name),
        "network-instance": leaf(name),
        services: leafList(oneOf("gnmi", "gnoi", "gribi", "p4rt")),
      },
      { module: "srl_nokia-grpc" },
    ),
    information: container(
      {
        contact: leaf(text(/^.{1,255}$/)),
        location: leaf(text(/^.{1,255}$/)),
        description: reported(string),
        "current-datetime": reported(string),
        "last-booted": reported(string),
        version: reported(string),
      },
      { module: "srl_nokia-system-info" },
    ),
    "json-rpc-server": container(
      {
        "admin-state": adminState,
        "network-instance": list(
          { name },
          { http: container({ "admin-state": adminState, port: leaf(port) }), https: rpcDoor },
        ),
      },
      { module: "srl_nokia-json-rpc" },
    ),
    lldp: container(
      {
        "admin-state": adminState,
        "hello-timer": leaf(uint(1, 65_535)),
        "chassis-id": reported(string),
        "system-name": reported(string),
        interface: list(
          { name: interfaceName },
          {
            "admin-state": adminState,
            neighbor: list(
              { id: string },
              {
                "chassis-id": reported(string),
                "port-id": reported(string),
                "system-name": reported(string),
                "first-message": reported(string),
                "last-update": reported(string),
              },
              { state: true },
            ),
          },
        ),
      },
      { module: "srl_nokia-lldp" },
    ),
    logging: container(
      {
        "network-instance": leaf(name),
        "subsystem-facility": leaf(
          oneOf("local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
        ),
        buffer: list(
          { "buffer-name": name },
          { persist: leaf(uint(0, 4_294_967_295)), rotate: leaf(uint(1, 99)), size: leaf(uint(1, 4_294_967_295)) },
        ),
        "remote-server": list(
          { host: name },
          {
            transport: leaf(oneOf("tcp", "udp")),
            "remote-port": leaf(port),
            facility: list(
              { "facility-name": name },
              {
                priority: container({
                  "match-above": leaf(
                    oneOf("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"),
                  ),
                }),
              },
            ),
          },
        ),
      },
      { module: "srl_nokia-logging" },
    ),
    mtu: container(
      {
        "default-port-mtu": leaf(uint(1500, 9500)),
        "default-ip-mtu": leaf(uint(1280, 9486)),
        "default-l2-mtu": leaf(uint(1500, 9500)),
      },
      { module: "srl_nokia-mtu" },
    ),
    name: container(
      {
        "domain-name": leaf(text(/^[A-Za-z0-9.-]{1,253}$/)),
        "host-name": leaf(text(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/)),
      },
      { module: "srl_nokia-system-name" },
    ),
    ntp: container(
      {
        "admin-state": adminState,
        "network-instance": leaf(name),
        server: server({ iburst: leaf(boolean), prefer: leaf(boolean) }),
      },
      { module: "srl_nokia-ntp" },
    ),
    snmp: container(
      {
        "access-group": list(
          { name },
          {
            "security-level": leaf(oneOf("no-auth-no-priv", "auth-priv")),
            "community-entry": list({ name }, { community: leaf({ kind: "secret", form: "aes" }) }),
          },
        ),
        "network-instance": list({ name }, { "admin-state": adminState }),
      },
      { module: "srl_nokia-snmp" },
    ),
    "ssh-server": list(
      { name },
      {
        "admin-state": adminState,
        "network-instance": leaf(name),
        "rate-limit": leaf(uint(0, 65_535)),
        timeout: leaf(uint(0, 65_535)),
      },
      { module: "srl_nokia-ssh" },
    ),
    tls: container(
      {
        "server-profile": list(
          { name },
          {
            key: leaf({ kind: "secret", form: "aes" }),
            certificate: leaf(string),
            "authenticate-client": leaf(boolean),
          },
        ),
      },
      { module: "srl_nokia-tls" },
    ),
  },
  { module: "srl_nokia-system" },
);

export const platform = container(
  {
    chassis: container(
      Object.fromEntries(
        ["type", "mac-address", "slots", "part-number", "clei-code", "serial-number", "manufactured-date"].map(
          (shown) => [shown, reported(string)],
        ),
      ),
      { module: "srl_nokia-platform-chassis", state: true },
    ),
    redundancy: container(
      { "active-module": reported(string) },
      { module: "srl_nokia-platform-redundancy", state: true },
    ),
    control: list(
      { slot: name },
      {
        "oper-state": reported(string),
        disk: list(
          { name },
          {
            partition: list(
              { name },
              Object.fromEntries(
                ["size", "used", "free", "percent-used", "mount-point"].map((shown) => [shown, reported(string)]),
              ),
              { state: true },
            ),
          },
          { state: true },
        ),
      },
      { module: "srl_nokia-platform-control", state: true },
    ),
  },
  { module: "srl_nokia-platform" },
);
