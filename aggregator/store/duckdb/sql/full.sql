-- A full file of day $day of province $p, in staged without doubles, becomes
-- part of sighting. $prev and $next are the days of the full files beside it.

-- Accounts whose row is not what is held of the day: also those no longer shown.
CREATE OR REPLACE TEMP TABLE differs AS
SELECT coalesce(n.account, h.account) AS account
FROM staged n FULL JOIN (FROM sighting WHERE province = $p AND from_day <= $day AND to_day >= $day) h USING (account)
WHERE n.account IS NULL OR h.account IS NULL OR n.state <> h.state OR n.reason <> h.reason OR n.city <> h.city
	OR n.open_ms <> h.open_ms OR n.suspend_ms <> h.suspend_ms OR n.cancel_ms <> h.cancel_ms
	OR n.product <> h.product OR n.stb <> h.stb OR n.net <> h.net;

-- What is held of them from the full file before to the one after.
CREATE OR REPLACE TEMP TABLE near AS
SELECT rowid AS rid, account, from_day, to_day, {s: state, r: reason, c: city, o: open_ms, u: suspend_ms, e: cancel_ms, p: product, b: stb, n: net} AS v
FROM sighting SEMI JOIN differs USING (account)
WHERE province = $p AND from_day <= $after AND to_day >= $before;

-- Before, on and after the day, each with how far it reaches alone; what is alike
-- is one stretch.
CREATE OR REPLACE TEMP TABLE beside AS
SELECT account, l.from_day AS l_from, l.v AS l, m.v AS m, r.to_day AS r_to, r.v AS r,
	coalesce(l.v = m.v, false) AS lm, coalesce(m.v = r.v, false) AS mr
FROM differs
	LEFT JOIN (FROM near WHERE from_day <= $prev) l USING (account)
	LEFT JOIN (SELECT account, {s: state, r: reason, c: city, o: open_ms, u: suspend_ms, e: cancel_ms, p: product, b: stb, n: net} AS v
		FROM staged SEMI JOIN differs USING (account)) m USING (account)
	LEFT JOIN (FROM near WHERE $has_next AND to_day >= $next) r USING (account);

DELETE FROM sighting WHERE province = $p AND rowid IN (SELECT rid FROM near);

INSERT INTO sighting
SELECT $p, account, from_day, to_day, v.s, v.r, v.c, v.o, v.u, v.e, v.p, v.b, v.n
FROM (
	SELECT account, l_from AS from_day, CASE WHEN lm AND mr THEN r_to WHEN lm THEN $mid_to ELSE $prev END AS to_day, l AS v
	FROM beside WHERE l_from IS NOT NULL
	UNION ALL
	SELECT account, $day, CASE WHEN mr THEN r_to ELSE $mid_to END, m
	FROM beside WHERE m IS NOT NULL AND NOT lm
	UNION ALL
	SELECT account, $next, r_to, r
	FROM beside WHERE r_to IS NOT NULL AND NOT mr);

INSERT INTO touched_account SELECT account FROM differs;

DROP TABLE differs;

DROP TABLE near;

DROP TABLE beside;
