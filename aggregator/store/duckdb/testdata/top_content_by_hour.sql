WITH source AS (SELECT period AS period, content, clicks FROM fact_click_by_province_content_hour WHERE fact_click_by_province_content_hour.period >= 492000 AND fact_click_by_province_content_hour.period < 492001),
sums AS (SELECT span, content::UBIGINT AS g0, sum(clicks) AS v0 FROM (SELECT 0 AS span, * FROM source) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM (FROM grouped ORDER BY v0 DESC, g0, span LIMIT 10) ORDER BY span, g0
