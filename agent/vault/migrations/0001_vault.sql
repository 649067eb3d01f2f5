-- How the key-encryption key is had, and a proof that the one at hand is the right one.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One value per row version: its own data key, wrapped by the key-encryption key. Nothing here is readable without that.
CREATE TABLE item (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  sealed BLOB NOT NULL,
  commitment BLOB NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT;
