-- The trust repository's metadata, every version that was in force: what people signed, and the hub's own timestamps. Exact bytes.
CREATE TABLE trust_metadata (
  role TEXT NOT NULL CHECK (role IN ('root', 'timestamp', 'snapshot', 'targets')),
  version INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  stored_ms INTEGER NOT NULL,
  PRIMARY KEY (role, version)
);
