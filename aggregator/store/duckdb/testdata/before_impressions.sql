-- What a store was made of before it knew impressions, order pages, playbacks,
-- health and profiles. Never to be changed: see TestOpensOlder.

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

CREATE TABLE IF NOT EXISTS orders (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	order_id UBIGINT NOT NULL, product UBIGINT NOT NULL, provider UBIGINT NOT NULL, content UBIGINT NOT NULL,
	fen BIGINT NOT NULL, result UTINYINT NOT NULL, pay UTINYINT NOT NULL, trace UINTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS notice (
	province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, account UBIGINT NOT NULL,
	boot UINTEGER NOT NULL, mono_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, clock UTINYINT NOT NULL,
	kind UTINYINT NOT NULL, dropped BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS code (key UBIGINT NOT NULL, text VARCHAR NOT NULL);

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

-- Hours and days as aggregator.Hour and aggregator.Day count them.
CREATE OR REPLACE MACRO hour_of(ms) AS ((ms + 28800000) // 3600000)::INTEGER;
CREATE OR REPLACE MACRO hour_start(hour) AS hour::BIGINT * 3600000 - 28800000;

CREATE TABLE IF NOT EXISTS fact_box_hour (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, power_ons INTEGER NOT NULL, page_views INTEGER NOT NULL, clicks INTEGER NOT NULL, plays INTEGER NOT NULL, viewing_ms BIGINT NOT NULL, events INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_box_day (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, box UBIGINT NOT NULL, power_ons INTEGER NOT NULL, page_views INTEGER NOT NULL, clicks INTEGER NOT NULL, plays INTEGER NOT NULL, viewing_ms BIGINT NOT NULL, events INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_page_hour (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, page UBIGINT NOT NULL, page_views INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_page_day (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, page UBIGINT NOT NULL, page_views INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_click_hour (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, page UBIGINT NOT NULL, area UBIGINT NOT NULL, slot UINTEGER NOT NULL, content UBIGINT NOT NULL, clicks INTEGER NOT NULL, led INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_click_day (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, page UBIGINT NOT NULL, area UBIGINT NOT NULL, slot UINTEGER NOT NULL, content UBIGINT NOT NULL, clicks INTEGER NOT NULL, led INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_mode_hour (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, mode UTINYINT NOT NULL, box UBIGINT NOT NULL, plays INTEGER NOT NULL, viewing_ms BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_mode_day (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, mode UTINYINT NOT NULL, box UBIGINT NOT NULL, plays INTEGER NOT NULL, viewing_ms BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_view_hour (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, mode UTINYINT NOT NULL, channel UBIGINT NOT NULL, content UBIGINT NOT NULL, plays INTEGER NOT NULL, viewing_ms BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_view_day (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, mode UTINYINT NOT NULL, channel UBIGINT NOT NULL, content UBIGINT NOT NULL, plays INTEGER NOT NULL, viewing_ms BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_order_hour (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, product UBIGINT NOT NULL, provider UBIGINT NOT NULL, order_attempts INTEGER NOT NULL, orders INTEGER NOT NULL, fen BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_order_day (period INTEGER NOT NULL, province UTINYINT NOT NULL, city USMALLINT NOT NULL, product UBIGINT NOT NULL, provider UBIGINT NOT NULL, order_attempts INTEGER NOT NULL, orders INTEGER NOT NULL, fen BIGINT NOT NULL);

-- A play of ten minutes that is over, a click and its play not closed yet, with
-- the worst clock. 1777809600000 is 2026-05-03 20:00 in Shanghai, hour 493844.
INSERT INTO block VALUES ('\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10'::BLOB, 7, 3);
INSERT INTO viewing VALUES
	(33, 3301, 1, 0, 1, 600000, 1777810200000, 3, 1, 7, 0, 600000, 100, 0, 1, 0),
	(33, 3301, 2, 0, 1, 70000, 1777809670000, 0, 4, 0, 9, 60000, 100, 0, 2, 1);
INSERT INTO click VALUES (33, 3301, 2, 0, 1, 9000, 1777809609000, 0, 5, 6, 9, 8, 2, 1);
INSERT INTO dirt VALUES (493844, 33, 7);
