-- What people took as it is, though nobody made it with Farhand. The newest is what the device is compared with.
CREATE TABLE device_adoption (
  sha256 TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  config TEXT NOT NULL,
  owner TEXT NOT NULL,
  reason TEXT NOT NULL,
  iat INTEGER NOT NULL,
  envelope TEXT NOT NULL,
  adopted_ms INTEGER NOT NULL
);
CREATE INDEX device_adoption_device ON device_adoption (device, iat);
