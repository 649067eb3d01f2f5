-- What was known when a revocation was taken: the last audit checkpoint that had been seen, null for none. Written once for each key.
CREATE TABLE revocation (
  kid TEXT PRIMARY KEY,
  size INTEGER,
  root TEXT
) STRICT, WITHOUT ROWID;

-- Documents that were held with a signature of that key before its revocation: here the agent is its own witness.
CREATE TABLE revocation_held (
  kid TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (kid, document)
) STRICT, WITHOUT ROWID;

-- Proofs from the audit log that came with offered work, for the check before it starts.
ALTER TABLE work ADD COLUMN proofs TEXT;
