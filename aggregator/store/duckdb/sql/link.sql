-- Numbers that changed between the full files of days $a and $b, which follow
-- each other: one account went and one came, alone with their box and opening.
INSERT INTO number_link
WITH went AS (
	SELECT stb, open_ms, min(account) AS account
	FROM (FROM sighting WHERE province = $p AND to_day = $a AND stb <> 0 AND open_ms <> 0)
		ANTI JOIN (FROM sighting WHERE province = $p AND from_day = $b) USING (account)
	GROUP BY ALL HAVING count(*) = 1),
came AS (
	SELECT stb, open_ms, min(account) AS account
	FROM (FROM sighting WHERE province = $p AND from_day = $b AND stb <> 0 AND open_ms <> 0)
		ANTI JOIN (FROM sighting WHERE province = $p AND to_day = $a) USING (account)
	GROUP BY ALL HAVING count(*) = 1)
SELECT $p, went.account, came.account, $b FROM went JOIN came USING (stb, open_ms);
