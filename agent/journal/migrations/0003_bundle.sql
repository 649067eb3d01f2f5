-- Bundles that this agent took in (`in`) and made (`out`), by number: what was taken is not taken again, what was made is acknowledged.
CREATE TABLE bundle (
  direction TEXT NOT NULL,
  number INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (direction, number)
) STRICT, WITHOUT ROWID;
