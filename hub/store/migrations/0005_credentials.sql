-- Sealed credentials on their way to agents. This hub can open none of them; once an agent has answered, the ciphertext goes too.
CREATE TABLE sealed_credential (
  document TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  sender TEXT NOT NULL,
  sent_ms INTEGER NOT NULL,
  exp_ms INTEGER NOT NULL,
  -- 'waiting', 'taken', 'refused' or 'superseded' by a newer one before it was delivered.
  state TEXT NOT NULL,
  code TEXT,
  settled_ms INTEGER,
  envelope TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_credential_agent ON sealed_credential (agent, state);

-- What each agent's vault holds, as it last said: names and versions.
CREATE TABLE held_credential (
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  stopped INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, kind, name)
) STRICT, WITHOUT ROWID;
