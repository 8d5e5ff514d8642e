-- How many subscribers stand how at the end of the days $from to $to: one pass
-- over all standings of the province, whatever the number of days.
DELETE FROM fact_accounts_day WHERE province = $p AND period >= $from;

INSERT INTO fact_accounts_day
WITH stretch AS (
	SELECT greatest(day_of(from_ms), $from) AS since, CASE WHEN to_ms = 9223372036854775807 THEN 2147483647 ELSE day_of(to_ms) END AS until, city, state
	FROM standing WHERE province = $p),
edge AS (
	SELECT day, city, state, sum(n) AS n
	FROM (
		SELECT since AS day, city, state, count(*) AS n FROM stretch WHERE since < until AND since <= $to GROUP BY ALL
		UNION ALL
		SELECT until, city, state, -count(*) FROM stretch WHERE since < until AND until <= $to GROUP BY ALL)
	GROUP BY ALL),
grid AS (
	SELECT unnest(range($from, $to + 1))::INTEGER AS day, city, state FROM (SELECT DISTINCT city, state FROM edge))
SELECT day, $p, city, state, n
FROM (SELECT day, city, state, sum(n) OVER (PARTITION BY city, state ORDER BY day) AS n FROM grid LEFT JOIN edge USING (day, city, state))
WHERE n > 0;
