DELETE FROM fact_flow_day WHERE province = $p AND period >= $from;

INSERT INTO fact_flow_day
SELECT day_of(at_ms), $p, city, kind, count(*)
FROM flow WHERE province = $p AND kind <> 0 AND at_ms >= $from_ms
GROUP BY ALL;
