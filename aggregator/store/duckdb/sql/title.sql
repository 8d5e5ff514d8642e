-- The live programmes, series and channels of province $p: see store.TitleRow. 1
-- is a programme, 2 a series, 4 a channel.
DELETE FROM title WHERE province = $p;

INSERT INTO title
WITH live AS (
	SELECT element, code, name, genre, sub_genre, place, provider, definition, duration_s, dictionary
	FROM object WHERE province = $p AND element IN (1, 2, 4) AND NOT deleted),
part AS (
	SELECT m.child_code AS code, arg_max(m.parent_code, (m.version_ms, m.file, m.line)) AS series
	FROM mapping m
		JOIN live s ON s.element = 2 AND s.code = m.parent_code
		LEFT JOIN (FROM object_gone WHERE province = $p) g ON g.element = 2 AND g.code = m.parent_code
		LEFT JOIN (FROM object_gone WHERE province = $p) h ON h.element = 1 AND h.code = m.child_code
	WHERE m.province = $p AND m.parent = 2 AND m.child = 1 AND NOT m.deleted
		AND (g.code IS NULL OR (m.version_ms, m.file, m.line) > (g.version_ms, g.file, g.line))
		AND (h.code IS NULL OR (m.version_ms, m.file, m.line) > (h.version_ms, h.file, h.line))
	GROUP BY ALL)
SELECT $p, t.element, t.code, row_number() OVER (PARTITION BY t.code ORDER BY t.element) = 1, t.name, coalesce(s.code, 0),
	coalesce(nullif(t.genre, 0), s.genre, 0),
	CASE WHEN t.sub_genre = 0 AND (t.genre = 0 OR t.genre = s.genre) THEN coalesce(s.sub_genre, 0) ELSE t.sub_genre END,
	coalesce(nullif(t.place, 0), s.place, 0), coalesce(nullif(t.provider, 0), s.provider, 0),
	coalesce(nullif(t.definition, 0), s.definition, 0), t.duration_s, t.dictionary
FROM live t
	LEFT JOIN part ON t.element = 1 AND part.code = t.code
	LEFT JOIN live s ON s.element = 2 AND s.code = part.series;
