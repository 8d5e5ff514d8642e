SELECT period, city::UBIGINT AS g0, power_ons FROM (SELECT period AS period, province, city, power_ons FROM fact_box_roll_day WHERE period >= 20500 AND period < 20531 AND province IN (33))
WITH source AS (SELECT period AS period, city, power_ons FROM fact_box_by_province_city_day WHERE fact_box_by_province_city_day.period >= 20500 AND fact_box_by_province_city_day.period < 20531 AND province IN (33)),
span AS (SELECT unnest(range(since, until))::INTEGER AS period, span FROM (VALUES (0,20500,20530),(1,20530,20531)) v(span, since, until)),
sums AS (SELECT span, city::UBIGINT AS g0, sum(power_ons) AS v0 FROM source JOIN span USING (period) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span, g0
