package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"sort"
	"time"

	"iptvdc/protocol"
)

// Salvage implements Salvager: file and WAL become the one set-aside pair, an
// empty file takes their place, and the good rows of the pair come back. A
// crash at any point finds the pair again at the next Load.
func (s *SQLite) Salvage() (Image, error) {
	s.shut()
	s.suspect = false
	if _, err := os.Stat(s.path(salvageName)); err != nil || !s.pending {
		for _, suffix := range []string{"-wal", "-shm", ""} {
			os.Remove(s.path(salvageName + suffix))
		}
		// The WAL first: without it the file is older, but whole.
		for _, suffix := range []string{"-wal", ""} {
			err := os.Rename(s.path(fileName+suffix), s.path(salvageName+suffix))
			if err != nil && !os.IsNotExist(err) {
				return Image{}, fmt.Errorf("set aside: %w", err)
			}
		}
	} else {
		// What was salvaged is still not carried over, and the new file is bad
		// as well: it holds nothing.
		for _, suffix := range []string{"-wal", "-shm", ""} {
			os.Remove(s.path(fileName + suffix))
		}
	}
	os.Remove(s.path(fileName + "-shm"))
	if err := syncDir(s.dir); err != nil {
		return Image{}, err
	}
	s.pending = true
	if err := s.open(); err != nil {
		return Image{}, err
	}
	return s.salvaged()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// settleSalvage makes the set-aside pair the one that is kept for a person to
// look at; an earlier one goes.
func (s *SQLite) settleSalvage() {
	s.pending = false
	for _, suffix := range []string{"-wal", ""} {
		if err := os.Rename(s.path(salvageName+suffix), s.path(damagedName+suffix)); os.IsNotExist(err) {
			os.Remove(s.path(damagedName + suffix))
		}
	}
	os.Remove(s.path(salvageName + "-shm"))
}

// salvaged reads what can be read of the set-aside pair. Nothing in it is an
// error: what cannot be read is lost, and the gaps say how much.
func (s *SQLite) salvaged() (Image, error) {
	ctx, cancel := context.WithTimeout(context.Background(), salvageTime)
	defer cancel()
	tables, page, err := blank(ctx)
	if err != nil {
		return Image{}, err
	}
	img := Image{Damaged: true}
	if s.readWreck(ctx, salvageName, tables, &img) {
		return img, nil
	}
	defer s.dropMended()
	if s.mend(page) == nil {
		s.readWreck(ctx, mendedName, tables, &img)
	}
	return img, nil
}

// readWreck reads a damaged file into img, and reports whether its first page
// says what it should.
func (s *SQLite) readWreck(ctx context.Context, name string, tables []string, img *Image) bool {
	db, err := sql.Open("sqlite", s.path(name))
	if err != nil {
		return false
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA locking_mode=EXCLUSIVE"); err != nil {
		return false
	}
	if said, err := layout(ctx, conn); err != nil || !slices.Equal(said, tables) {
		return false
	}
	if scanMeta(conn.QueryRowContext(ctx, selectMeta), &img.Meta) != nil {
		img.Meta = Meta{}
	}
	if note, err := readNote(ctx, conn); err == nil {
		img.Note = note
	}
	v := wreck{conn: conn}
	v.batches(ctx)
	v.opens(ctx)
	for _, r := range v.rows {
		img.Salvaged = append(img.Salvaged, r)
	}
	sort.Slice(img.Salvaged, func(i, j int) bool { return img.Salvaged[i].No < img.Salvaged[j].No })
	var sealed uint64 // the last seq in a batch: what stands there is not open
	for _, r := range v.rows {
		sealed = max(sealed, r.Last())
	}
	for _, r := range v.open {
		if r.Seq <= sealed {
			continue
		}
		img.SalvagedOpen = append(img.SalvagedOpen, r)
	}
	sort.Slice(img.SalvagedOpen, func(i, j int) bool { return img.SalvagedOpen[i].Seq < img.SalvagedOpen[j].Seq })
	return true
}

// wreck is a damaged file being read from every side.
type wreck struct {
	conn *sql.Conn
	rows map[uint64]Row
	open map[uint64]OpenRow
}

// A box must record again within seconds: single keys are tried only so many
// where scans break off, and reading ends after salvageTime.
const (
	maxProbes   = 2000
	salvageTime = 2 * time.Second
)

func (w *wreck) batches(ctx context.Context) {
	w.rows = make(map[uint64]Row)
	const columns = "SELECT no, first, n, uid, prev, flags, codec, class, crc, body FROM batch "
	take := func(from scanner) (uint64, error) {
		var r Row
		var crc int64
		if err := scanBatch(from, &r, &crc, &r.Body); err != nil {
			return 0, err
		}
		if !headGood(&r, crc) {
			return r.No, nil
		}
		if protocol.CRC(r.Body) != uint32(crc) {
			// The header without its body becomes a tombstone.
			r.Body, r.Codec, r.Flags = nil, protocol.CodecPlain, r.Flags|protocol.FlagTombstone
		}
		w.rows[r.No] = r
		return r.No, nil
	}
	w.scan(ctx, columns, "no", take)
}

func (w *wreck) opens(ctx context.Context) {
	w.open = make(map[uint64]OpenRow)
	w.scan(ctx, "SELECT seq, n, crc, data FROM open ", "seq", func(from scanner) (uint64, error) {
		r, err := scanOpen(from)
		if err == nil {
			w.open[r.Seq] = r
		}
		return r.Seq, err
	})
}

// scan reads a table upwards, downwards, and key by key in between, because
// SQLite breaks off at the first bad page.
func (w *wreck) scan(ctx context.Context, columns, key string, take func(scanner) (uint64, error)) {
	pass := func(order string) (last uint64, whole bool) {
		rows, err := w.conn.QueryContext(ctx, columns+"ORDER BY "+key+order)
		if err != nil {
			return 0, false
		}
		defer rows.Close()
		for rows.Next() {
			if k, err := take(rows); err == nil {
				last = k
			}
		}
		return last, rows.Err() == nil
	}
	low, whole := pass("")
	if whole {
		return
	}
	high, _ := pass(" DESC")
	for k := low + 1; k < high && k-low < maxProbes && ctx.Err() == nil; k++ {
		_, _ = take(w.conn.QueryRowContext(ctx, columns+"WHERE "+key+" = ?", int64(k)))
	}
}
