-- Tables of the embedded columnar store. Events are append-only but for
-- retimes; facts are replaced by closing. No table has an index but block:
-- zone maps on time prune what is read, and an index would cost memory for
-- every box.

CREATE TABLE IF NOT EXISTS block (id BLOB PRIMARY KEY, mark BIGINT NOT NULL, events BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS power (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	switched_on BOOLEAN NOT NULL, cause UTINYINT NOT NULL);

CREATE TABLE IF NOT EXISTS page_view (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	page UBIGINT NOT NULL, from_page UBIGINT NOT NULL, template UBIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS click (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	page UBIGINT NOT NULL, area UBIGINT NOT NULL, content UBIGINT NOT NULL, template UBIGINT NOT NULL,
	slot UINTEGER NOT NULL, trace UINTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS viewing (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	mode UTINYINT NOT NULL, channel UBIGINT NOT NULL, content UBIGINT NOT NULL, duration_ms INTEGER NOT NULL,
	speed INTEGER NOT NULL, part UINTEGER NOT NULL, ended UTINYINT NOT NULL, trace UINTEGER NOT NULL);
-- Columns that stores made before them lack. DuckDB adds none that is NOT NULL.
ALTER TABLE viewing ADD COLUMN IF NOT EXISTS keys UINTEGER DEFAULT 0;
ALTER TABLE viewing ADD COLUMN IF NOT EXISTS idle_ms BIGINT DEFAULT 0;
-- tv: 0 unknown, 1 on, 2 off. length_ms: 0 unknown. position_ms: plus 1; 0 unknown.
ALTER TABLE viewing ADD COLUMN IF NOT EXISTS tv UTINYINT DEFAULT 0;
ALTER TABLE viewing ADD COLUMN IF NOT EXISTS length_ms INTEGER DEFAULT 0;
ALTER TABLE viewing ADD COLUMN IF NOT EXISTS position_ms INTEGER DEFAULT 0;

CREATE TABLE IF NOT EXISTS orders (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	order_id UBIGINT NOT NULL, product UBIGINT NOT NULL, provider UBIGINT NOT NULL, content UBIGINT NOT NULL,
	fen BIGINT NOT NULL, result UTINYINT NOT NULL, pay UTINYINT NOT NULL, trace UINTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS impression (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	page UBIGINT NOT NULL, area UBIGINT NOT NULL, content UBIGINT NOT NULL, template UBIGINT NOT NULL,
	slot UINTEGER NOT NULL, sight UTINYINT NOT NULL, duration_ms INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS order_page (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	page UBIGINT NOT NULL, product UBIGINT NOT NULL, content UBIGINT NOT NULL, trace UINTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS playback (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	mode UTINYINT NOT NULL, channel UBIGINT NOT NULL, content UBIGINT NOT NULL, start_ms INTEGER NOT NULL,
	stalls UINTEGER NOT NULL, stall_ms INTEGER NOT NULL, errors UINTEGER NOT NULL, error UBIGINT NOT NULL, trace UINTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS health (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	cpu UINTEGER NOT NULL, memory_kb BIGINT NOT NULL, temperature INTEGER NOT NULL, agent_kb BIGINT NOT NULL,
	agent_ms BIGINT NOT NULL, flash_kb BIGINT NOT NULL, waiting BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS running (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	version UBIGINT NOT NULL, state UTINYINT NOT NULL, why UBIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS notice (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	kind UTINYINT NOT NULL, dropped BIGINT NOT NULL);

ALTER TABLE notice ADD COLUMN IF NOT EXISTS reason UTINYINT DEFAULT 0;

CREATE TABLE IF NOT EXISTS tally (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	lost BIGINT NOT NULL, repeated BIGINT NOT NULL);

-- Columns of many different texts name their compression. Trying all others takes
-- most of the time of an insert, and ends with the same one; hashes have none.
CREATE TABLE IF NOT EXISTS code (
	key UBIGINT NOT NULL USING COMPRESSION uncompressed, text VARCHAR NOT NULL USING COMPRESSION fsst);

CREATE TABLE IF NOT EXISTS identity (
	box UBIGINT NOT NULL, serial UINTEGER NOT NULL,
	province UTINYINT NOT NULL, city USMALLINT NOT NULL,
	account UBIGINT NOT NULL, model UBIGINT NOT NULL, firmware UBIGINT NOT NULL);

-- What was told last of a boot holds; the row with the greatest mark is it.
CREATE TABLE IF NOT EXISTS clock (
	box UBIGINT NOT NULL, boot UINTEGER NOT NULL,
	offset_ms BIGINT NOT NULL, quality UTINYINT NOT NULL, mark BIGINT NOT NULL);

-- Cells to close. Insert only adds, Close only removes, so that both run side
-- by side; the mark of the block that touched the cell says which Close may
-- remove it.
CREATE TABLE IF NOT EXISTS dirt (hour INTEGER NOT NULL, province UTINYINT NOT NULL, mark BIGINT NOT NULL);

-- Cells closed at least once, and the latest event in each.
CREATE TABLE IF NOT EXISTS closed (hour INTEGER NOT NULL, province UTINYINT NOT NULL, last_ms BIGINT NOT NULL);

-- Days up to settled stand in the daily tables; later ones are read from the
-- hourly tables, so that the day under way is not rewritten at every closing.
CREATE TABLE IF NOT EXISTS settled (day INTEGER NOT NULL);

-- Events before the latest of these days are gone: facts of hours before it are
-- final.
CREATE TABLE IF NOT EXISTS dropped (day INTEGER NOT NULL);

-- By which rules the facts were made: factRules.
CREATE TABLE IF NOT EXISTS fact_rules (number BIGINT NOT NULL);

-- Hours and days as aggregator.Hour and aggregator.Day count them.
CREATE OR REPLACE MACRO hour_of(ms) AS ((ms + 28800000) // 3600000)::INTEGER;
CREATE OR REPLACE MACRO hour_start(hour) AS hour::BIGINT * 3600000 - 28800000;
