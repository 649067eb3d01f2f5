-- What people were told of its coming end, and how urgently last. One end of a thing is told of at each threshold once.
CREATE TABLE ending (
  what TEXT NOT NULL,
  end_ms INTEGER NOT NULL,
  days INTEGER NOT NULL,
  told_ms INTEGER NOT NULL,
  PRIMARY KEY (what, end_ms, days)
);
