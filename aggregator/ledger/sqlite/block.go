package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// Bind implements ledger.Ledger. A block is a run of batch numbers, so binding
// writes one row however many batches it takes; which of the run are in the
// block is fixed, because only Loaded turns a loadable batch into something
// else [S7].
func (l *Ledger) Bind(ctx context.Context, maxEvents int) (ledger.Block, error) {
	b, err := l.open(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		b, err = l.bindNew(ctx, maxEvents)
	}
	if err != nil {
		if errors.Is(err, ledger.ErrNoWork) {
			return ledger.Block{}, err
		}
		return ledger.Block{}, fmt.Errorf("ledger: bind: %w", err)
	}
	block := ledger.Block{ID: b.id}
	block.Batches, err = l.kept(ctx, `b.id BETWEEN ? AND ? AND b.state = 0 AND y.id IS NOT NULL ORDER BY b.id`, b.first, b.last)
	if err == nil {
		block.Tallies, err = l.tallies(ctx, b)
	}
	if err != nil {
		return ledger.Block{}, fmt.Errorf("ledger: block %x: %w", b.id, err)
	}
	return block, nil
}

// tallies adds up what the block's batches do not show.
func (l *Ledger) tallies(ctx context.Context, b run) ([]ledger.Tally, error) {
	rows, err := l.read.QueryContext(ctx, `
		SELECT hour, province, sum(lost), sum(repeated) FROM tally t
		WHERE batch BETWEEN ? AND ? AND NOT (shown = 1 AND EXISTS (
			SELECT 1 FROM batch x JOIN body y ON y.id = x.id WHERE x.id = t.batch AND x.state = 0))
		GROUP BY hour, province ORDER BY hour, province`, b.first, b.last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []ledger.Tally
	for rows.Next() {
		var t ledger.Tally
		if err := rows.Scan(&t.Hour, &t.Province, &t.Lost, &t.Repeated); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// run is a row of block.
type run struct {
	id          ledger.BlockID
	first, last int64
	events      int64
}

// open returns the block that is bound and not loaded, or sql.ErrNoRows.
func (l *Ledger) open(ctx context.Context) (b run, err error) {
	var id []byte
	err = l.read.QueryRowContext(ctx, `SELECT id, first, last, events FROM block WHERE loaded = 0 ORDER BY no LIMIT 1`).
		Scan(&id, &b.first, &b.last, &b.events)
	copy(b.id[:], id)
	return b, err
}

func (l *Ledger) bindNew(ctx context.Context, maxEvents int) (run, error) {
	var bound int64
	if err := l.read.QueryRowContext(ctx, `SELECT bound FROM progress`).Scan(&bound); err != nil {
		return run{}, err
	}
	b := run{first: bound + 1}
	if err := l.fill(ctx, &b, maxEvents); err != nil {
		return run{}, err
	}
	rand.Read(b.id[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	return b, l.write(func(w *writer) error {
		return w.transaction(func() error {
			moved, err := w.change(`UPDATE progress SET bound = ? WHERE bound = ?`, b.last, bound)
			if err != nil {
				return err
			}
			if moved == 0 {
				return errors.New("another loader bound a block meanwhile")
			}
			return w.run(`INSERT INTO block (id, first, last, events, loaded) VALUES (?, ?, ?, ?, 0)`,
				b.id[:], b.first, b.last, b.events)
		})
	})
}

// fill takes batches from b.first on until they hold maxEvents events.
func (l *Ledger) fill(ctx context.Context, b *run, maxEvents int) error {
	rows, err := l.read.QueryContext(ctx, `
		SELECT id, CASE state WHEN 0 THEN n ELSE 0 END FROM batch b
		WHERE id >= ? AND (state = 0 OR EXISTS (SELECT 1 FROM tally t WHERE t.batch = b.id)) ORDER BY id`, b.first)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&b.last, &n); err != nil {
			return err
		}
		if b.events += n; b.events >= int64(maxEvents) {
			break
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if b.last == 0 {
		return ledger.ErrNoWork
	}
	return nil
}

// Loaded implements ledger.Ledger.
func (l *Ledger) Loaded(ctx context.Context, id ledger.BlockID, unreadable map[uint64]string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.write(func(w *writer) error {
		return w.transaction(func() error { return markLoaded(w, id, unreadable) })
	})
	if err != nil {
		return fmt.Errorf("ledger: block %x: %w", id, err)
	}
	return nil
}

func markLoaded(w *writer, id ledger.BlockID, unreadable map[uint64]string) error {
	changed, err := w.change(`UPDATE block SET loaded = 1 WHERE id = ? AND loaded = 0`, id[:])
	if err != nil {
		return err
	}
	if changed == 0 {
		known, err := w.number(`SELECT count(*) FROM block WHERE id = ?`, id[:])
		if err == nil && known == 0 {
			err = errors.New("not bound")
		}
		return err
	}
	for batch, why := range unreadable {
		changed, err := w.change(`
			UPDATE batch SET state = 1 WHERE id = ?1 AND state = 0
			AND (SELECT ?1 BETWEEN first AND last FROM block WHERE id = ?2)`, int64(batch), id[:])
		if err != nil {
			return err
		}
		if changed == 0 {
			return fmt.Errorf("batch %d is not in it", batch)
		}
		if err := w.run(`INSERT INTO poison VALUES (?, ?)`, int64(batch), why); err != nil {
			return err
		}
		if err := w.moveToPoison(int64(batch)); err != nil {
			return err
		}
	}
	return w.run(`
		UPDATE progress SET loaded = `+throughLoaded+`, backlog = backlog - b.events
		FROM (SELECT events FROM block WHERE id = ?) b`, id[:])
}

// throughLoaded is the number of the last batch before any that is bound and
// not loaded.
const throughLoaded = `ifnull((SELECT first - 1 FROM block WHERE loaded = 0 ORDER BY no LIMIT 1), bound)`

// LoadedBlocks implements ledger.Ledger.
func (l *Ledger) LoadedBlocks(ctx context.Context, skip, limit int) ([]ledger.BlockID, error) {
	rows, err := l.read.QueryContext(ctx, `SELECT id FROM block WHERE loaded = 1 ORDER BY no DESC LIMIT ? OFFSET ?`, limit, skip)
	if err != nil {
		return nil, fmt.Errorf("ledger: loaded blocks: %w", err)
	}
	defer rows.Close()
	var ids []ledger.BlockID
	for rows.Next() {
		var id sql.RawBytes
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("ledger: loaded blocks: %w", err)
		}
		ids = append(ids, ledger.BlockID(id))
	}
	return ids, rows.Err()
}

// Reload implements ledger.Ledger.
func (l *Ledger) Reload(ctx context.Context, from ledger.BlockID) (again, gone uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	err = l.write(func(w *writer) error {
		return w.transaction(func() error {
			again, gone, err = reload(w, from)
			return err
		})
	})
	if err != nil {
		return 0, 0, fmt.Errorf("ledger: reload from block %x: %w", from, err)
	}
	return again, gone, nil
}

func reload(w *writer, from ledger.BlockID) (again, gone uint64, err error) {
	no, err := w.number(`SELECT ifnull(max(no), 0) FROM block WHERE id = ? AND loaded = 1`, from[:])
	if err != nil {
		return 0, 0, err
	}
	if no == 0 {
		return 0, 0, errors.New("not loaded")
	}
	const inBlocks = `SELECT ifnull(sum(b.n), 0) FROM block k JOIN batch b ON b.id BETWEEN k.first AND k.last AND b.state = 0
		LEFT JOIN body y ON y.id = b.id WHERE k.no >= ? AND k.loaded = 1 AND y.id IS `
	left, err := w.number(inBlocks+`NOT NULL`, no)
	if err != nil {
		return 0, 0, err
	}
	pruned, err := w.number(inBlocks+`NULL`, no)
	if err != nil {
		return 0, 0, err
	}
	if err := w.run(`
		UPDATE block SET loaded = 0, events = (
			SELECT ifnull(sum(b.n), 0) FROM batch b JOIN body y ON y.id = b.id WHERE b.id BETWEEN first AND last AND b.state = 0)
		WHERE no >= ? AND loaded = 1`, no); err != nil {
		return 0, 0, err
	}
	return uint64(left), uint64(pruned), w.run(`UPDATE progress SET loaded = `+throughLoaded+`, backlog = backlog + ?`, left)
}

// moveToPoison takes the events of a batch from what its stream received to
// what is quarantined.
func (w *writer) moveToPoison(batch int64) error {
	s, err := w.prepareOne(`SELECT box, n, head FROM batch WHERE id = ?`)
	if err != nil {
		return err
	}
	defer s.close()
	row := make([]driver.Value, 3)
	var k ledger.Kept
	err = s.rows([]driver.Value{batch}, row, func() error {
		head, _ := row[2].([]byte)
		return readHead(head, &k)
	})
	if err != nil {
		return err
	}
	return w.run(`UPDATE stream SET received = received - ?1, poison = poison + ?1 WHERE box = ?2 AND epoch = ?3`,
		row[1], row[0], int64(k.Batch.Epoch))
}

const selectKept = `
	SELECT b.id, x.name, b.n, b.at, b.uid, b.head, y.sealed, ifnull(t.lost, 0)
	FROM batch b JOIN box x ON x.id = b.box LEFT JOIN body y ON y.id = b.id LEFT JOIN tally t ON t.batch = b.id AND t.shown = 1
	WHERE `

// kept reads batches with their bodies; where selects and orders them.
func (l *Ledger) kept(ctx context.Context, where string, args ...any) ([]ledger.Kept, error) {
	rows, err := l.read.QueryContext(ctx, selectKept+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []ledger.Kept
	var place []byte
	for rows.Next() {
		var k ledger.Kept
		var uid, head, sealed sql.RawBytes
		if err := rows.Scan(&k.ID, &k.Route.Box, &k.Batch.N, &k.AtMs, &uid, &head, &sealed, &k.Lost); err != nil {
			return nil, err
		}
		k.Route.Shard = protocol.ShardOf(k.Route.Box)
		copy(k.Batch.UID[:], uid)
		if err := readHead(head, &k); err != nil {
			return nil, err
		}
		if len(sealed) > 0 {
			key, err := l.keys.of(k.Route.Province)
			if err != nil {
				return nil, err
			}
			place = appendPlace(place[:0], k.Route.Box, k.Batch.Epoch, k.Batch.No)
			if k.Batch.Body, err = key.open(sealed, place); err != nil {
				return nil, fmt.Errorf("body of batch %d (province %02d) was changed on the disk: %w", k.ID, k.Route.Province, err)
			}
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// Quarantine implements ledger.Ledger.
func (l *Ledger) Quarantine(ctx context.Context, limit int) ([]ledger.Poison, error) {
	kept, err := l.kept(ctx, `b.id IN (SELECT batch FROM poison ORDER BY batch DESC LIMIT ?) ORDER BY b.id DESC`, limit)
	if err != nil {
		return nil, fmt.Errorf("ledger: quarantine: %w", err)
	}
	poison := make([]ledger.Poison, len(kept))
	for i, k := range kept {
		poison[i].Kept = k
		if err := l.read.QueryRowContext(ctx, `SELECT why FROM poison WHERE batch = ?`, int64(k.ID)).Scan(&poison[i].Why); err != nil {
			return nil, fmt.Errorf("ledger: quarantine: %w", err)
		}
	}
	return poison, nil
}

const pruneBodies = `
	DELETE FROM body WHERE id IN (
		SELECT id FROM batch WHERE id BETWEEN ?1 AND ?2 AND at < ?3
		AND (state = 1 OR id <= (SELECT loaded FROM progress WHERE one = 1)))`

// pruneStep is how many header rows one transaction of Prune covers, so that
// commits wait milliseconds for it.
const pruneStep = 5000

// Prune implements ledger.Ledger. It goes through the header rows of the whole
// archive in steps; a crash between two steps leaves work for the next call.
func (l *Ledger) Prune(ctx context.Context, beforeMs int64) (int, error) {
	var from, to int64
	if err := l.read.QueryRowContext(ctx, `SELECT ifnull(min(id), 0), ifnull(max(id), -1) FROM body`).Scan(&from, &to); err != nil {
		return 0, fmt.Errorf("ledger: prune: %w", err)
	}
	emptied := 0
	for ; from <= to; from += pruneStep {
		if err := ctx.Err(); err != nil {
			return emptied, err
		}
		n, err := l.pruneRange(from, from+pruneStep-1, beforeMs)
		emptied += n
		if err != nil {
			return emptied, fmt.Errorf("ledger: prune: %w", err)
		}
	}
	return emptied, nil
}

func (l *Ledger) pruneRange(from, to, beforeMs int64) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var emptied int64
	err := l.write(func(w *writer) (err error) {
		emptied, err = w.change(pruneBodies, from, to, beforeMs)
		return err
	})
	return int(emptied), err
}
