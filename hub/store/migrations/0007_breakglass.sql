-- Permissions that were signed in calm, for one on-call person each time.
CREATE TABLE breakglass (
  sha256 TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  site TEXT NOT NULL,
  envelope TEXT NOT NULL,
  signers TEXT NOT NULL,
  stored_ms INTEGER NOT NULL
);
CREATE INDEX breakglass_stored ON breakglass (stored_ms);

-- The one that this job's author signs alone under.
ALTER TABLE job ADD COLUMN breakglass TEXT;
CREATE INDEX job_breakglass ON job (breakglass) WHERE breakglass IS NOT NULL;
