/** The shape of what the device knows: YANG's containers, lists, leaves and leaf-lists, and which of them are state. */

export type LeafType =
  | { readonly kind: "string"; readonly pattern?: RegExp }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "uint"; readonly min: number; readonly max: number }
  /** 64 bits: a string in JSON (RFC 7951 §6.1). */
  | { readonly kind: "counter" }
  | { readonly kind: "boolean" }
  /** Stored and shown in another form than typed: `crypt` for a login's password, `aes` for what the device must read back. */
  | { readonly kind: "secret"; readonly form: "crypt" | "aes" };

export interface LeafSchema {
  readonly kind: "leaf";
  readonly type: LeafType;
  readonly state: boolean;
}

export interface LeafListSchema {
  readonly kind: "leaf-list";
  readonly type: LeafType;
  readonly state: boolean;
}

export interface ContainerSchema {
  readonly kind: "container";
  readonly children: ReadonlyMap<string, Schema>;
  /** Exists by being named, empty or not (RFC 7950 §7.5.1). */
  readonly presence: boolean;
  readonly state: boolean;
  /** Named where its module is another one than its parent's. */
  readonly module: string | undefined;
}

export interface ListSchema {
  readonly kind: "list";
  readonly keys: readonly { readonly name: string; readonly type: LeafType }[];
  /** Without the keys. */
  readonly children: ReadonlyMap<string, Schema>;
  readonly state: boolean;
  readonly module: string | undefined;
}

export type BranchSchema = ContainerSchema | ListSchema;
export type Schema = BranchSchema | LeafSchema | LeafListSchema;

export type Children = Readonly<Record<string, Schema>>;

interface BranchOptions {
  readonly module?: string;
  readonly state?: boolean;
}

export function container(children: Children, options: BranchOptions = {}): ContainerSchema {
  return {
    kind: "container",
    children: new Map(Object.entries(children)),
    presence: false,
    state: options.state ?? false,
    module: options.module,
  };
}

export function presence(children: Children, options: BranchOptions = {}): ContainerSchema {
  return { ...container(children, options), presence: true };
}

export function list(
  keys: Readonly<Record<string, LeafType>>,
  children: Children,
  options: BranchOptions = {},
): ListSchema {
  return {
    kind: "list",
    keys: Object.entries(keys).map(([name, type]) => ({ name, type })),
    children: new Map(Object.entries(children)),
    state: options.state ?? false,
    module: options.module,
  };
}

export function leaf(type: LeafType): LeafSchema {
  return { kind: "leaf", type, state: false };
}

export function leafList(type: LeafType): LeafListSchema {
  return { kind: "leaf-list", type, state: false };
}

/** A leaf that only the state datastore has. */
export function reported(type: LeafType): LeafSchema {
  return { kind: "leaf", type, state: true };
}

export const string: LeafType = { kind: "string" };
export const boolean: LeafType = { kind: "boolean" };
export const counter: LeafType = { kind: "counter" };

export function text(pattern: RegExp): LeafType {
  return { kind: "string", pattern };
}

export function oneOf(...values: string[]): LeafType {
  return { kind: "enum", values };
}

export function uint(min: number, max: number): LeafType {
  return { kind: "uint", min, max };
}

/** Why the device does not take a value, in its words; undefined where it takes it. */
export function refusal(type: LeafType, value: string): string | undefined {
  const invalid = (why: string): string => `Invalid value "${value}": ${why}`;
  switch (type.kind) {
    case "string":
      return type.pattern === undefined || type.pattern.test(value)
        ? undefined
        : invalid(`Must match the pattern '${type.pattern.source.replace(/^\^\(\?:|\)\$$/g, "")}'`);
    case "enum":
      return type.values.includes(value) ? undefined : invalid(`Must be one of [${type.values.join(", ")}]`);
    case "uint": {
      if (!/^\d{1,19}$/.test(value)) return invalid("Must be an unsigned integer");
      const number = Number(value);
      return number >= type.min && number <= type.max
        ? undefined
        : invalid(`Must be in the range ${type.min}..${type.max}`);
    }
    case "counter":
      return /^\d+$/.test(value) ? undefined : invalid("Must be an unsigned integer");
    case "boolean":
      return value === "true" || value === "false" ? undefined : invalid("Must be one of [true, false]");
    case "secret":
      return value === "" ? invalid("Must not be empty") : undefined;
    default:
      return type satisfies never;
  }
}

/** The children that a datastore shows: `state` shows all of them. */
export function visible(schema: BranchSchema, withState: boolean): [string, Schema][] {
  return [...schema.children].filter(([, child]) => withState || !child.state);
}
