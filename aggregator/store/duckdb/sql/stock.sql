-- Who is in the first full file, of day $day from $start to before $end. Of the
-- plain ones, who are in every full file since and of whom nothing else is told,
-- store.Fold makes one standing and at most one flow, and so does this.
CREATE OR REPLACE TEMP VIEW stock AS
SELECT account, state, reason, city, product, stb, net, open_ms,
	CASE WHEN state = 3 AND suspend_ms >= $start AND suspend_ms < $end THEN suspend_ms
		WHEN state = 4 AND cancel_ms >= $start AND cancel_ms < $end THEN cancel_ms
		ELSE $start END AS from_ms,
	to_day = 2147483647 AND state <> 0 AND (state = 1 OR open_ms < $start OR open_ms >= $end)
		AND account NOT IN (SELECT account FROM account_change WHERE province = $p)
		AND account NOT IN (SELECT account FROM chain WHERE province = $p) AS plain
FROM sighting WHERE province = $p AND from_day = $day;

DELETE FROM touched_account WHERE account IN (SELECT account FROM stock WHERE plain);

DELETE FROM standing WHERE province = $p AND root IN (SELECT account FROM stock WHERE plain);

DELETE FROM flow WHERE province = $p AND root IN (SELECT account FROM stock WHERE plain);

INSERT INTO touched_account SELECT account FROM stock WHERE NOT plain;

INSERT INTO standing
SELECT $p, account, from_ms, 9223372036854775807, state, reason, city, product, stb, net, open_ms FROM stock WHERE plain;

-- 1 is FlowOpening, 10 FlowSuspendedMovedIn.
INSERT INTO flow
SELECT $p, account, from_ms, CASE state WHEN 2 THEN 1 ELSE 10 END, city, 0, state, true FROM stock WHERE plain AND state IN (2, 3);
