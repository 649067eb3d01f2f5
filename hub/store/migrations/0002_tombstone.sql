-- Ids of agents that were banned or removed. They are never used again: what is addressed to the old one must not reach another.
CREATE TABLE agent_tombstone (
  agent TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
