INSERT INTO fact_seen_hour
SELECT hour, province, account, sum(power_ons), sum(events), sum(measured), sum(failed)
FROM (
	SELECT hour, province, account, power_ons, events, 0 AS measured, 0 AS failed FROM {doing} WHERE account <> 0
	UNION ALL
	SELECT hour_of(at_ms), province, account, 0, 0, 1, (errors > 0)::INTEGER
	FROM {playback} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND account <> 0)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
