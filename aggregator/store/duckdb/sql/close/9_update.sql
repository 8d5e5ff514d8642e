-- of: running
-- What became of updates: 7 downloaded, 8 good, 9 rolled_back, 10 update_refused.
INSERT INTO fact_update_hour
SELECT hour, province, city, version, box,
	bool_or(state = 7)::INTEGER, bool_or(state = 8)::INTEGER, bool_or(state = 9)::INTEGER, bool_or(state = 10)::INTEGER
FROM (SELECT hour_of(at_ms) AS hour, province, city, version, box, state FROM {running}
	WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND state BETWEEN 7 AND 10)
	SEMI JOIN cell USING (hour, province)
GROUP BY hour, province, city, version, box;
