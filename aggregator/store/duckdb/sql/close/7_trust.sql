-- 9 dropped, for 1 the rate, 3 flash that takes nothing, 4 want of memory; 10
-- outbox_lost; 4294967296 is store.LostMost
INSERT INTO fact_trust_hour
SELECT hour, province, city, sum(kept), sum(synced), sum(unsynced), sum(gaps), sum(told_lost), sum(thrown), sum(repeats)
FROM (
	SELECT hour, province, city, events AS kept, synced, unsynced, 0 AS gaps, 0 AS told_lost, 0 AS thrown, 0 AS repeats FROM {doing} SEMI JOIN cell USING (hour, province)
	UNION ALL
	SELECT hour_of(at_ms), province, city, 0, 0, 0, 0, CASE WHEN kind = 10 THEN least(dropped, 4294967296) ELSE 0 END,
		CASE WHEN kind = 9 AND reason IN (1, 3, 4) THEN least(dropped, 4294967296) ELSE 0 END, 0
	FROM {notice} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND kind IN (9, 10)
	UNION ALL
	SELECT hour_of(at_ms), province, city, 0, 0, 0, least(lost, 4294967296), 0, 0, repeated
	FROM {tally} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND lost + repeated > 0)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
