-- Each version of a value has a row of its own. Which rows must be here, and which of them is in use, is told by a sealed index
-- (kind 'index'): a row that was put back from an older copy of this file is not the one that the index names.
CREATE TABLE item_version (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  sealed BLOB NOT NULL,
  commitment BLOB NOT NULL,
  PRIMARY KEY (kind, name, version)
) STRICT;
INSERT INTO item_version (kind, name, version, wrapped_key, sealed, commitment)
SELECT kind, name, version, wrapped_key, sealed, commitment FROM item;
DROP TABLE item;
