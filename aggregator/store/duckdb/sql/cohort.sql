-- FactCohort of the days in judged, which end months. over: the day is over. part
-- has the days of these months, by rows of marks.
WITH judged (day, province, month, over) AS (VALUES $judged),
part (period, month, bits) AS (VALUES $parts),
member AS (
	SELECT province, root, month_of(at_ms) AS cohort, arg_max(city, at_ms) AS city
	FROM flow WHERE kind = 2 AND province IN ($provinces) GROUP BY ALL),
look AS (
	SELECT m.province, m.root, m.cohort, m.city, j.day, j.month, j.over FROM member m JOIN judged j ON j.province = m.province AND j.month >= m.cohort),
here AS (
	SELECT l.province, l.root, l.cohort, l.day
	FROM look l JOIN standing s ON s.province = l.province AND s.root = l.root AND s.from_ms <= shown_at(l.day) AND s.to_ms > shown_at(l.day)
	WHERE s.state = 2),
used AS (
	SELECT DISTINCT province, root, month
	FROM ($heard) JOIN part USING (period) SEMI JOIN member USING (province, root)
	WHERE (power_ons & bits) <> 0)
SELECT l.day AS period, l.province, l.city, l.cohort, l.month - l.cohort AS age_months,
	count(*) AS members, count(h.root) AS retained, count(*) FILTER (over) AS observed, count(u.root) FILTER (over) AS engaged
FROM look l LEFT JOIN here h USING (province, root, cohort, day) LEFT JOIN used u USING (province, root, month)
GROUP BY ALL
