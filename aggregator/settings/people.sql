-- Who may sign in, and what they may. Person 1 is the built-in administrator, whom
-- links made on the machine sign in.
CREATE TABLE person (
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
	name TEXT NOT NULL UNIQUE, display TEXT NOT NULL, language TEXT NOT NULL, department TEXT NOT NULL,
	password TEXT NOT NULL DEFAULT '',    -- argon2id; empty: none yet
	made_by INTEGER NOT NULL, made_ms INTEGER NOT NULL, disabled_ms INTEGER,
	totp BLOB, totp_ms INTEGER,           -- the secret, and since when it is asked for; NULL: being set up
	totp_step INTEGER NOT NULL DEFAULT 0  -- the last step used: none works twice
) STRICT;
INSERT INTO person (id, name, display, language, department, made_by, made_ms) VALUES (1, 'administrator', '', '', '', 1, 0);
CREATE TABLE recovery (
	person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE, hash BLOB NOT NULL, used_ms INTEGER,
	PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;
-- Roles that were made here; the built-in ones are in the program.
CREATE TABLE role (name TEXT PRIMARY KEY, title_zh TEXT NOT NULL, title_en TEXT NOT NULL, data TEXT NOT NULL, powers TEXT NOT NULL) STRICT;
-- Who gave what to whom: a role, or a data set, in provinces. It holds as far as the
-- giver could still give it.
CREATE TABLE permit (
	person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE, role TEXT NOT NULL, data TEXT NOT NULL,
	scope TEXT NOT NULL, by INTEGER NOT NULL REFERENCES person (id), at_ms INTEGER NOT NULL,
	PRIMARY KEY (person, role, data, by)
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Raised with every change of the above, by whatever process, so that nobody holds an
-- old picture of them for longer than a request.
CREATE TABLE people_version (n INTEGER NOT NULL) STRICT;
INSERT INTO people_version VALUES (1);
CREATE TRIGGER person_new AFTER INSERT ON person BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER person_other AFTER UPDATE ON person BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER person_gone AFTER DELETE ON person BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER role_new AFTER INSERT ON role BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER role_other AFTER UPDATE ON role BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER role_gone AFTER DELETE ON role BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER permit_new AFTER INSERT ON permit BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER permit_other AFTER UPDATE ON permit BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER permit_gone AFTER DELETE ON permit BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER setting_new AFTER INSERT ON setting BEGIN UPDATE people_version SET n = n + 1; END;
CREATE TRIGGER setting_other AFTER UPDATE ON setting BEGIN UPDATE people_version SET n = n + 1; END;

-- Tokens and sessions made before see and may what they did.
ALTER TABLE token ADD COLUMN data TEXT NOT NULL DEFAULT '*';
ALTER TABLE link ADD COLUMN person INTEGER NOT NULL DEFAULT 1;
ALTER TABLE link ADD COLUMN machine INTEGER NOT NULL DEFAULT 1; -- made on the machine itself: needs no second factor
ALTER TABLE session ADD COLUMN person INTEGER NOT NULL DEFAULT 1;
ALTER TABLE session ADD COLUMN id TEXT NOT NULL DEFAULT '';         -- names it, opens nothing
ALTER TABLE session ADD COLUMN via TEXT NOT NULL DEFAULT 'machine'; -- machine, link or password
ALTER TABLE session ADD COLUMN needs TEXT NOT NULL DEFAULT '';      -- code: the second factor is still to come
ALTER TABLE session ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN viewing INTEGER NOT NULL DEFAULT 0;  -- through whose eyes; 0: one's own
UPDATE session SET id = lower(hex(randomblob(6)));
ALTER TABLE alert_notice ADD COLUMN indicator TEXT NOT NULL DEFAULT '';
UPDATE alert_notice SET indicator = coalesce((SELECT r.indicator FROM alert_rule r WHERE r.id = alert_notice.rule), '');

-- What was done, by whom: each line's hash covers the line and the hash before it.
CREATE TABLE trail (
	no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, who TEXT NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL,
	whom TEXT NOT NULL, place TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE INDEX trail_who ON trail (who);
CREATE INDEX trail_whom ON trail (whom);
CREATE TRIGGER trail_stays BEFORE UPDATE ON trail BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER trail_keeps BEFORE DELETE ON trail BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
