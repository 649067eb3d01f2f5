import type { DeviceView } from "../../api/client/index.ts";
import { Mark } from "./state.tsx";
import { Foreign } from "./text.tsx";
import { utc } from "./time.tsx";

/** Hands off: who, why and how long, in words. */
export function HoldBadge({ hold }: { hold: NonNullable<DeviceView["hold"]> }) {
  const until = hold.untilMs === null ? "" : ` until ${utc(hold.untilMs)}`;
  return (
    <span className="badge tone-stopped">
      <Mark tone="stopped" />
      <span className="badge-text">
        <Foreign>{`held by ${hold.owner}${until}: ${hold.reason}`}</Foreign>
      </span>
    </span>
  );
}
