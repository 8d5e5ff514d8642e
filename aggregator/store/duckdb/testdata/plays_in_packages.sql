WITH source AS (SELECT period // 24 AS period, plays FROM fact_view_hour WHERE fact_view_hour.period >= 492720 AND fact_view_hour.period < 492744 AND ((province, content) IN (SELECT province, code FROM packed WHERE package IN (7,8)) OR (province, channel) IN (SELECT province, code FROM packed WHERE package IN (7,8) AND element = 4)) AND NOT ((province, content) IN (SELECT province, code FROM packed WHERE package IN (9)) OR (province, channel) IN (SELECT province, code FROM packed WHERE package IN (9) AND element = 4))),
sums AS (SELECT span, sum(plays) AS v0 FROM (SELECT 0 AS span, * FROM source) GROUP BY ALL),
grouped AS (SELECT span, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span
