-- Hands off a device: of each the newest document that a person signed, be it a hold or what lifts one.
CREATE TABLE device_hold (
  device TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  generation INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  envelope TEXT NOT NULL,
  stored_ms INTEGER NOT NULL
);
CREATE INDEX device_hold_site ON device_hold (site);
