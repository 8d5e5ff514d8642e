-- What is in packages: see store.ColPackage. 1 is a programme, 2 a series, 4 a channel,
-- 9 a package. An episode is there by itself and by its series.
INSERT INTO packed SELECT DISTINCT m.province, m.parent_code, t.element, t.content
FROM (FROM mapping WHERE parent = 9 AND child IN (1, 2, 4) AND NOT deleted AND $which) m
	SEMI JOIN (SELECT province, code AS parent_code FROM object WHERE element = 9 AND NOT deleted AND $which) USING (province, parent_code)
	LEFT JOIN object_gone g ON g.province = m.province AND g.element = m.parent AND g.code = m.parent_code
	LEFT JOIN object_gone h ON h.province = m.province AND h.element = m.child AND h.code = m.child_code
	JOIN (SELECT province, element, content, element AS child, content AS code FROM title WHERE $which
		UNION ALL SELECT province, element, content, 2, series FROM title WHERE element = 1 AND $which) t
		ON t.province = m.province AND t.child = m.child AND t.code = m.child_code
WHERE (g.code IS NULL OR (m.version_ms, m.file, m.line) > (g.version_ms, g.file, g.line))
	AND (h.code IS NULL OR (m.version_ms, m.file, m.line) > (h.version_ms, h.file, h.line));
