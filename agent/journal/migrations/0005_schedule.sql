-- Grants that this agent carries out by its own clock: one for each name, the one that was signed last.
CREATE TABLE standing_grant (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  iat INTEGER NOT NULL,
  envelope BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the newest run of each entry of a grant's schedule has come.
CREATE TABLE scheduled_run (
  grant_digest TEXT NOT NULL,
  entry INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  after TEXT,
  done INTEGER NOT NULL,
  PRIMARY KEY (grant_digest, entry)
) STRICT, WITHOUT ROWID;
