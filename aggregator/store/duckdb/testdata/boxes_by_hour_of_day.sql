WITH source AS (SELECT period AS period, box, power_ons FROM fact_box_hour WHERE fact_box_hour.period >= 492000 AND fact_box_hour.period < 492720 AND province IN (33) AND ((fact_box_hour.period % 24 + 24) % 24) IN (19,20)),
by_box AS (SELECT (((period + 72) % 168 + 168) % 168 // 24)::UBIGINT AS g0, ((period % 24 + 24) % 24)::UBIGINT AS g1, box AS one_box, bit_or(CASE WHEN power_ons > 0 AND ((period - 492000) // 24 + 20500) >= 20500 AND ((period - 492000) // 24 + 20500) < 20562 THEN 1::BIGINT << (((period - 492000) // 24 + 20500) - 20500) ELSE 0 END) AS b0_0 FROM source GROUP BY ALL),
boxes AS (SELECT span, g0, g1, count(*) FILTER ((b0_0 & m0) <> 0) AS v0 FROM by_box, (VALUES (0, 1073741823::BIGINT)) mask(span, m0) GROUP BY ALL),
grouped AS (SELECT span, g0, g1, sum(v0)::BIGINT AS v0 FROM (FROM boxes) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span, g0, g1
