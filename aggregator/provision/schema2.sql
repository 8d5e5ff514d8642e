-- Boxes as operators look for them: the latest claimed, those of a province, those whose
-- certificate ends soon.
ALTER TABLE box ADD COLUMN until_ms INTEGER; -- of the certificate of key; NULL: it has none
UPDATE box SET until_ms = (SELECT max(c.until_ms) FROM certificate c WHERE c.key = box.key AND c.box = box.box);
CREATE INDEX box_claimed ON box (claimed_ms DESC, box);
CREATE INDEX box_province ON box (province, claimed_ms DESC, box);
CREATE INDEX box_until ON box (until_ms, box) WHERE revoked_ms IS NULL;
