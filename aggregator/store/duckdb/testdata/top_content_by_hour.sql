WITH source AS (SELECT period AS period, content, clicks FROM fact_click_by_province_content_hour WHERE fact_click_by_province_content_hour.period >= 492000 AND fact_click_by_province_content_hour.period < 492001),
span AS (SELECT unnest(range(since, until))::INTEGER AS period, span FROM (VALUES (0,492000,492001)) v(span, since, until)),
sums AS (SELECT span, content::UBIGINT AS g0, sum(clicks) AS v0 FROM source JOIN span USING (period) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM (FROM grouped ORDER BY v0 DESC, g0, span LIMIT 10) ORDER BY span, g0
