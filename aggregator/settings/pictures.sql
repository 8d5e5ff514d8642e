-- Pictures of pages, over which boards lay clicks. id is made of what the picture is, so
-- one is kept once however often it is brought. at_ms: brought last.
CREATE TABLE picture (
	id TEXT PRIMARY KEY, by TEXT NOT NULL, at_ms INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
