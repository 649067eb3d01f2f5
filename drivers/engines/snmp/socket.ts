import { createSocket, type Socket as UdpSocket } from "node:dgram";
import type { Socket } from "net-snmp";

export interface SocketEvents {
  sent(bytes: Buffer): void;
  /** True where the library may see it. */
  received(bytes: Buffer): boolean;
  failed(error: NodeJS.ErrnoException): void;
}

/**
 * The socket that net-snmp is given. It is connected, so that the kernel keeps out what comes from anywhere else and tells of a closed
 * port (the library's own takes a datagram from any sender); and every datagram is judged before the library sees it.
 */
export function openSocket(address: string, port: number, events: SocketEvents): Socket {
  const socket: UdpSocket = createSocket(address.includes(":") ? "udp6" : "udp4");
  let onMessage: ((bytes: Buffer) => void) | undefined;
  let onClose: (() => void) | undefined;
  let isClosed = false;
  socket.on("error", (error) => {
    if (!isClosed) events.failed(error);
  });
  socket.on("message", (bytes) => {
    if (isClosed || !events.received(bytes)) return;
    try {
      onMessage?.(bytes);
    } catch (error) {
      events.failed(error instanceof Error ? error : new Error(String(error)));
    }
  });
  let isConnected = false;
  const onConnected: (() => void)[] = [];
  // The types do not say that a name that is not found comes back this way.
  const connected = (error?: unknown): void => {
    if (isClosed) return;
    if (error instanceof Error) return events.failed(error);
    isConnected = true;
    for (const ready of onConnected.splice(0)) ready();
  };
  socket.connect(port, address, connected);
  return {
    on(event: "message" | "close" | "error", fn: ((bytes: Buffer) => void) | (() => void) | ((error: Error) => void)) {
      if (event === "message") onMessage = fn as (bytes: Buffer) => void;
      if (event === "close") onClose = fn as () => void;
    },
    send(bytes, offset, length, _port, _address, done) {
      const datagram = bytes.subarray(offset, offset + length);
      events.sent(datagram);
      const ready = (): void => {
        if (isClosed) return;
        // The library knows a request only from here on: before its answer can come.
        done(null);
        try {
          socket.send(datagram, (error) => {
            if (error !== null && !isClosed) events.failed(error);
          });
        } catch (error) {
          events.failed(error instanceof Error ? error : new Error(String(error)));
        }
      };
      if (isConnected) ready();
      else onConnected.push(ready);
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      socket.close();
      onClose?.();
    },
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  };
}
