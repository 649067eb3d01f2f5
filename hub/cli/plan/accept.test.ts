import { expect, it } from "vitest";
import { errorCode } from "../../../shared/errors.ts";
import { acceptedOf } from "./accept.ts";

it("takes a code with a reason, and nothing without one", () => {
  expect(acceptedOf("SESSIONS_FEW=a = b")).toEqual({ code: "SESSIONS_FEW", reason: "a = b" });
  for (const given of ["SESSIONS_FEW", "SESSIONS_FEW=", "SESSIONS_FEW= ", "=why", "few=why"])
    expect(
      ((): string => {
        try {
          return acceptedOf(given).code;
        } catch (error) {
          return errorCode(error);
        }
      })(),
    ).toBe("USAGE");
});
