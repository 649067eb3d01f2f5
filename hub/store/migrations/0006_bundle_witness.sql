-- What an agent's bundle says of the audit log: the checkpoint that it holds, which the next one to it must continue.
ALTER TABLE bundle ADD COLUMN witnessed TEXT;
