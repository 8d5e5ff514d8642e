-- FactPresence of the days in judged, from $first to $last, whose rows of marks are
-- $b0, $b0 + 1 and $b0 + 2. What lies before is read back to $w, 90 days and more;
-- whether there was anything before that is asked for those alone for
-- whom it matters. In judged m1, m7, m30 and m90 are the bits of the day and of the
-- days up to it, m31 those of the 30 days before it.
WITH judged (day, province, m1, m7, m30, m90, m31) AS (VALUES $judged),
-- In their state without a break since start_ms.
many AS (SELECT province, root FROM standing WHERE province IN ($provinces) GROUP BY ALL HAVING count(*) > 1),
spell AS (
	SELECT province, root, from_ms, to_ms, state, city, day_of(start_ms) AS start, CASE WHEN open_ms <> 0 THEN least(greatest(day_of(open_ms), -25567), 84006) END AS opened
	FROM (
		SELECT province, root, from_ms, to_ms, state, city, open_ms, from_ms AS start_ms
		FROM standing ANTI JOIN many USING (province, root) WHERE province IN ($provinces)
		UNION ALL
		SELECT province, root, from_ms, to_ms, state, city, open_ms,
			max(CASE WHEN fresh THEN from_ms END) OVER (PARTITION BY province, root ORDER BY from_ms)
		FROM (
			SELECT *, coalesce(lag(to_ms) OVER one <> from_ms OR lag(state) OVER one <> state, true) AS fresh
			FROM standing SEMI JOIN many USING (province, root)
			WINDOW one AS (PARTITION BY province, root ORDER BY from_ms)))
	WHERE state IN (2, 3) AND from_ms <= shown_at($last) AND to_ms > shown_at($first)),
-- Many were opened on one day: ages are reckoned once.
age AS (
	SELECT opened, months_after_day(opened, 3) AS t3, months_after_day(opened, 12) AS t12, months_after_day(opened, 24) AS t24, months_after_day(opened, 60) AS t60
	FROM (SELECT DISTINCT opened FROM spell WHERE opened IS NOT NULL)),
recent AS (
	SELECT province, root,
		bit_or(CASE WHEN period >= $b0 THEN power_ons::BIGINT << ((period - $b0) * 16) ELSE 0 END) AS on_bits,
		bit_or(CASE WHEN period >= $b0 THEN events::BIGINT << ((period - $b0) * 16) ELSE 0 END) AS seen_bits,
		max(CASE WHEN period < $b0 AND power_ons > 0 THEN period * 16 + floor(log2(power_ons))::INTEGER END) AS on_last,
		max(CASE WHEN period < $b0 THEN period * 16 + floor(log2(events))::INTEGER END) AS seen_last,
		min(period * 16 + log2(events::INTEGER & (65536 - events::INTEGER))::INTEGER) AS seen_first
	FROM ($recent) GROUP BY ALL),
cold AS (
	SELECT DISTINCT province, root FROM spell LEFT JOIN recent USING (province, root)
	WHERE on_last IS NULL OR on_last <= $last - 90),
old AS (
	SELECT province, root, bool_or(power_ons > 0) AS ever FROM ($old) SEMI JOIN cold USING (province, root) GROUP BY ALL),
-- Of whom nothing was heard seen_first is after every day.
known AS (
	SELECT s.*, t3, t12, t24, t60, coalesce(on_bits, 0) AS on_bits, coalesce(seen_bits, 0) AS seen_bits, coalesce(on_last, -2147483648) AS on_last,
		coalesce(seen_last, -2147483648) AS seen_last, coalesce(ever, false) AS ever,
		CASE WHEN ever IS NOT NULL THEN -2147483648 ELSE coalesce(seen_first, 2147483647) END AS seen_first
	FROM spell s LEFT JOIN age USING (opened) LEFT JOIN recent USING (province, root) LEFT JOIN old USING (province, root)),
daily AS (
	SELECT j.day, k.province, k.city, k.state,
		CASE WHEN k.opened IS NULL THEN 0 ELSE 1 + (j.day >= t3)::INTEGER + (j.day >= t12)::INTEGER + (j.day >= t24)::INTEGER + (j.day >= t60)::INTEGER END AS tenure,
		(on_bits & m1) <> 0 AS on1,
		(on_bits & m7) <> 0 OR on_last > j.day - 7 AS on7,
		(on_bits & m30) <> 0 OR on_last > j.day - 30 AS on30,
		(on_bits & m90) <> 0 OR on_last > j.day - 90 AS on90,
		on_last > -2147483648 OR (on_bits & ((m1 << 1) - 1)) <> 0 OR ever AS ever_on,
		greatest(start, seen_first) AS since, start, seen_first <= j.day AS seen,
		(seen_bits & m30) <> 0 OR seen_last > j.day - 30 AS word30,
		(on_bits & m31) = 0 AND on_last < j.day - 30 AS off31
	FROM judged j JOIN known k ON k.province = j.province AND k.from_ms <= shown_at(j.day) AND k.to_ms > shown_at(j.day))
SELECT day AS period, province, city, state, tenure,
	CASE WHEN state = 3 THEN 6 WHEN NOT seen THEN 5 WHEN on1 THEN 0 WHEN on7 THEN 1 WHEN on30 THEN 2 WHEN ever_on THEN 3 ELSE 4 END AS recency,
	CASE WHEN state = 3 THEN CASE WHEN day - start > 60 THEN 6 ELSE 5 END
		WHEN NOT seen THEN 4
		WHEN on7 OR since > day - 7 THEN 0
		WHEN on30 OR since > day - 30 THEN 1
		WHEN on90 OR since > day - 90 THEN 2
		ELSE 3 END AS silence,
	count(*) AS accounts,
	count(*) FILTER (state = 2 AND word30) AS reporting,
	count(*) FILTER (state = 2 AND on1 AND off31 AND since <= day - 31) AS returned
FROM daily GROUP BY ALL
