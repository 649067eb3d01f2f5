import { Watched } from "./watched.ts";

/** Follows the system until a person chooses; the choice is remembered in this browser. */
export type Theme = "system" | "light" | "dark";

const KEY = "farhand.theme";
const order: readonly Theme[] = ["system", "light", "dark"];

function remembered(): Theme {
  const stored = localStorage.getItem(KEY);
  return order.find((theme) => theme === stored) ?? "system";
}

export const theme = new Watched<Theme>(remembered());

export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

export function nextTheme(): void {
  const next = order[(order.indexOf(theme.get()) + 1) % order.length] ?? "system";
  if (next === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  theme.set(next);
  applyTheme();
}
