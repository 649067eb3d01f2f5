import type { ErrorCode } from "../../shared/errors.ts";

/** Exit statuses, all of them. `farhand exit-codes` prints this table. */
export const EXIT = {
  ok: 0,
  failure: 1,
  differences: 2,
  canceled: 3,
  authentication: 4,
  usage: 64,
} as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done; for `plan change` and `device diff`: nothing differs",
  failure: "it failed, or some devices of a job did",
  differences: "`plan change`: there are changes to sign; `device diff`: there are differences. Never anything else",
  canceled: "the job was canceled, or a question was answered with no (Ctrl-C ends with 130, as in every shell)",
  authentication: "no valid token, or the token does not allow it",
  usage: "the command line is not understood",
};

export function exitOf(code: ErrorCode): Exit {
  switch (code) {
    case "UNAUTHORIZED":
    case "FORBIDDEN":
      return EXIT.authentication;
    case "CANCELED":
      return EXIT.canceled;
    case "USAGE":
      return EXIT.usage;
    default:
      return EXIT.failure;
  }
}
