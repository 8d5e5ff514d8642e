package outbox

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"modernc.org/sqlite"

	"iptvdc/protocol"
)

// Each row carries checksums: SQLite has none, and a flipped bit would pass as
// good. A batch's crc holds that of its header in the upper half, which covers
// the lower half, that of its body: so a good header over a bad body still
// says what was lost.

func headCRC(r *Row, body uint32) uint32 {
	b := make([]byte, 0, 64)
	b = binary.BigEndian.AppendUint64(b, r.No)
	b = binary.BigEndian.AppendUint64(b, r.First)
	b = binary.BigEndian.AppendUint32(b, r.N)
	b = append(b, r.Prev[:]...)
	b = append(b, r.UID[:]...)
	b = append(b, byte(r.Flags), byte(r.Codec), byte(r.Class))
	b = binary.BigEndian.AppendUint32(b, body)
	return protocol.CRC(b)
}

func rowCRC(r *Row) int64 {
	body := protocol.CRC(r.Body)
	return int64(uint64(headCRC(r, body))<<32 | uint64(body))
}

func headGood(r *Row, crc int64) bool { return headCRC(r, uint32(crc)) == uint32(uint64(crc)>>32) }

func openCRC(r *OpenRow) int64 {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), r.Seq)
	b = binary.BigEndian.AppendUint32(b, r.N)
	b = binary.BigEndian.AppendUint32(b, protocol.CRC(r.Data))
	return int64(protocol.CRC(b))
}

func metaCRC(m *Meta) int64 {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 96), m.Epoch)
	b = append(b, m.Hardware[:]...)
	b = binary.BigEndian.AppendUint32(b, m.Boot)
	b = append(b, m.BootID...)
	b = binary.BigEndian.AppendUint64(b, m.Front)
	b = binary.BigEndian.AppendUint64(b, m.Lost)
	return int64(protocol.CRC(b))
}

const (
	selectMeta    = "SELECT epoch, hw, boot, boot_id, front, lost, crc FROM meta"
	selectHeaders = "SELECT no, first, n, uid, prev, flags, codec, class, crc, length(body) FROM batch ORDER BY no"
	selectBatch   = "SELECT no, first, n, uid, prev, flags, codec, class, crc, body FROM batch WHERE no = ?"
	selectOpen    = "SELECT seq, n, crc, data FROM open ORDER BY seq"
	insertBatch   = "INSERT INTO batch (no, first, n, uid, prev, flags, codec, class, crc, body) VALUES (?,?,?,?,?,?,?,?,?,?)"
	insertOpen    = "INSERT INTO open (seq, n, crc, data) VALUES (?,?,?,?)"
	replaceMeta   = "REPLACE INTO meta (id, epoch, hw, boot, boot_id, front, lost, crc) VALUES (1,?,?,?,?,?,?,?)"
	moveBatch     = "UPDATE batch SET no = ?, first = ?, prev = ?, flags = ?, crc = ? WHERE no = ?"
)

// scanner is what *sql.Row and *sql.Rows share.
type scanner interface{ Scan(...any) error }

// scan reads columns; values of a wrong type are damage, as is a row that is
// not there.
func scan(from scanner, into ...any) error {
	err := from.Scan(into...)
	var se *sqlite.Error
	if err == nil || errors.As(err, &se) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// scanBatch reads the columns of selectBatch, or of selectHeaders into body.
func scanBatch(from scanner, r *Row, crc *int64, body any) error {
	var uid, prev []byte
	var no, first, n, flags, codec, class int64
	if err := scan(from, &no, &first, &n, &uid, &prev, &flags, &codec, &class, crc, body); err != nil {
		return err
	}
	if len(uid) != len(r.UID) || len(prev) != len(r.Prev) {
		return fmt.Errorf("%w: batch %d", ErrDamaged, no)
	}
	r.No, r.First, r.N = uint64(no), uint64(first), uint32(n)
	r.UID, r.Prev = protocol.UID(uid), protocol.Chain(prev)
	r.Flags, r.Codec, r.Class = protocol.Flags(flags), protocol.Codec(codec), Class(class)
	return nil
}

func scanMeta(from scanner, m *Meta) error {
	var epoch, boot, front, lost, crc int64
	var hw []byte
	if err := scan(from, &epoch, &hw, &boot, &m.BootID, &front, &lost, &crc); err != nil {
		return err
	}
	m.Epoch, m.Boot, m.Front, m.Lost = uint64(epoch), uint32(boot), uint64(front), uint64(lost)
	if len(hw) == len(m.Hardware) {
		m.Hardware = [8]byte(hw)
	}
	if metaCRC(m) != crc {
		return fmt.Errorf("%w: meta", ErrDamaged)
	}
	return nil
}

// read loads everything but bodies; every checksum over headers is checked.
func (s *SQLite) read() (img Image, err error) {
	ctx := context.Background()
	metas, err := s.conn.QueryContext(ctx, selectMeta)
	if err != nil {
		return img, err
	}
	defer metas.Close()
	for metas.Next() {
		if err := scanMeta(metas, &img.Meta); err != nil {
			return img, err
		}
	}
	if err := metas.Err(); err != nil {
		return img, err
	}
	rows, err := s.conn.QueryContext(ctx, selectHeaders)
	if err != nil {
		return img, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Row
		var crc int64
		var size int
		if err := scanBatch(rows, &r, &crc, &size); err != nil {
			return img, err
		}
		if !headGood(&r, crc) {
			return img, fmt.Errorf("%w: header of batch %d", ErrDamaged, r.No)
		}
		// A damaged tree may lead a scan in circles.
		if n := len(img.Batches); n > 0 && r.No <= img.Batches[n-1].No {
			return img, fmt.Errorf("%w: batch %d comes after %d", ErrDamaged, r.No, img.Batches[n-1].No)
		}
		img.Batches = append(img.Batches, Header{r.No, r.First, r.N, r.Prev, r.Class, size})
	}
	if err := rows.Err(); err != nil {
		return img, err
	}
	if n := len(img.Batches); n > 0 {
		last, err := s.Batch(img.Batches[n-1].No)
		if err != nil {
			return img, err
		}
		img.Last = last.Chain()
	}
	if err := s.readOpen(ctx, &img); err != nil {
		return img, err
	}
	if img.Note, err = readNote(ctx, s.conn); err != nil {
		return img, err
	}
	if img.Meta.Epoch == 0 && len(img.Batches)+len(img.Open) > 0 {
		return img, fmt.Errorf("%w: rows without meta", ErrDamaged)
	}
	return img, nil
}

// readNote reads the note. A bad checksum costs the note, not the outbox.
func readNote(ctx context.Context, conn *sql.Conn) ([]byte, error) {
	var note []byte
	var crc int64
	err := conn.QueryRowContext(ctx, "SELECT data, crc FROM note WHERE id = 1").Scan(&note, &crc)
	if errors.Is(err, sql.ErrNoRows) || err == nil && crc != int64(protocol.CRC(note)) {
		return nil, nil
	}
	return note, err
}

func (s *SQLite) readOpen(ctx context.Context, img *Image) error {
	rows, err := s.conn.QueryContext(ctx, selectOpen)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanOpen(rows)
		if err != nil {
			return err
		}
		if n := len(img.Open); n > 0 && r.Seq <= img.Open[n-1].Seq {
			return fmt.Errorf("%w: open row %d comes after %d", ErrDamaged, r.Seq, img.Open[n-1].Seq)
		}
		if n := len(img.Batches); n > 0 && r.Seq < img.Batches[n-1].First+uint64(img.Batches[n-1].N) {
			return fmt.Errorf("%w: row %d is open and sealed in batch %d", ErrDamaged, r.Seq, img.Batches[n-1].No)
		}
		img.Open = append(img.Open, r)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	holes, err := s.conn.QueryContext(ctx, "SELECT no, last, chain FROM hole ORDER BY no")
	if err != nil {
		return err
	}
	defer holes.Close()
	for holes.Next() {
		var no, last int64
		var chain []byte
		if err := scan(holes, &no, &last, &chain); err != nil {
			return err
		}
		if len(chain) != len(protocol.Chain{}) {
			return fmt.Errorf("%w: hole %d", ErrDamaged, no)
		}
		img.Holes = append(img.Holes, Hole{uint64(no), uint64(last), protocol.Chain(chain)})
	}
	return holes.Err()
}

func scanOpen(from scanner) (r OpenRow, err error) {
	var seq, n, crc int64
	if err := scan(from, &seq, &n, &crc, &r.Data); err != nil {
		return r, err
	}
	r.Seq, r.N = uint64(seq), uint32(n)
	if openCRC(&r) != crc {
		return r, fmt.Errorf("%w: open row %d", ErrDamaged, r.Seq)
	}
	return r, nil
}

// Batch implements Disk.
func (s *SQLite) Batch(no uint64) (protocol.Sealed, error) {
	var r Row
	if s.conn == nil || s.suspect {
		return r.Sealed, errors.New("outbox: the file is not open")
	}
	st, err := s.stmt(selectBatch)
	if err != nil {
		return r.Sealed, s.fault(err)
	}
	var crc int64
	if err := scanBatch(st.QueryRow(int64(no)), &r, &crc, &r.Body); err != nil {
		return r.Sealed, s.fault(fmt.Errorf("batch %d: %w", no, err))
	}
	if rowCRC(&r) != crc {
		return r.Sealed, fmt.Errorf("%w: batch %d", ErrDamaged, no)
	}
	var epoch int64
	if err := s.conn.QueryRowContext(context.Background(), "SELECT epoch FROM meta").Scan(&epoch); err == nil {
		r.Epoch = uint64(epoch)
	}
	return r.Sealed, nil
}

// fault makes the driver's word for damage ours.
func (s *SQLite) fault(err error) error {
	if damaged(err) && !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// Commit implements Disk.
func (s *SQLite) Commit(c Change) error {
	if s.conn == nil || s.suspect {
		return errors.New("outbox: the file is not open")
	}
	err := s.exec("BEGIN IMMEDIATE")
	if err == nil {
		if err = s.change(&c); err == nil {
			err = s.exec("COMMIT")
		}
	}
	if err != nil {
		// A failed fsync must not be repeated: the kernel forgets the dirty
		// pages. Close, open again, and look what is there.
		s.suspect = true
		s.failed = s.failed || ioError(err)
		s.shut()
		return s.fault(err)
	}
	if s.pending && c.Meta != nil {
		s.settleSalvage()
	}
	return nil
}

func (s *SQLite) change(c *Change) error {
	if m := c.Meta; m != nil {
		if err := s.exec(replaceMeta, int64(m.Epoch), m.Hardware[:], int64(m.Boot), m.BootID, int64(m.Front), int64(m.Lost), metaCRC(m)); err != nil {
			return err
		}
	}
	if c.Note != nil {
		if err := s.exec("REPLACE INTO note (id, data, crc) VALUES (1,?,?)", c.Note, int64(protocol.CRC(c.Note))); err != nil {
			return err
		}
	}
	if c.DeleteThrough > 0 {
		if err := s.exec("DELETE FROM batch WHERE no <= ?", int64(c.DeleteThrough)); err != nil {
			return err
		}
		if err := s.exec("DELETE FROM hole WHERE no <= ?", int64(c.DeleteThrough)); err != nil {
			return err
		}
	}
	for _, no := range c.Delete {
		if err := s.exec("DELETE FROM batch WHERE no = ?", int64(no)); err != nil {
			return err
		}
	}
	if c.ClearHoles {
		if err := s.exec("DELETE FROM hole"); err != nil {
			return err
		}
	}
	for _, h := range c.Holes {
		if err := s.exec("REPLACE INTO hole (no, last, chain) VALUES (?,?,?)", int64(h.No), int64(h.Last), h.Chain[:]); err != nil {
			return err
		}
	}
	for _, m := range c.Move {
		if err := s.move(m); err != nil {
			return err
		}
	}
	if c.ClearOpen {
		if err := s.exec("DELETE FROM open"); err != nil {
			return err
		}
	}
	for i := range c.Open {
		r := &c.Open[i]
		if err := s.exec(insertOpen, int64(r.Seq), int64(r.N), openCRC(r), r.Data); err != nil {
			return err
		}
	}
	for i := range c.Seal {
		r := &c.Seal[i]
		body := r.Body
		if body == nil {
			body = []byte{}
		}
		if err := s.exec(insertBatch, int64(r.No), int64(r.First), int64(r.N), r.UID[:], r.Prev[:],
			int64(r.Flags), int64(r.Codec), int64(r.Class), rowCRC(r), body); err != nil {
			return err
		}
	}
	return nil
}

// move renumbers a batch; the body stays where it is.
func (s *SQLite) move(m Move) error {
	st, err := s.stmt(selectBatch)
	if err != nil {
		return err
	}
	var r Row
	var crc int64
	if err := scanBatch(st.QueryRow(int64(m.From)), &r, &crc, &r.Body); err != nil {
		return err
	}
	r.No, r.First, r.Prev, r.Flags = m.No, m.First, m.Prev, m.Flags
	return s.exec(moveBatch, int64(m.No), int64(m.First), m.Prev[:], int64(m.Flags), rowCRC(&r), int64(m.From))
}
