-- What an agent says of its own state where that went back: {epoch, sinceMs, detail}. Null where it takes work.
ALTER TABLE agent_contact ADD COLUMN quarantine TEXT;

-- A keyadmin's word that the agent may take work again, for one quarantine of it; the newest for each agent.
CREATE TABLE readmission (
  agent TEXT PRIMARY KEY,
  epoch TEXT NOT NULL,
  envelope TEXT NOT NULL,
  exp_ms INTEGER NOT NULL,
  stored_ms INTEGER NOT NULL
);
