-- Own data sources. The rows are in files of the folder sources; here is what a source
-- is, and which version of it holds. A name is never given twice, so that nobody has a
-- new one by what they were granted of an old one: removed_ms, gone since then.
CREATE TABLE source (
	name TEXT PRIMARY KEY, owner TEXT NOT NULL, definition BLOB NOT NULL,
	secret BLOB,                       -- sealed with a key that is not in this file; NULL: none
	version INTEGER NOT NULL DEFAULT 0, -- that holds; 0: none yet
	last INTEGER NOT NULL DEFAULT 0,    -- the highest number given
	made_ms INTEGER NOT NULL, removed_ms INTEGER,
	tried_ms INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0, -- 0: by hand alone
	fault TEXT NOT NULL DEFAULT '',     -- why the latest attempt failed; '': it did not
	told BLOB                           -- what that attempt said of rows
) STRICT;
CREATE TABLE source_version (
	source TEXT NOT NULL REFERENCES source (name) ON DELETE CASCADE, version INTEGER NOT NULL,
	at_ms INTEGER NOT NULL, by TEXT NOT NULL, rows INTEGER NOT NULL, rejected INTEGER NOT NULL,
	bytes INTEGER NOT NULL, told BLOB NOT NULL,
	PRIMARY KEY (source, version)
) STRICT;
-- Raised with every change, by whatever process.
CREATE TABLE source_change (n INTEGER NOT NULL) STRICT;
INSERT INTO source_change VALUES (1);
CREATE TRIGGER source_new AFTER INSERT ON source BEGIN UPDATE source_change SET n = n + 1; END;
CREATE TRIGGER source_other AFTER UPDATE ON source BEGIN UPDATE source_change SET n = n + 1; END;
CREATE TRIGGER source_version_new AFTER INSERT ON source_version BEGIN UPDATE source_change SET n = n + 1; END;
