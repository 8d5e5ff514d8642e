-- Which profile each box runs: store.Runs. {scope} is the scope.
--
--   about   the events that say something of profiles, with what Why says
--   placed  each with its place among those of its box, the latest last
--   latest  where each box was last
--   topics  what it told there of all's profile and of its group's
--   runs    what follows
WITH about AS (
	SELECT province, city, box, boot, mono_ms, at_ms, version, state, why, coalesce(text, '') AS said,
		starts_with(said, 'group ') AS own,
		CASE WHEN own THEN split_part(substr(said, 7), ': ', 1) ELSE '' END AS grp,
		CASE WHEN own THEN substr(said, 7 + length(grp) + 2) ELSE said END AS reason
	FROM running LEFT JOIN code ON key = why
	WHERE {scope} AND (state = 4 OR state IN (1, 2, 3) AND NOT starts_with(coalesce(text, ''), 'command'))
),
placed AS (
	SELECT *, row_number() OVER (PARTITION BY box ORDER BY at_ms, boot, mono_ms, version, state, why, province, city) AS place
	FROM about
),
latest AS (
	SELECT box, arg_max(province, place) AS province, arg_max(city, place) AS last_city, max(at_ms) AS last_ms
	FROM placed GROUP BY box
),
topics AS (
	SELECT box, province, any_value(last_city) AS city, any_value(last_ms) AS at_ms,
		max(place) FILTER (state IN (1, 3)) AS told,
		arg_max(CASE state WHEN 3 THEN version ELSE 0 END, place) FILTER (state IN (1, 3)) AS ended,
		arg_max(CASE state WHEN 1 THEN version ELSE 0 END, place) FILTER (state IN (1, 3) AND NOT own) AS of_all,
		arg_max(CASE state WHEN 1 THEN version ELSE 0 END, place) FILTER (state IN (1, 3) AND own) AS of_group,
		arg_max(grp, place) FILTER (state IN (1, 3) AND own) AS group_name,
		max(place) FILTER (state = 4) AS answered,
		arg_max(version, place) FILTER (state = 4) AS answer,
		max(place) FILTER (state = 1 AND NOT own) AS took_all,
		max(place) FILTER (state = 1 AND own) AS took_group,
		max(place) FILTER (state = 2 AND NOT own) AS refused_all,
		max(place) FILTER (state = 2 AND own) AS refused_group,
		greatest(
			CASE WHEN refused_all > coalesce(took_all, 0) THEN refused_all ELSE 0 END,
			CASE WHEN refused_group > coalesce(took_group, 0) THEN refused_group ELSE 0 END) AS place
	FROM placed JOIN latest USING (box, province) GROUP BY box, province
),
held AS (
	SELECT *,
		CASE WHEN of_group > 0 THEN of_group ELSE coalesce(of_all, 0) END AS holds,
		coalesce(answered > coalesce(told, 0) AND answer <> holds, false) AS unlike
	FROM topics
),
runs AS (
	SELECT h.province, h.city, h.box, h.at_ms,
		(CASE WHEN unlike THEN answer ELSE holds END)::UBIGINT AS version,
		CASE WHEN unlike OR coalesce(of_group, 0) = 0 THEN '' ELSE group_name END AS grp,
		(CASE (CASE WHEN unlike THEN answer ELSE holds END) WHEN 0 THEN coalesce(ended, 0) ELSE 0 END)::UBIGINT AS expired,
		p.place IS NOT NULL AS refused,
		coalesce(p.version, 0)::UBIGINT AS no_version, coalesce(p.grp, '') AS no_group, coalesce(p.reason, '') AS no_why
	FROM held h LEFT JOIN placed p USING (box, place)
)
