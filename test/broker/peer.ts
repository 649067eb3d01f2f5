import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Pair } from "../support/authority.ts";

export interface Way {
  readonly port: number;
  readonly ca: string;
}

/** One MQTT client with one certificate, which never reconnects by itself: an end is an end. */
export class Peer {
  readonly client: MqttClient;
  readonly received: string[] = [];
  readonly closed: Promise<void>;
  /** Undefined once it is connected, else why not. */
  readonly refused: Promise<string | undefined>;
  isClosed = false;
  disconnectReason: number | undefined;

  constructor(way: Way, pair: Pair, options: IClientOptions = {}) {
    this.client = mqtt.connect({
      protocol: "mqtts",
      host: "127.0.0.1",
      port: way.port,
      ca: way.ca,
      cert: pair.cert,
      key: pair.key,
      protocolVersion: 5,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: 20_000,
      clientId: "any",
      ...options,
    });
    const errors: string[] = [];
    this.client.on("error", (error) => errors.push(error.message));
    this.client.on("message", (topic) => this.received.push(topic));
    this.client.on("disconnect", (packet) => {
      this.disconnectReason = packet.reasonCode;
    });
    this.closed = new Promise((resolve) => {
      this.client.on("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
    this.refused = new Promise((resolve) => {
      this.client.once("connect", () => resolve(undefined));
      this.client.once("close", () => resolve(errors.join("; ") || "closed"));
    });
  }

  /** The broker's answer to each filter: 135 is "not authorised". */
  async subscribe(...topics: string[]): Promise<number[]> {
    const granted = await new Promise<number[]>((resolve, reject) => {
      this.client.subscribe(topics, { qos: 1 }, (error, _granted, packet) => {
        const codes = packet?.granted;
        if (codes) resolve(codes.map(Number));
        else reject(error ?? new Error("no SUBACK"));
      });
    });
    return granted;
  }

  /** The reason code of the PUBACK, or "closed". */
  async publish(topic: string, payload: string | Buffer = "x", retain = false): Promise<number | "closed"> {
    const acknowledged = new Promise<number>((resolve) => {
      this.client.publish(topic, payload, { qos: 1, retain }, (error, packet) => {
        const code = error && "code" in error ? Number(error.code) : undefined;
        if (code !== undefined && !Number.isNaN(code)) resolve(code);
        else if (!error) resolve(packet && "reasonCode" in packet ? Number(packet.reasonCode ?? 0) : 0);
      });
    });
    return Promise.race([acknowledged, this.closed.then(() => "closed" as const)]);
  }

  end(): void {
    this.client.end(true);
  }
}
