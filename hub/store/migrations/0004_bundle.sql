-- Files that went to an agent (`in`) and came from one (`out`), by number. `sha256` is that of the index; null for a number that was
-- given and whose file was never made. An agent's own numbers belong to its journal's epoch; those of the hub have none.
CREATE TABLE bundle (
  agent TEXT NOT NULL,
  direction TEXT NOT NULL,
  epoch TEXT NOT NULL,
  number INTEGER NOT NULL,
  sha256 TEXT,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, direction, epoch, number)
);
CREATE INDEX bundle_latest ON bundle (agent, direction, at_ms);
