package sqlite

import (
	"fmt"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// schemaVersion is what this program writes. An older file is brought up to
// it, a newer one refused.
const schemaVersion = 2

// schema is laid out for the commit path: every key is an integer or compares
// as raw bytes, batches and bodies only ever grow at their end, and the single
// place that is hit at random, a box's streams and uids, is narrow.
//
//	progress  the loader's and the account's running numbers, one row
//	box       names to numbers
//	stream    the marks: mark packs through, seq and chain, so that one
//	          comparison is the compare-and-swap [S1]
//	batch     header rows, kept for ever [S8]; head packs what is only read
//	          back whole (see head.go)
//	body      sealed bodies, encrypted, emptied by Prune
//	block     runs of batch numbers; a block holds the loadable ones of them
//	poison    why a batch is quarantined [S5]
//	tally     losses and repeats, by the batch that shows them (shown = 1), or by
//	          the one that they are bound with; narrow and sparse
//	key       which key file belongs to a province's bodies
const schema = `
CREATE TABLE schema (version INTEGER NOT NULL);
CREATE TABLE progress (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	bound   INTEGER NOT NULL,
	loaded  INTEGER NOT NULL,
	backlog INTEGER NOT NULL
);
INSERT INTO progress VALUES (1, 0, 0, 0);
CREATE TABLE box (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE stream (
	id       INTEGER PRIMARY KEY,
	box      INTEGER NOT NULL,
	epoch    INTEGER NOT NULL,
	mark     BLOB NOT NULL,
	received INTEGER NOT NULL,
	lost     INTEGER NOT NULL,
	poison   INTEGER NOT NULL,
	province INTEGER NOT NULL
);
CREATE UNIQUE INDEX stream_box ON stream (box, epoch);
CREATE TABLE batch (
	id    INTEGER PRIMARY KEY,
	box   INTEGER NOT NULL,
	n     INTEGER NOT NULL,
	state INTEGER NOT NULL,
	at    INTEGER NOT NULL,
	uid   BLOB NOT NULL,
	head  BLOB NOT NULL
);
` + uidIndex + `
CREATE TABLE body (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE block (
	no     INTEGER PRIMARY KEY,
	id     BLOB NOT NULL UNIQUE,
	first  INTEGER NOT NULL,
	last   INTEGER NOT NULL,
	events INTEGER NOT NULL,
	loaded INTEGER NOT NULL
);
CREATE INDEX block_open ON block (no) WHERE loaded = 0;
CREATE TABLE poison (batch INTEGER PRIMARY KEY, why TEXT NOT NULL);
CREATE TABLE key (province INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL);
` + tallySchema

// tallySchema came with version 2. What was lost and repeated before is in no
// tally: of losses the sum stands in stream.
const tallySchema = `
CREATE TABLE tally (
	batch    INTEGER NOT NULL,
	shown    INTEGER NOT NULL,
	hour     INTEGER NOT NULL,
	province INTEGER NOT NULL,
	lost     INTEGER NOT NULL,
	repeated INTEGER NOT NULL,
	PRIMARY KEY (batch, shown, hour, province)
) WITHOUT ROWID;
`

// The states of a header row. Whether a loadable batch is bound or loaded
// follows from its number and the blocks.
const (
	stateLoadable  = 0
	statePoison    = 1
	stateTombstone = 2
)

func stateOf(o ledger.Outcome, b *protocol.Batch) int64 {
	switch {
	case o == ledger.Quarantined:
		return statePoison
	case b.Flags&protocol.FlagTombstone != 0:
		return stateTombstone
	}
	return stateLoadable
}

// prepareSchema makes the tables in an empty file and refuses what this
// program cannot read.
func prepareSchema(w *writer, path string) error {
	tables, err := w.number(`SELECT count(*) FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		return err
	}
	if tables == 0 {
		return w.transaction(func() error {
			if err := w.run(schema); err != nil {
				return err
			}
			return w.run(fmt.Sprintf(`INSERT INTO schema VALUES (%d)`, schemaVersion))
		})
	}
	version, err := w.number(`SELECT max(version) FROM schema`)
	if err != nil {
		return fmt.Errorf("ledger: %s is not a ledger: %w", path, err)
	}
	if version > schemaVersion {
		return fmt.Errorf("ledger: %s has schema %d, this program knows up to %d: a newer version wrote it", path, version, schemaVersion)
	}
	if version == schemaVersion {
		return nil
	}
	return w.transaction(func() error {
		if err := w.run(tallySchema); err != nil {
			return err
		}
		return w.run(`UPDATE schema SET version = ?`, int64(schemaVersion))
	})
}
