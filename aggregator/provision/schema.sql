-- What lets boxes of a batch ask for their first certificate.
CREATE TABLE claim (
	id         TEXT PRIMARY KEY,
	key        BLOB NOT NULL,    -- protocol.Credential.Key: proves, but is not the secret
	name       TEXT NOT NULL,
	province   INTEGER NOT NULL, -- 0: any
	most       INTEGER NOT NULL, -- boxes it is for; 0: any number
	listed     INTEGER NOT NULL, -- 1: only serials of claim_serial
	made_ms    INTEGER NOT NULL,
	expires_ms INTEGER,          -- NULL: never
	revoked_ms INTEGER,
	boxes      INTEGER NOT NULL  -- that came of it
) STRICT, WITHOUT ROWID;

CREATE TABLE claim_serial (claim TEXT NOT NULL, serial TEXT NOT NULL, PRIMARY KEY (claim, serial)) STRICT, WITHOUT ROWID;

-- Who has a certificate. key is SHA-256 of the public key (SubjectPublicKeyInfo) that
-- the box has one for, next that of a renewal with which it has not come yet.
CREATE TABLE box (
	box         TEXT PRIMARY KEY,
	serial      TEXT UNIQUE,      -- NULL: not told yet
	claim       TEXT NOT NULL,    -- '': of none; the registry was put back from a backup
	province    INTEGER NOT NULL,
	key         BLOB NOT NULL,
	public      BLOB NOT NULL,
	next        BLOB,
	next_public BLOB,
	made_ms     INTEGER NOT NULL,
	claimed_ms  INTEGER NOT NULL, -- of the key
	revoked_ms  INTEGER,
	why         TEXT NOT NULL,    -- it was revoked
	allowed_ms  INTEGER,          -- one claim with another key is allowed since
	turn        INTEGER NOT NULL  -- of the change that may have ended connections
) STRICT, WITHOUT ROWID;
CREATE INDEX box_turn ON box (turn);
CREATE INDEX box_claim ON box (claim);
CREATE INDEX box_revoked ON box (box) WHERE revoked_ms IS NOT NULL;

CREATE TABLE certificate (
	number   TEXT PRIMARY KEY, -- in hexadecimal
	box      TEXT NOT NULL,
	key      BLOB NOT NULL,
	how      TEXT NOT NULL,    -- claimed, again, renewed
	from_ms  INTEGER NOT NULL,
	until_ms INTEGER NOT NULL,
	der      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_box ON certificate (box);
CREATE INDEX certificate_key ON certificate (key);

-- What was refused, each kind of it once, with how often.
CREATE TABLE refusal (
	box      TEXT NOT NULL,
	serial   TEXT NOT NULL,
	claim    TEXT NOT NULL,
	reason   TEXT NOT NULL,
	detail   TEXT NOT NULL,
	place    TEXT NOT NULL,    -- the address it came from last
	n        INTEGER NOT NULL,
	first_ms INTEGER NOT NULL,
	last_ms  INTEGER NOT NULL,
	PRIMARY KEY (box, serial, claim, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_last ON refusal (last_ms);

-- Boxes of which there may be two.
CREATE TABLE suspect (
	box      TEXT NOT NULL,
	kind     TEXT NOT NULL,
	detail   TEXT NOT NULL,
	n        INTEGER NOT NULL,
	first_ms INTEGER NOT NULL,
	last_ms  INTEGER NOT NULL,
	PRIMARY KEY (box, kind)
) STRICT, WITHOUT ROWID;

-- Counts the changes that may end connections; one row.
CREATE TABLE turn (id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER NOT NULL) STRICT;
INSERT INTO turn VALUES (1, 0);
