-- How many subscribers stand how, and for how long, at the end of the days $from
-- to $to: one pass over all standings of the province, whatever the number of days.
DELETE FROM fact_accounts_day WHERE province = $p AND period >= $from;

INSERT INTO fact_accounts_day (period, province, city, state, tenure, accounts)
-- Those that stand alike and were opened on one day, together: ages are reckoned once.
WITH stretch AS MATERIALIZED (
	SELECT greatest(day_of(from_ms), $from) AS since, CASE WHEN to_ms = 9223372036854775807 OR day_of(to_ms) > $to THEN 2147483647 ELSE day_of(to_ms) END AS until,
		city, state, CASE WHEN open_ms <> 0 THEN least(greatest(day_of(open_ms), -25567), 84006) END AS opened, count(*) AS n
	FROM standing WHERE province = $p AND day_of(from_ms) <= $to AND (to_ms = 9223372036854775807 OR day_of(to_ms) > $from)
	GROUP BY ALL),
-- The tenures that fall into a stretch: 0 is unknown, the others are ages in months.
aged AS (
	SELECT greatest(since, CASE WHEN since_month > 0 THEN months_after_day(opened, since_month) ELSE since END) AS since,
		least(until, CASE WHEN until_month > 0 THEN months_after_day(opened, until_month) ELSE until END) AS until, city, state, tenure, n
	FROM stretch, (VALUES (1, 0, 3), (2, 3, 12), (3, 12, 24), (4, 24, 60), (5, 60, 0)) t(tenure, since_month, until_month)
	WHERE opened IS NOT NULL
	UNION ALL
	SELECT since, until, city, state, 0, n FROM stretch WHERE opened IS NULL),
edge AS (
	SELECT day, city, state, tenure, sum(n) AS n
	FROM (
		SELECT since AS day, city, state, tenure, n FROM aged WHERE since < until AND since <= $to
		UNION ALL
		SELECT until, city, state, tenure, -n FROM aged WHERE since < until AND until <= $to)
	GROUP BY ALL),
grid AS (
	SELECT unnest(range($from, $to + 1))::INTEGER AS day, city, state, tenure FROM (SELECT DISTINCT city, state, tenure FROM edge))
SELECT day, $p, city, state, tenure, n
FROM (SELECT day, city, state, tenure, sum(n) OVER (PARTITION BY city, state, tenure ORDER BY day) AS n FROM grid LEFT JOIN edge USING (day, city, state, tenure))
WHERE n > 0;
