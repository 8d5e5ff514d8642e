WITH seen AS (SELECT period // 24 AS period, box, city, viewing_ms FROM fact_box_hour WHERE fact_box_hour.period >= 492720 AND fact_box_hour.period < 492744 AND (province::UBIGINT, (((fact_box_hour.period + 72) % 168 + 168) % 168 // 24)::UBIGINT) IN ((33::UBIGINT,0::UBIGINT),(43::UBIGINT,6::UBIGINT))),
sum_by_box AS (SELECT span, city::UBIGINT AS g0, box AS one_box, ((sum(viewing_ms)::BIGINT + 30000) // 60000) AS s0 FROM (SELECT 0 AS span, * FROM seen) GROUP BY ALL),
squares AS (SELECT span, g0, sum(s0 * s0) AS v0 FROM sum_by_box GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0 FROM (FROM squares) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span, g0
