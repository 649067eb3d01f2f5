import { z } from "zod";

/** What a platform file says of an HTTPS API beyond its commands: how a login becomes a token, and how an answer that comes later is waited for. */

const Path = z
  .string()
  .regex(/^\/[!-~]*$/, "is a path, encoded")
  .max(500);
const HeaderName = z.string().regex(/^[a-z][a-z0-9-]{0,60}$/, "is a header's name in lower case");
/** RFC 6901. */
const Pointer = z
  .string()
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, "is a JSON pointer")
  .max(200);
const Field = z.string().regex(/^\w{1,60}$/, "is a field's name");

/** A login that gives a token, which every request then carries. */
export const HttpToken = z.strictObject({
  login: z.strictObject({
    method: z.enum(["POST", "PUT"]).default("POST"),
    path: Path,
    /** How name and password are said: as HTTP's own basic login (RFC 7617), or in these fields of the body. */
    as: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("basic") }),
      z.strictObject({ kind: z.enum(["json", "form"]), username: Field, password: Field }),
    ]),
  }),
  /** Where the token stands in the answer. Of a header, what is before its first `;` (RFC 6265 §5.2). */
  from: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("header"), name: HeaderName }),
    z.strictObject({ kind: z.literal("body"), pointer: Pointer }),
  ]),
  /** The header that carries it, and what stands before it there (`Bearer `). */
  send: z.strictObject({ header: HeaderName, prefix: z.string().max(40).default("") }),
  /** Gives the session back: devices have few. */
  logout: z.strictObject({ method: z.enum(["POST", "DELETE", "GET"]), path: Path }).optional(),
});
export type HttpToken = z.infer<typeof HttpToken>;

/** Work that a device answers before it is done (RFC 9110 §15.3.3), and that has a place of its own to be asked about. */
export const HttpJob = z.strictObject({
  /** The `Location` of the answer, or an identifier in it that goes into a path as `${id}`. */
  at: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("location") }),
    z.strictObject({
      kind: z.literal("id"),
      pointer: Pointer,
      path: z.string().regex(/^\/[^\s]*\$\{id\}[^\s]*$/),
    }),
  ]),
  /** Where the job's own answer says how far it is; what is in neither list is waited for. */
  state: Pointer,
  done: z.array(z.string().max(60)).min(1).max(16),
  failed: z.array(z.string().max(60)).max(16),
  /** Where it says why it failed. */
  reason: Pointer.optional(),
  /** Calls it off, at the job's own place. */
  cancel: z.strictObject({ method: z.enum(["DELETE", "POST"]), suffix: z.string().max(100).default("") }).optional(),
});
export type HttpJob = z.infer<typeof HttpJob>;
