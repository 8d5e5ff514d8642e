-- From the accounts in touched_account to the subscribers to fold anew, with how
-- they stood. other_root holds the roots, old and new, of those whose numbers
-- changed.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT coalesce(c.root, t.account) AS root
FROM touched_account t LEFT JOIN (FROM chain WHERE province = $p) c USING (account)
UNION
SELECT root FROM other_root;

-- A number whose first life is another's has no book of its own. The numbers at
-- the ends are the least and the greatest there are.
CREATE OR REPLACE TEMP TABLE member AS
SELECT t.root, coalesce(c.account, t.root) AS account, coalesce(c.rank, 0)::INTEGER AS rank,
	coalesce(c.since_ms, -9223372036854775808) AS since_ms, coalesce(c.until_ms, 9223372036854775807) AS until_ms
FROM touched t
	LEFT JOIN (FROM chain WHERE province = $p) c ON c.root = t.root
	ANTI JOIN (FROM chain WHERE province = $p AND since_ms = -9223372036854775808 AND root <> account) x ON x.account = t.root;

CREATE OR REPLACE TEMP TABLE old_standing AS
SELECT root, from_ms, to_ms, state, reason, city, product, stb, net, open_ms
FROM standing SEMI JOIN touched USING (root) WHERE province = $p;

CREATE OR REPLACE TEMP TABLE old_flow AS
SELECT root, at_ms, kind, city, from_state, to_state, shown
FROM flow SEMI JOIN touched USING (root) WHERE province = $p;

DELETE FROM standing WHERE province = $p AND root IN (SELECT root FROM touched);

DELETE FROM flow WHERE province = $p AND root IN (SELECT root FROM touched);

-- Since when a book is other than it was.
CREATE OR REPLACE TEMP TABLE moved (root UBIGINT, since_ms BIGINT);

-- What is known of them, once for all parts in which they are folded.
CREATE OR REPLACE TEMP TABLE known AS
SELECT m.root, m.rank, s.account, s.from_day, s.to_day, s.state, s.reason, s.city,
	s.open_ms, s.suspend_ms, s.cancel_ms, s.product, s.stb, s.net
FROM sighting s JOIN member m ON m.account = s.account AND shown_at(s.from_day) >= m.since_ms AND shown_at(s.from_day) < m.until_ms
WHERE s.province = $p;

CREATE OR REPLACE TEMP TABLE told AS
SELECT m.root, k.account, k.op, k.at_ms, k.reason, k.city, k.old, k.new
FROM account_change k JOIN member m ON m.account = k.account AND k.at_ms >= m.since_ms AND k.at_ms < m.until_ms
WHERE k.province = $p;
