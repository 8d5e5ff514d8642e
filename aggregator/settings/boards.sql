-- Boards that people made. A board's body is a revision; what was once saved stays
-- until it is pruned. deleted_ms: in the bin since then.
CREATE TABLE board (
	id TEXT PRIMARY KEY, owner TEXT NOT NULL, revision INTEGER NOT NULL,
	title_zh TEXT NOT NULL, title_en TEXT NOT NULL, created_ms INTEGER NOT NULL, deleted_ms INTEGER
) STRICT;
CREATE TABLE board_revision (
	board TEXT NOT NULL REFERENCES board (id) ON DELETE CASCADE, revision INTEGER NOT NULL,
	by TEXT NOT NULL, at_ms INTEGER NOT NULL, note TEXT NOT NULL, body BLOB NOT NULL,
	PRIMARY KEY (board, revision)
) STRICT;
-- With whom it is shared: a person's name, or * for everybody who may sign in. What
-- they see in it is what they may see anyway.
CREATE TABLE board_share (
	board TEXT NOT NULL REFERENCES board (id) ON DELETE CASCADE, who TEXT NOT NULL, edits INTEGER NOT NULL,
	PRIMARY KEY (board, who)
) STRICT;
