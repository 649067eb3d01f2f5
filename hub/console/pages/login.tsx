import { useState } from "react";
import { PageTitle } from "../parts/page-title.tsx";
import { login, session } from "../session.ts";
import { useWatched } from "../watched.ts";

export function LoginPage() {
  const { reason } = useWatched(session);
  const [token, setToken] = useState("");
  return (
    <main className="login">
      <PageTitle title="Log in">Farhand</PageTitle>
      {reason !== null && (
        <p className="problem" role="alert">
          {reason}
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") login(token.trim());
        }}
      >
        <label htmlFor="token">API token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="primary" disabled={token.trim() === ""}>
          Log in
        </button>
      </form>
      <p className="quiet">
        Open the login link that you were given, or paste an API token. The token stays in this tab and is forgotten
        when the tab is closed.
      </p>
    </main>
  );
}
