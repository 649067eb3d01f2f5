/** What a typed line leads to. One shape for the terminal and for eAPI. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Model = { readonly [key: string]: Json };

/** eAPI's numbers: 1000 could not run, 1002 invalid, 1003 has no model, 1005 not permitted. */
export type ErrorCode = 1000 | 1002 | 1003 | 1005;

export type Outcome =
  /** `model` is absent where the command has only a text. */
  | { readonly kind: "done"; readonly text: string; readonly model?: Model }
  /** Without the `% `. */
  | { readonly kind: "error"; readonly code: ErrorCode; readonly message: string }
  /** `enable` asks for one. */
  | { readonly kind: "password" }
  /** A banner: lines up to `EOF` are its text. */
  | { readonly kind: "body" }
  | { readonly kind: "logout" };

export const done = (text = "", model: Model = {}): Outcome => ({ kind: "done", text, model });
export const textOnly = (text: string): Outcome => ({ kind: "done", text });
export const invalid = (message: string): Outcome => ({ kind: "error", code: 1002, message });
export const failed = (message: string): Outcome => ({ kind: "error", code: 1000, message });
export const denied = (command: string): Outcome => ({
  kind: "error",
  code: 1005,
  message: `Authorization denied for command '${command}'`,
});
