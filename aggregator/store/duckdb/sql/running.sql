-- Which profile each box runs: store.Runs. {scope} is the reader's, {chosen} takes
-- of held what is asked for.
--
--   said    what each Why says, once
--   placed  the events that say something of profiles, each with its place
--           among those of its box, the latest last
--   latest  where each box was last
--   topics  what it told there of all's profile and of its group's
--   held    what follows from that
--   chosen  of that what is asked for, runs the same with its texts
WITH said AS (
	SELECT key, starts_with(text, 'command') AS command, starts_with(text, 'group ') AS own,
		CASE WHEN own THEN split_part(substr(text, 7), ': ', 1) ELSE '' END AS grp,
		CASE WHEN own THEN substr(text, 7 + length(grp) + 2) ELSE text END AS reason
	FROM code SEMI JOIN (SELECT DISTINCT why AS key FROM running) USING (key)
),
placed AS (
	SELECT province, city, box, at_ms, version, state, why, coalesce(own, false) AS own,
		row_number() OVER (PARTITION BY box ORDER BY at_ms, boot, mono_ms, version, state, why, province, city) AS place
	FROM running LEFT JOIN said ON key = why
	WHERE {scope} AND (state = 4 OR state IN (1, 2, 3) AND NOT coalesce(command, false))
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
		arg_max(why, place) FILTER (state IN (1, 3) AND own) AS group_why,
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
	SELECT t.province, t.city, t.box, t.at_ms,
		CASE WHEN of_group > 0 THEN of_group ELSE coalesce(of_all, 0) END AS holds,
		coalesce(answered > coalesce(told, 0) AND answer <> holds, false) AS unlike,
		(CASE WHEN unlike THEN answer ELSE holds END)::UBIGINT AS version,
		CASE WHEN NOT unlike AND of_group > 0 THEN group_why END AS group_why,
		(CASE WHEN version = 0 THEN coalesce(ended, 0) ELSE 0 END)::UBIGINT AS expired,
		p.place IS NOT NULL AS refused, coalesce(told_version, 0)::UBIGINT AS no_version, told_why AS no_why
	FROM topics t LEFT JOIN (SELECT box, place, version AS told_version, why AS told_why FROM placed WHERE state = 2) p USING (box, place)
),
chosen AS ({chosen}),
runs AS (
	SELECT chosen.*, coalesce(g.grp, '') AS grp, coalesce(n.grp, '') AS no_group, coalesce(n.reason, '') AS no_reason
	FROM chosen LEFT JOIN said g ON g.key = group_why LEFT JOIN said n ON n.key = no_why
)
