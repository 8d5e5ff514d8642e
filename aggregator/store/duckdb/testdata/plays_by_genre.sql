WITH source AS (SELECT period AS period, genre, plays FROM (SELECT f.*, coalesce(t.genre, 0) AS genre, coalesce(t.sub_genre, 0) AS sub_genre, coalesce(t.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series, coalesce(t.provider, 0) AS maker,
	coalesce(t.definition, 0) AS definition, CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END AS length, CASE WHEN t.element = 1 AND t.duration_s > 0 THEN t.duration_s ELSE 0 END AS length_s
FROM fact_view_by_province_mode_content_day f LEFT JOIN title t ON t.prime AND t.province = f.province AND t.content = f.content AND t.content <> 0) AS fact_view_by_province_mode_content_day WHERE fact_view_by_province_mode_content_day.period >= 20500 AND fact_view_by_province_mode_content_day.period < 20530 AND province IN (33) AND maker IN (7)
UNION ALL SELECT period // 24 AS period, genre, plays FROM (SELECT f.*, coalesce(t.genre, 0) AS genre, coalesce(t.sub_genre, 0) AS sub_genre, coalesce(t.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series, coalesce(t.provider, 0) AS maker,
	coalesce(t.definition, 0) AS definition, CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END AS length, CASE WHEN t.element = 1 AND t.duration_s > 0 THEN t.duration_s ELSE 0 END AS length_s
FROM fact_view_by_province_mode_content_hour f LEFT JOIN title t ON t.prime AND t.province = f.province AND t.content = f.content AND t.content <> 0) AS fact_view_by_province_mode_content_hour WHERE fact_view_by_province_mode_content_hour.period >= 492720 AND fact_view_by_province_mode_content_hour.period < 492744 AND province IN (33) AND maker IN (7)),
span AS (SELECT unnest(range(since, until))::INTEGER AS period, span FROM (VALUES (0,20500,20530),(1,20530,20531)) v(span, since, until)),
sums AS (SELECT span, genre::UBIGINT AS g0, sum(plays) AS v0 FROM source JOIN span USING (period) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span, g0
