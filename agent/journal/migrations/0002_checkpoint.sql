-- The hub's audit log as this agent witnessed it: the last checkpoint that continued the one before (meta 'checkpoint' quotes it).
CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch INTEGER NOT NULL,
  size INTEGER NOT NULL,
  root TEXT NOT NULL,
  envelope TEXT NOT NULL,
  seen_ms INTEGER NOT NULL
) STRICT;

-- Checkpoints that the hub signed and that contradict each other: evidence, kept until a person has dealt with it.
CREATE TABLE checkpoint_conflict (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  held TEXT NOT NULL,
  offered TEXT NOT NULL,
  proof TEXT NOT NULL,
  seen_ms INTEGER NOT NULL,
  -- Why a person set it aside; null while it stands.
  resolved TEXT,
  UNIQUE (held, offered)
) STRICT;
