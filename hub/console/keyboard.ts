import { useEffect } from "react";
import { go, href } from "./route.ts";

export const shortcuts: readonly { keys: string; does: string }[] = [
  { keys: "/", does: "Search on this page" },
  { keys: "g s", does: "Go to sites" },
  { keys: "g a", does: "Go to agents" },
  { keys: "g d", does: "Go to devices" },
  { keys: "g j", does: "Go to jobs" },
  { keys: "?", does: "Show these shortcuts" },
  { keys: "Esc", does: "Leave the search field, or close a dialog" },
];

const places: Readonly<Record<string, string>> = { s: "sites", a: "agents", d: "devices", j: "jobs" };
const SEQUENCE_MS = 1_500;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function useKeyboard(showShortcuts: () => void): void {
  useEffect(() => {
    let goAt = -Infinity;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (isTyping(event.target)) {
        if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
        return;
      }
      const place = event.timeStamp - goAt < SEQUENCE_MS ? places[event.key] : undefined;
      goAt = event.key === "g" ? event.timeStamp : -Infinity;
      if (place !== undefined) go(href(place));
      else if (event.key === "?") showShortcuts();
      else if (event.key === "/") document.querySelector<HTMLElement>("[data-search]")?.focus();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [showShortcuts]);
}
