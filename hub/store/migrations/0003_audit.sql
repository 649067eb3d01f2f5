-- An audit row is written in the transaction of what it records and chained afterwards, by whoever holds the lease: `place` is its
-- place in the log and `hash` its leaf hash, both null until then. The rows of the first schema keep their order and are chained anew.
ALTER TABLE audit RENAME TO audit_first;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  on_behalf_of TEXT,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  digest TEXT,
  signature_document TEXT,
  signature_kid TEXT,
  signature_sha256 TEXT,
  decision TEXT NOT NULL,
  code TEXT,
  detail TEXT,
  count INTEGER NOT NULL,
  place INTEGER UNIQUE,
  hash TEXT
);
INSERT INTO audit (id, at_ms, actor, action, object, decision, detail, count)
  SELECT id, at_ms, actor, action, object, decision, detail, 1 FROM audit_first ORDER BY id;
DROP TABLE audit_first;

CREATE INDEX audit_unchained ON audit (id) WHERE place IS NULL;
CREATE INDEX audit_signature ON audit (signature_document, signature_kid, place) WHERE signature_document IS NOT NULL;
CREATE INDEX audit_signed ON audit (place) WHERE signature_document IS NOT NULL;

-- Hashes of complete subtrees at every fourth level from 4 on; those of level 0 stand in the rows, those between follow from 16 others at most.
CREATE TABLE audit_node (
  level INTEGER NOT NULL,
  place INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (level, place)
) WITHOUT ROWID;

CREATE TABLE audit_checkpoint (
  epoch INTEGER NOT NULL,
  size INTEGER NOT NULL,
  root TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  envelope TEXT NOT NULL,
  PRIMARY KEY (epoch, size)
);

-- Work that only one of several replicas may do.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_ms INTEGER NOT NULL
);
