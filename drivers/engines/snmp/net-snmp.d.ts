/**
 * The part of net-snmp 3.29 that the engine uses, and no more: `set`, `trap` and `inform` are not declared, so that no line of ours
 * can ask a device to change. DefinitelyTyped's types leave out the socket, the keys and the cancelling.
 */
declare module "net-snmp" {
  export type Callback = (error: Error | null, varbinds?: unknown) => void;

  export interface User {
    name: string;
    level: number;
    authProtocol?: number;
    authKey?: string;
    privProtocol?: number;
    privKey?: string;
  }

  export interface Socket {
    on(event: "message", fn: (bytes: Buffer) => void): void;
    on(event: "close", fn: () => void): void;
    on(event: "error", fn: (error: Error) => void): void;
    send(
      bytes: Buffer,
      offset: number,
      length: number,
      port: number,
      address: string,
      done: (error: Error | null) => void,
    ): void;
    close(): void;
    ref(): void;
    unref(): void;
  }

  export interface Options {
    version: number;
    port: number;
    retries: number;
    timeout: number;
    context?: string;
    dgramModule?: { createSocket(transport: string): Socket };
  }

  export interface Session {
    get(oids: string[], done: Callback): void;
    getBulk(oids: string[], nonRepeaters: number, maxRepetitions: number, done: Callback): void;
    cancelRequests(error: Error): void;
    close(): void;
    on(event: "error", fn: (error: Error) => void): void;
  }

  export interface Engine {
    engineID: Buffer;
    engineBoots: number;
    engineTime: number;
  }

  const snmp: {
    createSession(address: string, community: string, options: Options): Session;
    createV3Session(address: string, user: User, options: Options): Session;
    ResponseInvalidCode: { ENotInTimeWindow: number };
    Version2c: number;
    Version3: number;
    SecurityLevel: { noAuthNoPriv: number; authNoPriv: number; authPriv: number };
    AuthProtocols: Record<"sha" | "sha224" | "sha256" | "sha384" | "sha512", number>;
    PrivProtocols: Record<"aes" | "aes256b" | "aes256r", number>;
    Authentication: {
      authToKeyCache: Record<string, Buffer>;
      isAuthentic(message: Buffer, protocol: number, passphrase: string, engineId: Buffer, digest: Buffer): boolean;
    };
    Encryption: {
      decryptPdu(
        protocol: number,
        encrypted: Buffer,
        salt: Buffer,
        passphrase: string,
        authProtocol: number,
        engine: Engine,
      ): Buffer;
    };
  };
  export default snmp;
}
