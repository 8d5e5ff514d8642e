WITH source AS (SELECT period AS period, box, city, power_ons FROM fact_box_day WHERE fact_box_day.period >= 20500 AND fact_box_day.period < 20531 AND province IN (33)),
span AS (SELECT unnest(range(since, until))::INTEGER AS period, span FROM (VALUES (0,20500,20530),(1,20530,20531)) v(span, since, until)),
sums AS (SELECT span, city::UBIGINT AS g0, sum(power_ons) AS v0, 0 AS v1 FROM source JOIN span USING (period) GROUP BY ALL),
by_box AS (SELECT city::UBIGINT AS g0, box AS one_box, bit_or(CASE WHEN power_ons > 0 AND period >= 20500 AND period < 20562 THEN 1::BIGINT << (period - 20500) ELSE 0 END) AS b1_0 FROM source GROUP BY ALL),
boxes AS (SELECT span, g0, 0 AS v0, count(*) FILTER ((b1_0 & m0) <> 0) AS v1 FROM by_box, (VALUES (0, 1073741823::BIGINT),(1, 1073741824::BIGINT)) mask(span, m0) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0, sum(v1)::BIGINT AS v1 FROM (FROM sums UNION ALL FROM boxes) GROUP BY ALL HAVING v0 <> 0 OR v1 <> 0)
FROM grouped ORDER BY span, g0
