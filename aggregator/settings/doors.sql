-- Doors beside the page's own: tokens that people make for themselves. Of one made on
-- the machine the owner is 0 and grants is empty: scope and data say what it opens.
ALTER TABLE token ADD COLUMN id TEXT NOT NULL DEFAULT '';          -- names it, opens nothing
ALTER TABLE token ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;     -- a person's id
ALTER TABLE token ADD COLUMN grants TEXT NOT NULL DEFAULT '';      -- as epg=33,43;orders=*: the most it opens
ALTER TABLE token ADD COLUMN expires_ms INTEGER;                   -- NULL: never
ALTER TABLE token ADD COLUMN used_ms INTEGER;                      -- to a minute; NULL: not yet
UPDATE token SET id = lower(hex(randomblob(6)));
CREATE UNIQUE INDEX token_id ON token (id);
CREATE INDEX token_owner ON token (owner);
