WITH source AS (SELECT period AS period, city, power_ons FROM fact_box_by_province_city_day WHERE fact_box_by_province_city_day.period >= 20500 AND fact_box_by_province_city_day.period < 20531 AND province IN (33)),
span AS (SELECT unnest(range(since, until))::INTEGER AS period, span FROM (VALUES (0,20500,20530),(1,20530,20531)) v(span, since, until)),
sums AS (SELECT span, city::UBIGINT AS g0, sum(power_ons) AS v0, 0 AS v1 FROM source JOIN span USING (period) GROUP BY ALL),
marks AS (SELECT period, box, city, power_ons FROM fact_box_marks WHERE period >= 1281 AND period <= 1283 AND province IN (33)),
by_box AS (SELECT city::UBIGINT AS g0, box AS one_box, bit_or(CASE WHEN period >= 1281 AND period < 1284 THEN power_ons::BIGINT << ((period - 1281) * 16) ELSE 0 END) AS b1_0 FROM marks GROUP BY ALL),
boxes AS (SELECT span, g0, 0 AS v0, count(*) FILTER ((b1_0 & m0) <> 0) AS v1 FROM by_box, (VALUES (0, 17179869168::BIGINT),(1, 17179869184::BIGINT)) mask(span, m0) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0, sum(v1)::BIGINT AS v1 FROM (FROM sums UNION ALL FROM boxes) GROUP BY ALL HAVING v0 <> 0 OR v1 <> 0)
FROM grouped ORDER BY span, g0
