-- What the provinces' files say, and what follows from it. A row that is known
-- by a key is there once, in its latest version: (version_ms, file) of the file
-- that said it, and line in a catalogue.

CREATE TABLE IF NOT EXISTS feed_file (
	id BLOB NOT NULL, province UTINYINT NOT NULL, feed UTINYINT NOT NULL, name BLOB NOT NULL, day INTEGER NOT NULL,
	version_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL, bytes BIGINT NOT NULL, outcome UTINYINT NOT NULL,
	records BIGINT NOT NULL, accepted BIGINT NOT NULL, rejected BIGINT NOT NULL, repeated BIGINT NOT NULL,
	why VARCHAR NOT NULL, counts VARCHAR NOT NULL, done_ms BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS feed_fault (
	id BLOB NOT NULL, place INTEGER NOT NULL, line BIGINT NOT NULL, field BLOB NOT NULL, code VARCHAR NOT NULL, text BLOB NOT NULL, raw BLOB NOT NULL);

-- A file is asked for by its id several times while it is taken in, its faults
-- are replaced with it: both must not cost more with every year of files.
CREATE INDEX IF NOT EXISTS feed_file_id ON feed_file (id);
CREATE INDEX IF NOT EXISTS feed_fault_id ON feed_fault (id);

-- The days with a full file.
CREATE TABLE IF NOT EXISTS full_day (
	province UTINYINT NOT NULL, day INTEGER NOT NULL, version_ms BIGINT NOT NULL, file BLOB NOT NULL, accounts BIGINT NOT NULL);

-- store.Sighting: stretches of days in which full files show an account alike,
-- as long as the days there are allow. to_day 2147483647 is store.Lasting.
CREATE TABLE IF NOT EXISTS sighting (
	province UTINYINT NOT NULL, account UBIGINT NOT NULL, from_day INTEGER NOT NULL, to_day INTEGER NOT NULL,
	state UTINYINT NOT NULL, reason UTINYINT NOT NULL, city USMALLINT NOT NULL,
	open_ms BIGINT NOT NULL, suspend_ms BIGINT NOT NULL, cancel_ms BIGINT NOT NULL,
	product UBIGINT NOT NULL, stb UBIGINT NOT NULL, net UBIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS account_change (
	province UTINYINT NOT NULL, account UBIGINT NOT NULL, op UTINYINT NOT NULL, at_ms BIGINT NOT NULL,
	old UBIGINT NOT NULL, new UBIGINT NOT NULL, reason UTINYINT NOT NULL, city USMALLINT NOT NULL,
	version_ms BIGINT NOT NULL, file BLOB NOT NULL);

-- Changes of numbers that two full files show, the later that of day; those told
-- are in account_change.
CREATE TABLE IF NOT EXISTS number_link (province UTINYINT NOT NULL, old UBIGINT NOT NULL, new UBIGINT NOT NULL, day INTEGER NOT NULL);

-- store.Life: whose the accounts are that changes of numbers speak of. In its own
-- first life, from -9223372036854775808, an account may be the root.
CREATE TABLE IF NOT EXISTS chain (province UTINYINT NOT NULL, account UBIGINT NOT NULL, root UBIGINT NOT NULL, rank INTEGER NOT NULL,
	since_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL);
ALTER TABLE chain ADD COLUMN IF NOT EXISTS since_ms BIGINT DEFAULT -9223372036854775808;
ALTER TABLE chain ADD COLUMN IF NOT EXISTS until_ms BIGINT DEFAULT 9223372036854775807;

-- What store.Fold makes of it. to_ms 9223372036854775807 is store.Forever.
CREATE TABLE IF NOT EXISTS standing (
	province UTINYINT NOT NULL, root UBIGINT NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL,
	state UTINYINT NOT NULL, reason UTINYINT NOT NULL, city USMALLINT NOT NULL,
	product UBIGINT NOT NULL, stb UBIGINT NOT NULL, net UBIGINT NOT NULL, open_ms BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS flow (
	province UTINYINT NOT NULL, root UBIGINT NOT NULL, at_ms BIGINT NOT NULL, kind UTINYINT NOT NULL, city USMALLINT NOT NULL,
	from_state UTINYINT NOT NULL, to_state UTINYINT NOT NULL, shown BOOLEAN NOT NULL);

CREATE TABLE IF NOT EXISTS bill (
	province UTINYINT NOT NULL, id UBIGINT NOT NULL, op UTINYINT NOT NULL, account UBIGINT NOT NULL,
	product UBIGINT NOT NULL, content UBIGINT NOT NULL, provider UBIGINT NOT NULL,
	at_ms BIGINT NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL, fen BIGINT NOT NULL, pay UTINYINT NOT NULL, trace UBIGINT NOT NULL,
	version_ms BIGINT NOT NULL, file BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS product (
	province UTINYINT NOT NULL, code UBIGINT NOT NULL, name UBIGINT NOT NULL, type UTINYINT NOT NULL, fen BIGINT NOT NULL,
	provider UBIGINT NOT NULL, share_bp INTEGER NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL,
	version_ms BIGINT NOT NULL, file BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS object (
	province UTINYINT NOT NULL, element UTINYINT NOT NULL, code UBIGINT NOT NULL USING COMPRESSION uncompressed,
	name UBIGINT NOT NULL USING COMPRESSION uncompressed, parent UBIGINT NOT NULL,
	deleted BOOLEAN NOT NULL, properties VARCHAR NOT NULL USING COMPRESSION fsst,
	genre UBIGINT NOT NULL, sub_genre UBIGINT NOT NULL, place UBIGINT NOT NULL, provider UBIGINT NOT NULL,
	definition UTINYINT NOT NULL, duration_s INTEGER NOT NULL, dictionary UBIGINT NOT NULL,
	line BIGINT NOT NULL, version_ms BIGINT NOT NULL, file BLOB NOT NULL);

-- The latest row that deleted a thing, also if it is back: mappings from before
-- that are gone with it.
CREATE TABLE IF NOT EXISTS object_gone (
	province UTINYINT NOT NULL, element UTINYINT NOT NULL, code UBIGINT NOT NULL,
	line BIGINT NOT NULL, version_ms BIGINT NOT NULL, file BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS mapping (
	province UTINYINT NOT NULL, parent UTINYINT NOT NULL, parent_code UBIGINT NOT NULL, child UTINYINT NOT NULL, child_code UBIGINT NOT NULL,
	deleted BOOLEAN NOT NULL, properties VARCHAR NOT NULL,
	line BIGINT NOT NULL, version_ms BIGINT NOT NULL, file BLOB NOT NULL);

-- Live programmes, series and channels with what they mean; of those with one
-- code the prime one answers for a content.
CREATE TABLE IF NOT EXISTS title (
	province UTINYINT NOT NULL, element UTINYINT NOT NULL, content UBIGINT NOT NULL, prime BOOLEAN NOT NULL,
	name UBIGINT NOT NULL, series UBIGINT NOT NULL,
	genre UBIGINT NOT NULL, sub_genre UBIGINT NOT NULL, place UBIGINT NOT NULL, provider UBIGINT NOT NULL,
	definition UTINYINT NOT NULL, duration_s INTEGER NOT NULL, dictionary UBIGINT NOT NULL);

-- The last millisecond of a day, of which its full file speaks.
CREATE OR REPLACE MACRO shown_at(day) AS (day::BIGINT + 1) * 86400000 - 28800001;

-- What an order cost; -1 is c3.AtPrice.
CREATE OR REPLACE MACRO amount(fen, price) AS CASE WHEN fen = -1 THEN coalesce(price, 0) ELSE fen END;

-- store.Label. One key may be a genre's and a product's: labels go by dimension.
CREATE TABLE IF NOT EXISTS label (dimension VARCHAR NOT NULL, key UBIGINT NOT NULL, zh VARCHAR NOT NULL, en VARCHAR NOT NULL);

-- The day of a moment as aggregator.DayOf counts it, before 1970 too.
CREATE OR REPLACE MACRO day_of(ms) AS (((ms + 28800000) - ((ms + 28800000) % 86400000 + 86400000) % 86400000) // 86400000)::INTEGER;

-- Live schedules and schedule records that have a start, as they tell it:
-- store.AiringRow. 0: not told.
CREATE TABLE IF NOT EXISTS airing (
	province UTINYINT NOT NULL, element UTINYINT NOT NULL, code UBIGINT NOT NULL, channel UBIGINT NOT NULL, physical UBIGINT NOT NULL,
	programme UBIGINT NOT NULL, start_ms BIGINT NOT NULL, duration_ms BIGINT NOT NULL,
	line BIGINT NOT NULL, version_ms BIGINT NOT NULL, file BLOB NOT NULL);

-- What follows from them: store.Broadcast, and the contents that play one again.
CREATE TABLE IF NOT EXISTS broadcast (
	province UTINYINT NOT NULL, code UBIGINT NOT NULL, channel UBIGINT NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL,
	name UBIGINT NOT NULL, programme UBIGINT NOT NULL,
	genre UBIGINT NOT NULL, sub_genre UBIGINT NOT NULL, place UBIGINT NOT NULL, provider UBIGINT NOT NULL, definition UTINYINT NOT NULL);

CREATE TABLE IF NOT EXISTS recording (province UTINYINT NOT NULL, content UBIGINT NOT NULL, code UBIGINT NOT NULL);

-- store.MonthsAfter a day.
CREATE OR REPLACE MACRO months_after_day(day, months) AS ((DATE '1970-01-01' + day + INTERVAL (months) MONTH)::DATE - DATE '1970-01-01')::INTEGER;

-- And after the day of a moment; what nobody can have meant is moved to where there
-- are dates.
CREATE OR REPLACE MACRO months_after(ms, months) AS months_after_day(least(greatest(day_of(ms), -25567), 84006), months);

-- store.MonthOf the day of a moment.
CREATE OR REPLACE MACRO month_of(ms) AS
	(year(DATE '1970-01-01' + least(greatest(day_of(ms), -25567), 84006)) * 12 + month(DATE '1970-01-01' + least(greatest(day_of(ms), -25567), 84006)) - 1)::INTEGER;
