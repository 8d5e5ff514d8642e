WITH source AS (SELECT period AS period, province, orders, fen FROM fact_order_day WHERE fact_order_day.period >= 20500 AND fact_order_day.period < 20530 AND province IN (33,43)
UNION ALL SELECT period // 24 AS period, province, orders, fen FROM fact_order_hour WHERE fact_order_hour.period >= 492720 AND fact_order_hour.period < 492744 AND province IN (33,43)),
span AS (SELECT unnest(range(since, until))::INTEGER AS period, span FROM (VALUES (0,20500,20530),(1,20530,20531)) v(span, since, until)),
sums AS (SELECT span, province::UBIGINT AS g0, sum(orders) AS v0, sum(fen) AS v1 FROM source JOIN span USING (period) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0, sum(v1)::BIGINT AS v1 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0 OR v1 <> 0)
FROM grouped ORDER BY span, g0
