-- The orders of the days in bill_day.
DELETE FROM fact_bill_day WHERE province = $p AND period IN (SELECT day FROM bill_day);

CREATE OR REPLACE TEMP TABLE due AS
SELECT b.rowid AS rid, day_of(b.at_ms) AS day, coalesce(c.root, b.account) AS root, b.product, b.provider, b.pay, b.op, b.at_ms, b.fen
FROM bill b LEFT JOIN (FROM chain WHERE province = $p) c ON c.account = b.account AND b.at_ms >= c.since_ms AND b.at_ms < c.until_ms
WHERE b.province = $p AND day_of(b.at_ms) IN (SELECT day FROM bill_day);

INSERT INTO fact_bill_day
SELECT d.day, $p, coalesce(w.city, 0), d.product, coalesce(nullif(d.provider, 0), p.provider, 0), d.pay, d.op, count(*), sum(d.fen)
FROM due d
	LEFT JOIN (
		SELECT d.rid, s.city FROM due d JOIN standing s ON s.root = d.root AND s.from_ms <= d.at_ms AND s.to_ms > d.at_ms
		WHERE s.province = $p) w USING (rid)
	LEFT JOIN (FROM product WHERE province = $p) p ON p.code = d.product
GROUP BY ALL;

DROP TABLE due;
