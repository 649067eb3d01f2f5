import type { TaskView } from "../../api/client/index.ts";
import { Badge } from "../parts/state.tsx";
import { Foreign } from "../parts/text.tsx";

type Kind = "warning" | "hint";

interface Grouped {
  readonly kind: Kind;
  readonly code: string;
  readonly detail: string;
  readonly devices: string[];
}

const NAMED = 12;

/** Warnings, and what would raise the level, each once with the devices that it holds for. */
export function Findings({ tasks }: { tasks: readonly TaskView[] }) {
  const found = new Map<string, Grouped>();
  for (const task of tasks) {
    const all = [
      ...task.warnings.map((finding) => ({ ...finding, kind: "warning" as const })),
      ...task.hints.map((finding) => ({ ...finding, kind: "hint" as const })),
    ];
    for (const { kind, code, detail } of all) {
      const key = `${kind} ${code} ${detail}`;
      const known = found.get(key) ?? { kind, code, detail, devices: [] };
      known.devices.push(task.device);
      found.set(key, known);
    }
  }
  if (found.size === 0) return null;
  return (
    <ul className="findings" aria-label="Warnings and hints">
      {[...found].map(([key, { kind, code, detail, devices }]) => (
        <li key={key}>
          <Badge tone={kind === "warning" ? "warn" : "wait"}>{kind}</Badge> <code className="code">{code}</code>{" "}
          <Foreign>{detail}</Foreign>
          {tasks.length > 1 && (
            <span className="quiet">
              {" "}
              {devices.length === tasks.length ? "on all" : `on ${devices.slice(0, NAMED).join(", ")}`}
              {devices.length > NAMED && devices.length !== tasks.length && ` and ${devices.length - NAMED} more`}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
