-- The days of orders whose subscriber may have stood elsewhere then, or is
-- another one now.
CREATE OR REPLACE TEMP TABLE bill_day AS
SELECT DISTINCT day_of(b.at_ms) AS day
FROM bill b LEFT JOIN (FROM chain WHERE province = $p) c ON c.account = b.account AND b.at_ms >= c.since_ms AND b.at_ms < c.until_ms
	LEFT JOIN moved m ON m.root = coalesce(c.root, b.account)
WHERE b.province = $p AND ($all OR b.at_ms >= m.since_ms OR b.account IN (SELECT account FROM renumbered));
