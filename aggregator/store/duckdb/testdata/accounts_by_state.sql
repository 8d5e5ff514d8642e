WITH source AS (SELECT period AS period, state, accounts FROM fact_accounts_day WHERE fact_accounts_day.period >= 20530 AND fact_accounts_day.period < 20531),
sums AS (SELECT span, state::UBIGINT AS g0, sum(accounts) AS v0 FROM (SELECT 0 AS span, * FROM source) GROUP BY ALL),
grouped AS (SELECT span, g0, sum(v0)::BIGINT AS v0 FROM (FROM sums) GROUP BY ALL HAVING v0 <> 0)
FROM grouped ORDER BY span, g0
