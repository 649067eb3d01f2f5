-- Times are milliseconds since the Unix epoch; digests are lower-case hex; documents are the exact text that was signed.

-- What people signed: keys, agents and inventory, every version that was accepted.
CREATE TABLE document (
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  envelope TEXT NOT NULL,
  stored_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, version)
);

CREATE TABLE standing_grant (
  sha256 TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  envelope TEXT NOT NULL,
  signers TEXT NOT NULL,
  stored_ms INTEGER NOT NULL
);
CREATE INDEX standing_grant_id ON standing_grant (id, stored_ms);

-- The secret is sealed under the hub's key, because its MAC must be checked; it is removed when used.
CREATE TABLE invite (
  id TEXT PRIMARY KEY,
  secret BLOB,
  agent TEXT NOT NULL,
  site TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms INTEGER
);

CREATE TABLE enrolment (
  agent TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  kid TEXT NOT NULL,
  sign_key TEXT NOT NULL,
  box_key TEXT NOT NULL,
  enrolled_ms INTEGER NOT NULL
);

CREATE TABLE agent_contact (
  agent TEXT PRIMARY KEY,
  contact TEXT NOT NULL,
  last_seen_ms INTEGER,
  software TEXT,
  epoch TEXT,
  -- Highest offer sequence that was given to this agent.
  sequence INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
);

CREATE TABLE job (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  reason TEXT NOT NULL,
  author TEXT,
  risk TEXT NOT NULL,
  authority TEXT NOT NULL,
  grant_id TEXT,
  authority_sha256 TEXT,
  signers TEXT NOT NULL,
  signers_needed INTEGER NOT NULL,
  request TEXT NOT NULL,
  devices INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,
  exp_ms INTEGER NOT NULL,
  waves TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT,
  detail TEXT,
  wave INTEGER NOT NULL,
  cancel_reason TEXT,
  halted INTEGER NOT NULL,
  ended_ms INTEGER
);
CREATE INDEX job_state ON job (state, number);
CREATE INDEX job_due ON job (state, not_before_ms);

-- The same key from the same token is the same job.
CREATE TABLE idempotency (
  token TEXT NOT NULL,
  key TEXT NOT NULL,
  request_sha256 TEXT NOT NULL,
  job TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (token, key)
);

CREATE TABLE manifest (
  sha256 TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  purpose TEXT NOT NULL,
  position INTEGER NOT NULL,
  -- The warrant or grant that allows it.
  authority_kind TEXT NOT NULL,
  authority_sha256 TEXT NOT NULL,
  bytes BLOB NOT NULL
);
CREATE INDEX manifest_job ON manifest (job, purpose, position);

-- The texts that a manifest names: an agent may fetch these and no others.
CREATE TABLE manifest_text (
  sha256 TEXT NOT NULL,
  manifest TEXT NOT NULL,
  PRIMARY KEY (sha256, manifest)
);

CREATE TABLE warrant (
  job TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  payload TEXT NOT NULL,
  stored_ms INTEGER NOT NULL
);

CREATE TABLE warrant_signature (
  job TEXT NOT NULL,
  kid TEXT NOT NULL,
  person TEXT NOT NULL,
  protected TEXT NOT NULL,
  signature TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (job, kid)
);

CREATE TABLE assignment (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  job TEXT NOT NULL,
  purpose TEXT NOT NULL,
  agent TEXT NOT NULL,
  site TEXT NOT NULL,
  wave INTEGER NOT NULL,
  position INTEGER NOT NULL,
  exp_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  code TEXT,
  reason TEXT,
  sequence INTEGER,
  fence INTEGER,
  cancel_generation INTEGER,
  cancel_reason TEXT,
  receipt TEXT,
  plan TEXT,
  settled INTEGER NOT NULL,
  late_state TEXT,
  late_code TEXT,
  late_ms INTEGER,
  PRIMARY KEY (manifest, attempt)
);
CREATE INDEX assignment_job ON assignment (job, purpose, wave, state);
CREATE INDEX assignment_agent ON assignment (agent, state, sequence);
CREATE INDEX assignment_due ON assignment (state, exp_ms);

CREATE TABLE task (
  manifest TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  device TEXT NOT NULL,
  job TEXT NOT NULL,
  purpose TEXT NOT NULL,
  position INTEGER NOT NULL,
  state TEXT NOT NULL,
  step TEXT,
  code TEXT,
  detail TEXT,
  at_ms INTEGER,
  late_state TEXT,
  -- The planned device and the outcome, as the agent signed them.
  planned TEXT,
  outcome TEXT,
  PRIMARY KEY (manifest, attempt, device)
);
CREATE INDEX task_job ON task (job, purpose, state);
CREATE INDEX task_device ON task (device, purpose, job);

CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  lane TEXT NOT NULL,
  acked INTEGER NOT NULL,
  released INTEGER NOT NULL,
  -- Records up to here have done what they mean.
  applied INTEGER NOT NULL,
  UNIQUE (agent, epoch, lane)
);

-- Every record of every stream, once.
CREATE TABLE record (
  stream INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  header TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (stream, sequence)
);

CREATE TABLE stream_gap (
  stream INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (stream, first)
);

-- What one aggregate tells another; pumped in order.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  job TEXT,
  manifest TEXT,
  attempt INTEGER,
  body TEXT NOT NULL
);
CREATE INDEX message_job ON message (job);

-- Agent-signed outcomes and plans, chained per journal epoch.
CREATE TABLE receipt (
  sha256 TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  number INTEGER NOT NULL,
  prev TEXT,
  -- 1 when `prev` is the digest of the receipt before it, or it is the first.
  chained INTEGER NOT NULL,
  job TEXT NOT NULL,
  manifest TEXT NOT NULL,
  envelope TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE (agent, epoch, number, sha256)
);
CREATE INDEX receipt_job ON receipt (job, kind);

-- A device's configurations over time, in public form; the sealed form is opened by agents only.
CREATE TABLE snapshot (
  device TEXT NOT NULL,
  taken_ms INTEGER NOT NULL,
  job TEXT NOT NULL,
  public_sha256 TEXT NOT NULL,
  public_bytes INTEGER NOT NULL,
  key_generation INTEGER NOT NULL,
  sealed TEXT,
  not_restorable TEXT,
  PRIMARY KEY (device, taken_ms, public_sha256)
);

-- A text that is arriving. Parts of one sender never mix with another's.
CREATE TABLE upload (
  id INTEGER PRIMARY KEY,
  sender TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  media TEXT NOT NULL,
  total INTEGER NOT NULL,
  received INTEGER NOT NULL,
  -- arriving, whole (its digest is still to be checked) or checked.
  state TEXT NOT NULL,
  started_ms INTEGER NOT NULL
);
CREATE INDEX upload_sender ON upload (sender, sha256, state);
CREATE INDEX upload_state ON upload (state, started_ms);

-- Compressed and encrypted, each part on its own, so that neither end holds a whole text in memory.
CREATE TABLE upload_part (
  upload INTEGER NOT NULL,
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (upload, at)
);

-- A whole text whose digest was checked.
CREATE TABLE blob (
  sha256 TEXT PRIMARY KEY,
  upload INTEGER NOT NULL,
  total INTEGER NOT NULL,
  media TEXT NOT NULL,
  stored_ms INTEGER NOT NULL
);

CREATE TABLE api_token (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  revoked_ms INTEGER
);

-- What moved, for those who watch: the id is the offset to resume from.
CREATE TABLE watch_event (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  job TEXT,
  body TEXT NOT NULL
);
CREATE INDEX watch_event_job ON watch_event (job, id);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  decision TEXT NOT NULL,
  detail TEXT,
  prev TEXT,
  hash TEXT NOT NULL
);
