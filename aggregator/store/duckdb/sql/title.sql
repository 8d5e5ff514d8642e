-- The live programmes, series and channels of province $p: see store.TitleRow. 1
-- is a programme, 2 a series, 4 a channel.
CREATE OR REPLACE TEMP TABLE live AS
SELECT element, code, name, genre, sub_genre, place, provider, definition, duration_s, dictionary
FROM object WHERE province = $p AND element IN (1, 2, 4) AND NOT deleted;

-- The series of each episode: that of the latest live mapping.
CREATE OR REPLACE TEMP TABLE part AS
SELECT m.child_code AS code, m.parent_code AS series, m.version_ms, m.file, m.line
FROM (FROM mapping WHERE province = $p AND parent = 2 AND child = 1 AND NOT deleted) m
	SEMI JOIN (SELECT code AS parent_code FROM live WHERE element = 2) USING (parent_code)
	LEFT JOIN (FROM object_gone WHERE province = $p AND element = 2) g ON g.code = m.parent_code
	LEFT JOIN (FROM object_gone WHERE province = $p AND element = 1) h ON h.code = m.child_code
WHERE (g.code IS NULL OR (m.version_ms, m.file, m.line) > (g.version_ms, g.file, g.line))
	AND (h.code IS NULL OR (m.version_ms, m.file, m.line) > (h.version_ms, h.file, h.line));

-- Few episodes have more than one.
CREATE OR REPLACE TEMP TABLE of AS
SELECT code, any_value(series) AS series FROM part GROUP BY code HAVING count(*) = 1
UNION ALL
SELECT code, arg_max(series, (version_ms, file, line))
FROM part SEMI JOIN (SELECT code FROM part GROUP BY code HAVING count(*) > 1) USING (code)
GROUP BY code;

DELETE FROM title WHERE province = $p;

INSERT INTO title
SELECT $p, t.element, t.code, t.element = f.element, t.name, coalesce(s.code, 0),
	coalesce(nullif(t.genre, 0), s.genre, 0),
	CASE WHEN t.sub_genre = 0 AND (t.genre = 0 OR t.genre = s.genre) THEN coalesce(s.sub_genre, 0) ELSE t.sub_genre END,
	coalesce(nullif(t.place, 0), s.place, 0), coalesce(nullif(t.provider, 0), s.provider, 0),
	coalesce(nullif(t.definition, 0), s.definition, 0), t.duration_s, t.dictionary
FROM live t
	JOIN (SELECT code, min(element) AS element FROM live GROUP BY code) f ON f.code = t.code
	LEFT JOIN (SELECT code, 1::UTINYINT AS element, series FROM of) p ON p.code = t.code AND p.element = t.element
	LEFT JOIN (FROM live WHERE element = 2) s ON s.code = p.series;
