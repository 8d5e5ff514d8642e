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

-- mark: of the block that told the row, or moved it last. What a closing has counted of
-- a cell are the rows with marks up to closed.mark.
ALTER TABLE power ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE page_view ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE click ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE viewing ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE orders ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE impression ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE order_page ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE playback ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE health ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE running ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE notice ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;
ALTER TABLE tally ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;

-- agent: key of the version of the agent; 0: not told.
ALTER TABLE power ADD COLUMN IF NOT EXISTS agent UBIGINT DEFAULT 0;
ALTER TABLE running ADD COLUMN IF NOT EXISTS agent UBIGINT DEFAULT 0;

-- Rows as they were before the block with the mark until moved them, as long as a
-- closing may have counted them so.
CREATE TABLE IF NOT EXISTS power_was AS SELECT *, 0::BIGINT AS until FROM power LIMIT 0;
CREATE TABLE IF NOT EXISTS page_view_was AS SELECT *, 0::BIGINT AS until FROM page_view LIMIT 0;
CREATE TABLE IF NOT EXISTS click_was AS SELECT *, 0::BIGINT AS until FROM click LIMIT 0;
CREATE TABLE IF NOT EXISTS viewing_was AS SELECT *, 0::BIGINT AS until FROM viewing LIMIT 0;
CREATE TABLE IF NOT EXISTS orders_was AS SELECT *, 0::BIGINT AS until FROM orders LIMIT 0;
CREATE TABLE IF NOT EXISTS impression_was AS SELECT *, 0::BIGINT AS until FROM impression LIMIT 0;
CREATE TABLE IF NOT EXISTS order_page_was AS SELECT *, 0::BIGINT AS until FROM order_page LIMIT 0;
CREATE TABLE IF NOT EXISTS playback_was AS SELECT *, 0::BIGINT AS until FROM playback LIMIT 0;
CREATE TABLE IF NOT EXISTS health_was AS SELECT *, 0::BIGINT AS until FROM health LIMIT 0;
CREATE TABLE IF NOT EXISTS running_was AS SELECT *, 0::BIGINT AS until FROM running LIMIT 0;
CREATE TABLE IF NOT EXISTS notice_was AS SELECT *, 0::BIGINT AS until FROM notice LIMIT 0;
CREATE TABLE IF NOT EXISTS tally_was AS SELECT *, 0::BIGINT AS until FROM tally LIMIT 0;
ALTER TABLE power_was ADD COLUMN IF NOT EXISTS agent UBIGINT DEFAULT 0;
ALTER TABLE running_was ADD COLUMN IF NOT EXISTS agent UBIGINT DEFAULT 0;

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
-- whole: more than rows of boxes differs (schedules, rules), so the cell is to be made
-- anew.
ALTER TABLE dirt ADD COLUMN IF NOT EXISTS whole BOOLEAN DEFAULT true;

-- Cells closed at least once, and the latest event in each.
CREATE TABLE IF NOT EXISTS closed (hour INTEGER NOT NULL, province UTINYINT NOT NULL, last_ms BIGINT NOT NULL);
-- By which of edit_rules the facts of the cell were made; 0: by none.
ALTER TABLE closed ADD COLUMN IF NOT EXISTS edit INTEGER DEFAULT 0;
-- Of which blocks the rows are counted: those with marks up to it.
ALTER TABLE closed ADD COLUMN IF NOT EXISTS mark BIGINT DEFAULT 0;

-- The rules by which viewing is edited, those with the greatest number in force.
-- rules is store.EditRules as JSON.
CREATE TABLE IF NOT EXISTS edit_rules (number INTEGER NOT NULL, name VARCHAR NOT NULL, rules VARCHAR NOT NULL);

-- Boxes that told much in a closed hour, or that the rules list: rows in all, those
-- of the minute with the most. A box may have several rows.
CREATE TABLE IF NOT EXISTS busy (hour INTEGER NOT NULL, province UTINYINT NOT NULL, box UBIGINT NOT NULL,
	records BIGINT NOT NULL, minute BIGINT NOT NULL, listed BOOLEAN NOT NULL);

-- Boxes that are invalid on a day, as closed cells have it; why is store.Invalid.
CREATE TABLE IF NOT EXISTS invalid (day INTEGER NOT NULL, province UTINYINT NOT NULL, box UBIGINT NOT NULL, why UTINYINT NOT NULL);

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

-- The seat of each box in the rolls, and the home (province and city) by which it
-- got it.
CREATE TABLE IF NOT EXISTS seat (box UBIGINT NOT NULL, home UINTEGER NOT NULL, seat UINTEGER NOT NULL);
