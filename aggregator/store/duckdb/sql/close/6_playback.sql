-- of: playback
INSERT INTO fact_playback_hour
SELECT c.hour, e.province, e.city, e.mode, e.channel, e.content,
	count(*), count(*) FILTER (e.start_ms > 0), sum(e.start_ms),
	count(*) FILTER (e.stalls > 0), sum(e.stalls), sum(e.stall_ms), sum(e.errors), count(*) FILTER (e.errors > 0)
FROM {playback} e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms
GROUP BY ALL;
