import { useEffect, type ReactNode } from "react";
import { plain } from "../text.ts";

export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${plain(title)} · Farhand`;
  }, [title]);
  return <h1>{children ?? title}</h1>;
}
