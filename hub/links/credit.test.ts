import fc from "fast-check";
import { expect, it } from "vitest";
import { FRAME_BYTES_MAX } from "../../shared/wire/frame.ts";
import { Credit, CREDIT_FLOOR_BYTES, CREDIT_WINDOW_BYTES, CreditBudget } from "./credit.ts";

it("always leaves room for one frame, even when the budget is used up", () => {
  const budget = new CreditBudget(0);
  const credit = new Credit(budget);
  let sent = 0;
  for (let i = 0; i < 50; i++) {
    expect(credit.granted - sent).toBeGreaterThanOrEqual(FRAME_BYTES_MAX);
    sent += FRAME_BYTES_MAX;
    expect(credit.receive(FRAME_BYTES_MAX)).toBe(true);
    credit.commit(FRAME_BYTES_MAX);
  }
});

it("refuses a byte beyond what was granted", () => {
  const credit = new Credit(new CreditBudget());
  expect(credit.receive(credit.granted)).toBe(true);
  expect(credit.receive(1)).toBe(false);
});

it("holds for any course: what is open stays in the window, lent and free add up, a closed session returns all", () => {
  const step = fc.record({
    who: fc.nat(2),
    bytes: fc.integer({ min: 1, max: FRAME_BYTES_MAX }),
    commits: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const total = 2 * CREDIT_WINDOW_BYTES;
      const budget = new CreditBudget(total);
      const senders = [0, 1, 2].map(() => ({ credit: new Credit(budget), sent: 0, committed: 0 }));
      for (const { who, bytes, commits } of steps) {
        const sender = senders[who];
        if (!sender) continue;
        if (sender.sent + bytes <= sender.credit.granted) {
          sender.sent += bytes;
          expect(sender.credit.receive(bytes)).toBe(true);
        }
        if (commits && sender.sent > sender.committed) {
          sender.credit.commit(sender.sent - sender.committed);
          sender.committed = sender.sent;
        }
        expect(sender.credit.granted - sender.committed).toBeLessThanOrEqual(CREDIT_WINDOW_BYTES);
        expect(sender.credit.granted - sender.committed).toBeGreaterThanOrEqual(
          CREDIT_FLOOR_BYTES - (sender.sent - sender.committed),
        );
        expect(budget.freeBytes).toBeGreaterThanOrEqual(0);
      }
      for (const { credit } of senders) credit.close();
      expect(budget.freeBytes).toBe(total);
    }),
  );
});
