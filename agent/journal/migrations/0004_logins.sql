-- Logins that devices refused, by the credential's name and version, whichever device it was: an account may be locked for all of them.
CREATE TABLE refused_login (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  device TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX refused_login_name ON refused_login (name, version);

-- A credential that is used nowhere until a newer version comes or a person releases it.
CREATE TABLE stopped_credential (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
