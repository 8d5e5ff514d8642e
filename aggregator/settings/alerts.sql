CREATE TABLE alert_rule (
    id        INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    owner     TEXT NOT NULL,
    scope     TEXT NOT NULL,    -- * or provinces as 33,43: what the owner could see
    name      TEXT NOT NULL,
    indicator TEXT NOT NULL,
    provinces TEXT NOT NULL,    -- as 33,43; empty: all of scope
    grain     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    level     REAL NOT NULL,
    hold      INTEGER NOT NULL,
    set_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE alert_state (
    rule     INTEGER NOT NULL REFERENCES alert_rule (id) ON DELETE CASCADE,
    province TEXT NOT NULL,
    through  INTEGER NOT NULL,  -- last day or hour judged
    run      INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    firing   INTEGER NOT NULL,
    PRIMARY KEY (rule, province)
) STRICT, WITHOUT ROWID;

-- Notices outlive their rule: somebody was told.
CREATE TABLE alert_notice (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    rule      INTEGER NOT NULL,
    owner     TEXT NOT NULL,
    name      TEXT NOT NULL,
    province  TEXT NOT NULL,
    firing    INTEGER NOT NULL,
    period    TEXT NOT NULL,
    since     TEXT NOT NULL,
    value     REAL NOT NULL,
    zh        TEXT NOT NULL,
    en        TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0,
    UNIQUE (rule, province, period, firing)
) STRICT;

CREATE INDEX alert_notice_undelivered ON alert_notice (id) WHERE delivered = 0;
