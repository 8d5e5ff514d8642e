-- Doors beside the page's own: tokens that people make for themselves. Of one made on
-- the machine the owner is 0 and grants is empty: scope and data say what it opens.
ALTER TABLE token ADD COLUMN id TEXT NOT NULL DEFAULT '';          -- names it, opens nothing
ALTER TABLE token ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;     -- a person's id
ALTER TABLE token ADD COLUMN grants TEXT NOT NULL DEFAULT '';      -- as epg=33,43;orders=*: the most it opens
ALTER TABLE token ADD COLUMN expires_ms INTEGER;                   -- NULL: never
ALTER TABLE token ADD COLUMN used_ms INTEGER;                      -- to a minute; NULL: not yet
UPDATE token SET id = lower(hex(randomblob(6)));
CREATE UNIQUE INDEX token_id ON token (id);
CREATE INDEX token_owner ON token (owner);

-- What signs links, tickets and keys of embedding; one row, drawn when it is first
-- needed. Without it all of them are void.
CREATE TABLE door_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;

-- A link opens a board to whoever has it. grants is what its maker held of the board's
-- data sets when it was made; it opens what of that they still hold.
CREATE TABLE share_link (
	id TEXT PRIMARY KEY, board TEXT NOT NULL REFERENCES board (id) ON DELETE CASCADE, maker INTEGER NOT NULL REFERENCES person (id),
	name TEXT NOT NULL, filters TEXT NOT NULL, grants TEXT NOT NULL, password TEXT NOT NULL, -- argon2id; empty: none
	created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked_ms INTEGER, used_ms INTEGER, uses INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX share_link_board ON share_link (board);
CREATE INDEX share_link_maker ON share_link (maker);

-- A key with which a partner's server signs what its pages embed. Its secret follows
-- from door_key and id.
CREATE TABLE embed_key (
	id TEXT PRIMARY KEY, maker INTEGER NOT NULL REFERENCES person (id), name TEXT NOT NULL,
	origins TEXT NOT NULL, -- with a space between them
	boards TEXT NOT NULL,  -- with a comma between them
	grants TEXT NOT NULL, created_ms INTEGER NOT NULL, revoked_ms INTEGER, used_ms INTEGER, uses INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX embed_key_maker ON embed_key (maker);
-- Tokens that say that they are good once, until they end by themselves.
CREATE TABLE embed_seen (key TEXT NOT NULL, jti TEXT NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (key, jti)) STRICT, WITHOUT ROWID;

-- Who a person is at a sign-on provider: by issuer and subject, never by what they are
-- called there.
CREATE TABLE identity (
	issuer TEXT NOT NULL, subject TEXT NOT NULL, person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
	username TEXT NOT NULL, bound_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_person ON identity (person);
-- Roles that follow from what the provider said at the last sign-in, given as by the
-- built-in administrator.
CREATE TABLE mapped (
	person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE, role TEXT NOT NULL, scope TEXT NOT NULL,
	PRIMARY KEY (person, role, scope)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER mapped_new AFTER INSERT ON mapped BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER mapped_gone AFTER DELETE ON mapped BEGIN UPDATE people_version SET n = n + 1; END;
-- Who was sent to the provider and has not come back yet. hash is of what their browser
-- keeps; person is who binds an identity to their account, 0: somebody who signs in.
CREATE TABLE signon_try (
	hash BLOB PRIMARY KEY, state TEXT NOT NULL, nonce TEXT NOT NULL, verifier TEXT NOT NULL, person INTEGER NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
