-- Hands off a device: of each the newest document that a person signed, be it a hold or what lifts one. Never deleted: an older one must not come back.
CREATE TABLE device_hold (
  device TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  digest TEXT NOT NULL,
  envelope BLOB NOT NULL
) STRICT, WITHOUT ROWID;
