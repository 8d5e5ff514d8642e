WITH source AS (SELECT aired // 24 AS period, programme, viewing_ms FROM (SELECT f.*, coalesce(b.name, 0) AS programme,
	coalesce(nullif(t.genre, 0), b.genre, 0) AS genre,
	CASE WHEN coalesce(t.sub_genre, 0) = 0 AND (coalesce(t.genre, 0) = 0 OR t.genre = b.genre) THEN coalesce(b.sub_genre, 0) ELSE coalesce(t.sub_genre, 0) END AS sub_genre,
	coalesce(nullif(t.place, 0), b.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series,
	coalesce(nullif(t.provider, 0), b.provider, 0) AS maker,
	coalesce(nullif(t.definition, 0), b.definition, 0) AS definition, CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END AS length
FROM fact_broadcast_day f LEFT JOIN broadcast b ON b.province = f.province AND b.code = f.broadcast
	LEFT JOIN title t ON t.prime AND t.province = b.province AND t.content = nullif(b.programme, 0)) AS fact_broadcast_day WHERE fact_broadcast_day.period >= 20530 AND fact_broadcast_day.period < 20530 AND province IN (33) AND lag IN (0,1,2,3) AND aired >= 492720 AND aired < 492744
UNION ALL SELECT aired // 24 AS period, programme, viewing_ms FROM (SELECT f.*, coalesce(b.name, 0) AS programme,
	coalesce(nullif(t.genre, 0), b.genre, 0) AS genre,
	CASE WHEN coalesce(t.sub_genre, 0) = 0 AND (coalesce(t.genre, 0) = 0 OR t.genre = b.genre) THEN coalesce(b.sub_genre, 0) ELSE coalesce(t.sub_genre, 0) END AS sub_genre,
	coalesce(nullif(t.place, 0), b.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series,
	coalesce(nullif(t.provider, 0), b.provider, 0) AS maker,
	coalesce(nullif(t.definition, 0), b.definition, 0) AS definition, CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END AS length
FROM fact_broadcast_hour f LEFT JOIN broadcast b ON b.province = f.province AND b.code = f.broadcast
	LEFT JOIN title t ON t.prime AND t.province = b.province AND t.content = nullif(b.programme, 0)) AS fact_broadcast_hour WHERE fact_broadcast_hour.period >= 492720 AND fact_broadcast_hour.period < 492936 AND province IN (33) AND lag IN (0,1,2,3) AND aired >= 492720 AND aired < 492744),
seen AS (SELECT aired // 24 AS period, box, programme, reach_60 FROM (SELECT f.*, coalesce(b.name, 0) AS programme,
	coalesce(nullif(t.genre, 0), b.genre, 0) AS genre,
	CASE WHEN coalesce(t.sub_genre, 0) = 0 AND (coalesce(t.genre, 0) = 0 OR t.genre = b.genre) THEN coalesce(b.sub_genre, 0) ELSE coalesce(t.sub_genre, 0) END AS sub_genre,
	coalesce(nullif(t.place, 0), b.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series,
	coalesce(nullif(t.provider, 0), b.provider, 0) AS maker,
	coalesce(nullif(t.definition, 0), b.definition, 0) AS definition, CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END AS length
FROM fact_broadcast_day f LEFT JOIN broadcast b ON b.province = f.province AND b.code = f.broadcast
	LEFT JOIN title t ON t.prime AND t.province = b.province AND t.content = nullif(b.programme, 0)) AS fact_broadcast_day WHERE fact_broadcast_day.period >= 20530 AND fact_broadcast_day.period < 20530 AND province IN (33) AND lag IN (0,1,2,3) AND aired >= 492720 AND aired < 492744
UNION ALL SELECT aired // 24 AS period, box, programme, reach_60 FROM (SELECT f.*, coalesce(b.name, 0) AS programme,
	coalesce(nullif(t.genre, 0), b.genre, 0) AS genre,
	CASE WHEN coalesce(t.sub_genre, 0) = 0 AND (coalesce(t.genre, 0) = 0 OR t.genre = b.genre) THEN coalesce(b.sub_genre, 0) ELSE coalesce(t.sub_genre, 0) END AS sub_genre,
	coalesce(nullif(t.place, 0), b.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series,
	coalesce(nullif(t.provider, 0), b.provider, 0) AS maker,
	coalesce(nullif(t.definition, 0), b.definition, 0) AS definition, CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END AS length
FROM fact_broadcast_hour f LEFT JOIN broadcast b ON b.province = f.province AND b.code = f.broadcast
	LEFT JOIN title t ON t.prime AND t.province = b.province AND t.content = nullif(b.programme, 0)) AS fact_broadcast_hour WHERE fact_broadcast_hour.period >= 492720 AND fact_broadcast_hour.period < 492936 AND province IN (33) AND lag IN (0,1,2,3) AND aired >= 492720 AND aired < 492744),
sums AS (SELECT span, programme::UBIGINT AS g0, sum(viewing_ms) AS v0, 0 AS v1 FROM (SELECT 0 AS span, * FROM source) GROUP BY ALL),
by_box AS (SELECT programme::UBIGINT AS g0, box AS one_box, bit_or(CASE WHEN reach_60 > 0 AND period >= 20530 AND period < 20592 THEN 1::BIGINT << (period - 20530) ELSE 0 END) AS b1_0 FROM seen GROUP BY ALL),
boxes AS (SELECT span, g0, 0 AS v0, count(*) FILTER ((b1_0 & m0) <> 0) AS v1 FROM by_box, (VALUES (0, 1::BIGINT)) mask(span, m0) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0, sum(v1)::BIGINT AS v1 FROM (FROM sums UNION ALL FROM boxes) GROUP BY ALL HAVING v0 <> 0 OR v1 <> 0)
FROM grouped ORDER BY span, g0
