-- Size and file of a row stand behind its body: without this, asking what fits a frame, or which files are done with, reads every page of every body.
CREATE INDEX outbox_sizes ON outbox (lane, seq, bytes, spool);
