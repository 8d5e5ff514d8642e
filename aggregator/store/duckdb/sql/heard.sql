-- Marks of subscribers, whatever their numbers: rows of marks as they are, and of
-- numbers that changed one a day, for whose number it was at the day's end.
SELECT m.province, m.account AS root, m.period, m.power_ons, m.events, m.measured, m.failed
FROM fact_seen_marks m ANTI JOIN chain USING (province, account)
WHERE $where
UNION ALL
SELECT m.province, c.root, m.period, (m.power_ons & (1 << n))::USMALLINT, (m.events & (1 << n))::USMALLINT,
	(m.measured & (1 << n))::USMALLINT, (m.failed & (1 << n))::USMALLINT
FROM (SELECT m.province, account, period, power_ons, events, measured, failed, unnest(range(16))::INTEGER AS n
		FROM fact_seen_marks m SEMI JOIN chain USING (province, account) WHERE $where) m
	JOIN chain c ON c.province = m.province AND c.account = m.account
		AND c.since_ms <= shown_at(m.period * 16 + n) AND c.until_ms > shown_at(m.period * 16 + n)
WHERE (m.events & (1 << n)) <> 0
