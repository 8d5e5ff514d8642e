-- Where people want what is sent to them. A secret is kept as it is: messages are
-- signed with it.
CREATE TABLE way (
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
	person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
	label TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL, secret TEXT NOT NULL,
	reports INTEGER NOT NULL, alerts INTEGER NOT NULL, made_ms INTEGER NOT NULL
) STRICT;
-- Boards that go out by schedule; body is the report as JSON. done_ms: what was due up
-- to then has been dealt with.
CREATE TABLE report (
	id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, body TEXT NOT NULL,
	paused INTEGER NOT NULL, set_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL
) STRICT;
-- What became due: a report at a time, or a notice of an alert. body is the report as it
-- was then, so that the list tells what was sent and not what would be now.
CREATE TABLE post_run (
	id INTEGER PRIMARY KEY AUTOINCREMENT, report INTEGER NOT NULL, notice INTEGER NOT NULL,
	owner TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, due_ms INTEGER NOT NULL,
	begun_ms INTEGER NOT NULL, late TEXT NOT NULL, by TEXT NOT NULL, missed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX post_run_due ON post_run (report, due_ms) WHERE notice = 0;
CREATE UNIQUE INDEX post_run_notice ON post_run (notice) WHERE notice > 0;
CREATE TABLE post_sending (
	id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES post_run (id) ON DELETE CASCADE,
	person TEXT NOT NULL, way INTEGER NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL,
	state TEXT NOT NULL, attempts INTEGER NOT NULL, next_ms INTEGER NOT NULL,
	code TEXT NOT NULL, detail TEXT NOT NULL, at_ms INTEGER NOT NULL,
	UNIQUE (run, person, way)
) STRICT;
CREATE INDEX post_sending_waiting ON post_sending (next_ms) WHERE state = 'waiting';
ALTER TABLE alert_rule ADD COLUMN receivers TEXT NOT NULL DEFAULT ''; -- names, with commas between them
