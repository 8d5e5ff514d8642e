-- Which agent each box runs and what became of an update: store.UpdateCount. {scope} is
-- the reader's, {version} the update, {filter} chooses among boxes.
WITH told AS (
	SELECT province, box, version, state, why,
		row_number() OVER (PARTITION BY box ORDER BY at_ms, boot, mono_ms, version, state, why, province, city) AS place
	FROM running
	WHERE {scope} AND (state = 5 OR state BETWEEN 6 AND 10 AND version = {version})
),
boxes AS (
	SELECT box, arg_max(province, place) AS province,
		coalesce(arg_max(why, place) FILTER (state = 5), 0) AS agent_key,
		coalesce(arg_max(version, place) FILTER (state = 5), 0)::UBIGINT AS runs,
		coalesce(arg_max(state, place) FILTER (state <> 5), 0)::UTINYINT AS state,
		coalesce(arg_max(why, place) FILTER (state <> 5), 0) AS why_key
	FROM told GROUP BY box
),
counted AS (SELECT province, agent_key, runs, state, why_key, count(*) AS n FROM boxes WHERE {filter} GROUP BY ALL),
named AS (
	SELECT province, coalesce(a.text, '') AS agent, runs, state, coalesce(w.text, '') AS why, sum(n)::BIGINT AS boxes
	FROM counted LEFT JOIN code a ON a.key = agent_key LEFT JOIN code w ON w.key = why_key
	GROUP BY ALL
)
