CREATE TABLE token (
    hash       BLOB PRIMARY KEY, -- SHA-256 of the secret
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,    -- * or provinces as 33,43
    admin      INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE link (
    hash       BLOB PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER           -- NULL: still good
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash       BLOB PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL  -- last use, to a minute
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- What was recorded stays as it was recorded.
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;
