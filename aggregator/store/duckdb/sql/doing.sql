-- Every event of the cells, as what it adds to its box and account; sight is one of
-- what a page showed.
CREATE OR REPLACE TEMP VIEW {share} AS
SELECT hour_of(at_ms) AS hour, province, city, box, account, at_ms, clock, switched_on::INTEGER AS power_ons, 0 AS page_views, 0 AS clicks, false AS sight
FROM {power} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 1, 0, false
FROM {page_view} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 1, false
FROM {click} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {viewing} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {orders} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, true
FROM {impression} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {order_page} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {playback} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {health} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {running} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0, false
FROM {notice} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms;

INSERT INTO {doing}
SELECT hour, province, city, box, account, max(at_ms) AS last_ms,
	sum(power_ons)::INTEGER AS power_ons, sum(page_views)::INTEGER AS page_views, sum(clicks)::INTEGER AS clicks,
	count(*)::INTEGER AS events, (count(*) FILTER (clock >= 2))::INTEGER AS synced, (count(*) FILTER (clock = 0))::INTEGER AS unsynced
FROM {share} SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
