-- of: power, running
-- Which agents boxes ran: what each said last. 5 agent: this one runs.
INSERT INTO fact_agent_hour
SELECT hour, province, last.city, last.agent, box, 1
FROM (
	SELECT hour, province, box, max(struct_pack(at_ms := at_ms, boot := boot, mono_ms := mono_ms, agent := agent, city := city)) AS last
	FROM (
		SELECT hour_of(at_ms) AS hour, province, city, box, boot, mono_ms, at_ms, agent FROM {power}
		WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND switched_on AND agent <> 0
		UNION ALL
		SELECT hour_of(at_ms), province, city, box, boot, mono_ms, at_ms, agent FROM {running}
		WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND state = 5 AND agent <> 0)
		SEMI JOIN cell USING (hour, province)
	GROUP BY ALL);
