WITH source AS (SELECT period // 24 AS period, clicks FROM fact_click_by_province_content_hour WHERE fact_click_by_province_content_hour.period >= 492720 AND fact_click_by_province_content_hour.period < 492744 AND ((province, content) IN (SELECT province, code FROM packed WHERE package IN (7)))),
sums AS (SELECT span, sum(clicks) AS v0 FROM (SELECT 0 AS span, * FROM source) GROUP BY ALL),
grouped AS (SELECT span, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span
