-- The break-glass that offered work names, for the check before it starts.
ALTER TABLE work ADD COLUMN breakglass BLOB;

-- Each break-glass once at this agent, whatever became of what it was used for. Written with the acceptance, never deleted.
CREATE TABLE breakglass_use (
  sha256 TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX breakglass_use_work ON breakglass_use (manifest, attempt);
