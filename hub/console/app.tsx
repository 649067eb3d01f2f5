import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { LoginPage } from "./pages/login.tsx";
import { makeQueryClient } from "./queries.ts";
import { watchRoute } from "./route.ts";
import { session, takeTokenFromUrl } from "./session.ts";
import { Shell } from "./shell.tsx";
import { useWatched } from "./watched.ts";

export function App() {
  const { token } = useWatched(session);
  // A login link opened in a tab that shows the console already only changes the fragment.
  useEffect(() => {
    window.addEventListener("hashchange", takeTokenFromUrl, { capture: true });
    return () => window.removeEventListener("hashchange", takeTokenFromUrl, { capture: true });
  }, []);
  useEffect(watchRoute, []);
  // Each login starts with nothing that another token was allowed to see.
  return token === null ? <LoginPage /> : <LoggedIn key={token} />;
}

function LoggedIn() {
  const [client] = useState(makeQueryClient);
  return (
    <QueryClientProvider client={client}>
      <Shell />
    </QueryClientProvider>
  );
}
