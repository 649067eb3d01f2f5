-- What this journal is and how far it got. `epoch` is new with every file: numbers of another epoch mean nothing here.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per (manifest, attempt) ever offered: the key is what makes an attempt single-use.
CREATE TABLE assignment (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  job TEXT,
  authority_kind TEXT NOT NULL,
  authority_sha256 TEXT NOT NULL,
  signers TEXT NOT NULL,
  not_before_ms INTEGER NOT NULL,
  exp_ms INTEGER NOT NULL,
  deadlines TEXT,
  state TEXT NOT NULL,
  wait_reason TEXT,
  code TEXT,
  detail TEXT,
  offered_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  job_deadline_ms INTEGER,
  ended_at_ms INTEGER,
  starts INTEGER NOT NULL,
  receipt TEXT,
  settled INTEGER NOT NULL,
  PRIMARY KEY (manifest, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_open ON assignment (settled, sequence);

-- Offer numbers seen beyond the high-water mark (meta 'sequence'); those below it are all used.
CREATE TABLE sequence_seen (
  sequence INTEGER PRIMARY KEY
) STRICT;

-- A cancel may come before its offer: then it stands here alone.
CREATE TABLE cancel (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (manifest, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  position INTEGER NOT NULL,
  device TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT,
  detail TEXT,
  applies INTEGER NOT NULL,
  probes INTEGER NOT NULL,
  started_at_ms INTEGER,
  ended_at_ms INTEGER,
  evidence TEXT,
  PRIMARY KEY (manifest, attempt, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_device ON task (manifest, attempt, device);
CREATE INDEX task_unknown ON task (device) WHERE state = 'UNKNOWN';

-- The exact bytes that were offered: verified again before they run, and after a restart.
CREATE TABLE work (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  authority_kind TEXT NOT NULL,
  authority BLOB NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (manifest, attempt)
) STRICT;

-- Written before the act (`intent`) and after it (`done`): what a restarted agent asks the device about.
CREATE TABLE step (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  device TEXT NOT NULL,
  no INTEGER NOT NULL,
  step TEXT NOT NULL,
  intent TEXT NOT NULL,
  done TEXT,
  PRIMARY KEY (manifest, attempt, device, no)
) STRICT, WITHOUT ROWID;

-- A newer attempt seen for a device makes every older one stale.
CREATE TABLE device_fence (
  device TEXT PRIMARY KEY,
  fence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE grant_bucket (
  grant_digest TEXT PRIMARY KEY,
  tokens REAL NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (
  lane TEXT PRIMARY KEY,
  next INTEGER NOT NULL,
  acked INTEGER NOT NULL,
  released INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO lane (lane, next, acked, released, bytes)
VALUES ('receipt', 1, 0, 0, 0), ('state', 1, 0, 0, 0), ('diff', 1, 0, 0, 0), ('transcript', 1, 0, 0, 0), ('telemetry', 1, 0, 0, 0);

-- Records on their way to the hub. A large body stays in its spool file; the row says which part of it.
CREATE TABLE outbox (
  lane TEXT NOT NULL,
  seq INTEGER NOT NULL,
  header TEXT NOT NULL,
  body BLOB,
  spool TEXT,
  spool_offset INTEGER,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (lane, seq)
) STRICT;
CREATE INDEX outbox_spool ON outbox (spool) WHERE spool IS NOT NULL;

CREATE TABLE gap (
  lane TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (lane, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  kind TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  version INTEGER NOT NULL,
  envelope BLOB NOT NULL
) STRICT;

CREATE TABLE text (
  sha256 TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE text_use (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (manifest, attempt, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX text_use_text ON text_use (sha256);

-- The last configurations of each device, sealed: what a restore without the hub starts from.
CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  public_sha256 TEXT NOT NULL,
  key_generation INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX snapshot_device ON snapshot (device, id);
