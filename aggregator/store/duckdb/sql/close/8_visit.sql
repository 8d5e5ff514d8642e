-- of: page_view
-- Words of boxes in the order in which they count: nth is four times their
-- moment, and in one millisecond 0 a power-off or the start of a view, 1 a
-- power-on, 2 a page. gap is what lies between a page's moment and the word after
-- it, with that word's sort in its last two bits. 1000 is store.BounceMs.
INSERT INTO fact_visit_hour
SELECT hour, province, city, page, box, count(*), count(*) FILTER (lasted >= 1000),
	coalesce(sum(lasted) FILTER (lasted >= 1000), 0), count(*) FILTER (lasted < 1000)
FROM (
	SELECT hour_of(at_ms) AS hour, province, city, page, box,
		CASE WHEN gap % 4 <> 1 AND gap // 4 <= 1800000 THEN gap // 4 END AS lasted
	FROM (
		SELECT province, city, page, box, at_ms, lead(nth) OVER (PARTITION BY box, province ORDER BY nth, page, city) - at_ms * 4 AS gap
		FROM (
			SELECT province, city, page, box, at_ms, at_ms * 4 + 2 AS nth
			FROM {page_view} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000
			UNION ALL
			SELECT province, 0, 0, box, NULL, at_ms * 4 + switched_on::INTEGER
			FROM {power} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000
			UNION ALL
			SELECT province, 0, 0, box, NULL, (at_ms - duration_ms) * 4
			FROM {viewing} WHERE part = 0 AND at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000 + 86400000
				AND at_ms - duration_ms >= $lo_ms AND at_ms - duration_ms < $hi_ms + 1800000))
	WHERE at_ms < $hi_ms)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
