-- Every event of the cells, as what it adds to its box and account.
CREATE OR REPLACE TEMP VIEW {share} AS
SELECT hour_of(at_ms) AS hour, province, city, box, account, at_ms, clock, switched_on::INTEGER AS power_ons, 0 AS page_views, 0 AS clicks
FROM {power} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 1, 0
FROM {page_view} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 1
FROM {click} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {viewing} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {orders} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {impression} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {order_page} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {playback} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {health} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {running} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, account, at_ms, clock, 0, 0, 0
FROM {notice} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms;

INSERT INTO {doing}
SELECT hour, province, city, box, account, max(at_ms) AS last_ms,
	sum(power_ons)::INTEGER AS power_ons, sum(page_views)::INTEGER AS page_views, sum(clicks)::INTEGER AS clicks,
	count(*)::INTEGER AS events, (count(*) FILTER (clock >= 2))::INTEGER AS synced, (count(*) FILTER (clock = 0))::INTEGER AS unsynced
FROM {share} SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
