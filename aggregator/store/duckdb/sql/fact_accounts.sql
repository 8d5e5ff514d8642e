-- How many subscribers stand how, and for how long, at the end of the days $from
-- to $to: one pass over all standings of the province, whatever the number of days.
DELETE FROM fact_accounts_day WHERE province = $p AND period >= $from;

INSERT INTO fact_accounts_day (period, province, city, state, tenure, accounts)
WITH stretch AS (
	SELECT greatest(day_of(from_ms), $from) AS since, CASE WHEN to_ms = 9223372036854775807 THEN 2147483647 ELSE day_of(to_ms) END AS until, city, state, open_ms
	FROM standing WHERE province = $p),
-- The tenures that fall into a stretch: 0 is unknown, the others are ages in months.
aged AS (
	SELECT since, until, city, state, 0::UTINYINT AS tenure FROM stretch WHERE open_ms = 0
	UNION ALL
	SELECT since, least(until, months_after(open_ms, 3)), city, state, 1 FROM stretch WHERE open_ms <> 0
	UNION ALL
	SELECT greatest(since, months_after(open_ms, 3)), least(until, months_after(open_ms, 12)), city, state, 2 FROM stretch WHERE open_ms <> 0
	UNION ALL
	SELECT greatest(since, months_after(open_ms, 12)), least(until, months_after(open_ms, 24)), city, state, 3 FROM stretch WHERE open_ms <> 0
	UNION ALL
	SELECT greatest(since, months_after(open_ms, 24)), least(until, months_after(open_ms, 60)), city, state, 4 FROM stretch WHERE open_ms <> 0
	UNION ALL
	SELECT greatest(since, months_after(open_ms, 60)), until, city, state, 5 FROM stretch WHERE open_ms <> 0),
edge AS (
	SELECT day, city, state, tenure, sum(n) AS n
	FROM (
		SELECT since AS day, city, state, tenure, count(*) AS n FROM aged WHERE since < until AND since <= $to GROUP BY ALL
		UNION ALL
		SELECT until, city, state, tenure, -count(*) FROM aged WHERE since < until AND until <= $to GROUP BY ALL)
	GROUP BY ALL),
grid AS (
	SELECT unnest(range($from, $to + 1))::INTEGER AS day, city, state, tenure FROM (SELECT DISTINCT city, state, tenure FROM edge))
SELECT day, $p, city, state, tenure, n
FROM (SELECT day, city, state, tenure, sum(n) OVER (PARTITION BY city, state, tenure ORDER BY day) AS n FROM grid LEFT JOIN edge USING (day, city, state, tenure))
WHERE n > 0;
