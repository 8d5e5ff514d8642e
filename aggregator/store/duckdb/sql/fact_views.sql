-- Columns of facts that stores made before them lack.
ALTER TABLE fact_accounts_day ADD COLUMN IF NOT EXISTS tenure UTINYINT DEFAULT 0;

-- Facts that are worked out when somebody asks. Their definitions stand in
-- aggregator/store/fact.go.

-- 1 sub and 2 renew of products by the month (2) or year (3), with the subscriber
-- under whatever number; 5 is a refund, 604800000 store.RenewalMs.
CREATE OR REPLACE VIEW fact_renewal_day AS
WITH term AS (
	SELECT b.province, b.id, b.op, coalesce(c.root, b.account) AS root, b.product, coalesce(nullif(b.provider, 0), p.provider) AS provider, b.at_ms, b.to_ms
	FROM bill b
		JOIN product p ON p.province = b.province AND p.code = b.product AND p.type IN (2, 3)
		LEFT JOIN chain c ON c.province = b.province AND c.account = b.account AND b.at_ms >= c.since_ms AND b.at_ms < c.until_ms
		ANTI JOIN (FROM bill WHERE op = 5) r ON r.province = b.province AND r.id = b.id
	WHERE b.op IN (1, 2)),
-- Not a semi join: see aggregator/store/DESIGN.md.
kept AS (
	SELECT t.province, t.id, t.op, t.product, t.provider, t.to_ms, bool_or(coalesce(n.at_ms > t.at_ms AND n.at_ms <= t.to_ms + 604800000, false)) AS renewed
	FROM term t LEFT JOIN term n ON n.province = t.province AND n.root = t.root AND n.product = t.product
	WHERE t.to_ms > 0
	GROUP BY ALL)
SELECT day_of(to_ms) AS period, province, product, provider, count(*) AS due, count(*) FILTER (renewed) AS renewed
FROM kept GROUP BY ALL;

-- 1 paid, 4 refunded of what boxes tell; 3 unsub, 5 refund of the files.
CREATE OR REPLACE VIEW fact_reconcile_day AS
WITH told AS (
	SELECT province, order_id AS id, result = 4 AS refund, min({ms: at_ms, box: box, boot: boot, mono: mono_ms, product: product, fen: fen}) AS first
	FROM orders WHERE result IN (1, 4) AND order_id <> 0
	GROUP BY ALL
	UNION ALL
	SELECT province, NULL, result = 4, -- matches nothing
		{ms: at_ms, box: box, boot: boot, mono: mono_ms, product: product, fen: fen}
	FROM orders WHERE result IN (1, 4) AND order_id = 0),
billed AS (
	SELECT b.province, b.id, b.op = 5 AS refund, min({ms: b.at_ms, op: b.op, product: b.product, fen: amount(b.fen, p.fen)}) AS first
	FROM bill b LEFT JOIN product p ON p.province = b.province AND p.code = b.product
	WHERE b.op <> 3
	GROUP BY ALL)
SELECT day_of(coalesce(f.first.ms, t.first.ms)) AS period, coalesce(f.province, t.province) AS province, coalesce(f.first.product, t.first.product) AS product,
	CASE WHEN f.first IS NULL THEN 3 WHEN t.first IS NULL THEN 4 WHEN f.first.fen = t.first.fen THEN 1 ELSE 2 END::UTINYINT AS verdict,
	count(*) AS matches, coalesce(sum(t.first.fen), 0) AS page_fen, coalesce(sum(f.first.fen), 0) AS carrier_fen
FROM told t FULL JOIN billed f ON f.province = t.province AND f.id = t.id AND f.refund = t.refund
GROUP BY ALL;
