-- store.RiskSigns of the accounts in subject (province, root, city, fate, day, start),
-- which is made of $subject: each is looked at on its own day, of $first to $last, and
-- has been active since start without a break. An account's 56 days are bits, the
-- earliest the lowest; k is where a row of marks begins among them.
WITH many AS (SELECT province, root FROM standing WHERE province IN ($provinces) GROUP BY ALL HAVING count(*) > 1),
-- In their state without a break since start.
spell AS (
	SELECT province, root, from_ms, to_ms, city, day_of(start_ms) AS start
	FROM (
		SELECT province, root, from_ms, to_ms, state, city, from_ms AS start_ms
		FROM standing ANTI JOIN many USING (province, root) WHERE province IN ($provinces)
		UNION ALL
		SELECT province, root, from_ms, to_ms, state, city, max(CASE WHEN fresh THEN from_ms END) OVER (PARTITION BY province, root ORDER BY from_ms)
		FROM (
			SELECT *, coalesce(lag(to_ms) OVER one <> from_ms OR lag(state) OVER one <> state, true) AS fresh
			FROM standing SEMI JOIN many USING (province, root)
			WINDOW one AS (PARTITION BY province, root ORDER BY from_ms)))
	WHERE state = 2),
$subject,
judged AS (SELECT DISTINCT province, day FROM subject),
-- Which of the 56 days are not dark.
lit AS (
	SELECT province, period * 16 + n AS day
	FROM (SELECT m.province, m.period, bit_or(m.events) AS bits FROM fact_seen_marks m WHERE m.province IN ($provinces) AND m.period >= $w AND m.period <= $v GROUP BY ALL), range(16) t(n)
	WHERE (bits & (1 << n)::USMALLINT) <> 0),
sky AS (
	SELECT j.province, j.day, bit_or(1::BIGINT << (l.day - j.day + 55)::INTEGER) AS clear
	FROM judged j JOIN lit l ON l.province = j.province AND l.day <= j.day AND l.day > j.day - 56 GROUP BY ALL),
word AS (
	SELECT province, root,
		bit_or(CASE WHEN k < 0 THEN used >> -k ELSE (used & ((1 << least(16, 56 - k)) - 1)) << k END) AS used,
		bit_or(CASE WHEN k < 0 THEN seen >> -k ELSE (seen & ((1 << least(16, 56 - k)) - 1)) << k END) AS seen,
		bit_or(CASE WHEN k < 0 THEN failed >> -k ELSE (failed & ((1 << least(16, 56 - k)) - 1)) << k END) AS failed,
		bool_or(k < 0 AND (seen & ((1 << greatest(-k, 0)) - 1)) <> 0) AS earlier
	FROM (
		SELECT m.province, m.root, (m.period * 16 - s.day + 55)::BIGINT AS k, (m.power_ons | m.measured)::BIGINT AS used, m.events::BIGINT AS seen, m.failed::BIGINT AS failed
		FROM ($recent) m JOIN subject s ON s.province = m.province AND s.root = m.root
		WHERE m.period * 16 - s.day + 55 > -16 AND m.period * 16 - s.day + 55 < 56)
	GROUP BY ALL),
told AS (
	SELECT s.*, coalesce(used, 0) AS used, coalesce(seen, 0) AS seen, coalesce(failed, 0) AS failed, coalesce(earlier, false) AS earlier, coalesce(clear, 0) AS clear
	FROM subject s LEFT JOIN word USING (province, root) LEFT JOIN sky USING (province, day)),
-- Whether anything was heard before the 56 days is asked of those alone for whom it
-- matters.
cold AS (SELECT province, root, day FROM told WHERE used = 0 AND NOT earlier),
old AS (
	SELECT DISTINCT o.province, o.root FROM ($old) o JOIN cold c ON c.province = o.province AND c.root = o.root
	WHERE o.period * 16 + 15 < c.day - 55),
-- since is the bit of the day from which silence counts, -1 if that lies before them.
-- The logarithm of a power of two is exact, that of 56 bits may be rounded up.
known AS (
	SELECT t.*, earlier OR o.root IS NOT NULL AS before_them, seen <> 0 OR before_them AS observed,
		greatest(-1, start - day + 55, CASE
			WHEN used >= 268435456 THEN 28 + floor(log2(used >> 28))::INTEGER
			WHEN used > 0 THEN floor(log2(used))::INTEGER
			WHEN seen <> 0 AND NOT before_them THEN log2(seen & -seen)::INTEGER
			ELSE -1 END)::INTEGER AS since
	FROM told t LEFT JOIN old o USING (province, root)),
counted AS (
	SELECT *, bit_count(used >> 28)::BIGINT AS used_now, bit_count(clear >> 28)::BIGINT AS clear_now, bit_count(used & 268435455)::BIGINT AS used_before,
		bit_count(clear & 268435455)::BIGINT AS clear_before, bit_count(clear >> (since + 1))::BIGINT AS silent
	FROM known),
-- Of the playbacks of those who had any that failed, whatever their numbers were.
faulty AS (SELECT province, root, day FROM told WHERE failed >> 28 <> 0),
played AS (
	SELECT f.province, f.root, sum(p.measured)::BIGINT AS plays, sum(p.failed)::BIGINT AS failed
	FROM faulty f JOIN (
		SELECT d.province, d.account AS root, d.period, d.measured, d.failed
		FROM fact_seen_day d ANTI JOIN chain USING (province, account)
		WHERE d.period > $first - 28 AND d.period <= $last AND d.measured > 0
		UNION ALL
		SELECT d.province, c.root, d.period, d.measured, d.failed
		FROM fact_seen_day d JOIN chain c ON c.province = d.province AND c.account = d.account
			AND c.since_ms <= shown_at(d.period) AND c.until_ms > shown_at(d.period)
		WHERE d.period > $first - 28 AND d.period <= $last AND d.measured > 0) p ON p.province = f.province AND p.root = f.root
	WHERE p.period > f.day - 28 AND p.period <= f.day
	GROUP BY ALL),
ordinary AS (
	SELECT j.province, j.day, sum(d.measured)::BIGINT AS all_plays, sum(d.failed)::BIGINT AS all_failed
	FROM judged j JOIN (
		SELECT province, period, sum(measured) AS measured, sum(failed) AS failed FROM fact_seen_day
		WHERE province IN ($provinces) AND period > $first - 28 AND period <= $last GROUP BY ALL) d
	ON d.province = j.province AND d.period > j.day - 28 AND d.period <= j.day
	GROUP BY ALL),
-- 1 sub and 2 renew of products by the month (2) or year (3); 5 is a refund,
-- 604800000 store.RenewalMs. What ended too long ago is no sign and hides none.
term AS (
	SELECT b.province, coalesce(c.root, b.account) AS root, b.product, b.at_ms, CASE WHEN b.to_ms <= 0 THEN 9223372036854775807 ELSE b.to_ms END AS to_ms, r.at_ms AS back_ms
	FROM bill b
		JOIN product p ON p.province = b.province AND p.code = b.product AND p.type IN (2, 3)
		LEFT JOIN chain c ON c.province = b.province AND c.account = b.account AND b.at_ms >= c.since_ms AND b.at_ms < c.until_ms
		LEFT JOIN (SELECT province, id, min(at_ms) AS at_ms FROM bill WHERE op = 5 GROUP BY ALL) r ON r.province = b.province AND r.id = b.id
	WHERE b.op IN (1, 2) AND b.province IN ($provinces) AND b.at_ms <= shown_at($last) AND (b.to_ms <= 0 OR b.to_ms > shown_at($first) - $term_ms)),
lapsed AS (
	SELECT province, root, count(*) AS expired
	FROM (
		SELECT s.province, s.root, s.day, t.product, max(t.to_ms) AS till
		FROM term t JOIN subject s ON s.province = t.province AND s.root = t.root
		WHERE t.at_ms <= shown_at(s.day) AND (t.back_ms IS NULL OR t.back_ms > shown_at(s.day))
		GROUP BY ALL)
	WHERE till <= shown_at(day) - 604800000 AND till > shown_at(day) - $term_ms
	GROUP BY ALL),
signs AS (
	SELECT c.province, c.root, c.city, c.fate, c.day, c.observed, c.used_now, c.clear_now, c.used_before, c.clear_before,
		CASE WHEN c.observed THEN c.silent ELSE 0 END AS silent, c.observed AND c.since = -1 AS longer,
		coalesce(p.failed, 0) AS failed, coalesce(p.plays, 0) AS plays, coalesce(l.expired, 0) AS expired,
		coalesce(o.all_failed, 0) AS all_failed, coalesce(o.all_plays, 0) AS all_plays,
		CASE WHEN c.start <= c.day - 27 AND used_before >= $least_used AND clear_now >= $least_clear AND clear_before >= $least_clear AND used_before * clear_now > used_now * clear_before
			THEN 100 * (used_before * clear_now - used_now * clear_before) // (used_before * clear_now) ELSE 0 END AS fall,
		CASE WHEN p.failed >= $least_failed AND p.plays >= $least_plays
			THEN least(100::HUGEINT * p.failed * o.all_plays // (p.plays::HUGEINT * o.all_failed), $faults_most)::BIGINT ELSE 0 END AS faults
	FROM counted c LEFT JOIN played p USING (province, root) LEFT JOIN lapsed l USING (province, root) LEFT JOIN ordinary o USING (province, day)),
levelled AS (
	SELECT *, $levels FROM signs)
