-- The orders of the days in bill_day, and who ordered.
DELETE FROM fact_bill_day WHERE province = $p AND period IN (SELECT day FROM bill_day);

DELETE FROM fact_buyer_day WHERE province = $p AND period IN (SELECT day FROM bill_day);

CREATE OR REPLACE TEMP TABLE due AS
SELECT b.rowid AS rid, day_of(b.at_ms) AS day, coalesce(c.root, b.account) AS root, b.product, coalesce(nullif(b.provider, 0), p.provider, 0) AS provider,
	b.pay, b.op, b.at_ms, amount(b.fen, p.fen) AS fen,
	-- half away from zero
	(sign(amount(b.fen, p.fen)) * ((abs(amount(b.fen, p.fen)::HUGEINT) * coalesce(p.share_bp, 0) + 5000) // 10000))::BIGINT AS share_fen
FROM bill b
	LEFT JOIN (FROM chain WHERE province = $p) c ON c.account = b.account AND b.at_ms >= c.since_ms AND b.at_ms < c.until_ms
	LEFT JOIN (FROM product WHERE province = $p) p ON p.code = b.product
WHERE b.province = $p AND day_of(b.at_ms) IN (SELECT day FROM bill_day);

CREATE OR REPLACE TEMP TABLE placed AS
SELECT d.*, coalesce(w.city, 0) AS city
FROM due d
	LEFT JOIN (
		SELECT d.rid, s.city FROM due d JOIN standing s ON s.root = d.root AND s.from_ms <= d.at_ms AND s.to_ms > d.at_ms
		WHERE s.province = $p) w USING (rid);

INSERT INTO fact_bill_day
SELECT day, $p, city, product, provider, pay, op, count(*), sum(fen), sum(share_fen) FROM placed GROUP BY ALL;

-- 1 sub, 2 renew, 4 single
INSERT INTO fact_buyer_day
SELECT day, $p, city, product, provider, root, count(*) FROM placed WHERE op IN (1, 2, 4) AND fen > 0 GROUP BY ALL;

DROP TABLE due;

DROP TABLE placed;
