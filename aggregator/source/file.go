package source

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"

	"iptvdc/aggregator/durable"
)

// A version is one file that never changes:
//
//	magic, columns, keys, offsets, texts, footer as JSON, length and CRC of the footer, magic
//
// A column is rows × width bytes, little endian, two's complement; where a number is
// missing it is the least of its width. Columns of texts hold places among the keys.
// Every part has a CRC, which is checked when it is read: a question reads the columns
// that it needs and nothing else.
const fileMagic = "IPTVSRC1"

type part struct {
	At    int64  `json:"at"`
	Bytes int64  `json:"bytes"`
	Width int    `json:"width,omitempty"`
	CRC   uint32 `json:"crc"`
}

type footer struct {
	Rows    int64          `json:"rows"`
	Columns []StoredColumn `json:"columns"`
	Parts   []part         `json:"parts"` // of the columns
	Keys    part           `json:"keys"`
	Offsets part           `json:"offsets"`
	Texts   part           `json:"texts"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// texts reports whether a column holds places among the keys.
func (t Type) texts() bool { return t == TypeText || t == TypeProduct || t == TypeProvider }

// write makes the file of what was built; it is whole after a crash or not there.
func (b *builder) write(path string) (size int64, err error) {
	f := footer{Rows: b.read.Rows, Columns: b.columns}
	out := []byte(fileMagic)
	put := func(p []byte, width int) part {
		q := part{At: int64(len(out)), Bytes: int64(len(p)), Width: width, CRC: crc32.Checksum(p, castagnoli)}
		out = append(out, p...)
		return q
	}
	keys := slices.Sorted(maps.Keys(b.texts))
	places := make(map[uint64]int64, len(keys))
	for n, k := range keys {
		places[k] = int64(n) + 1 // 0: no text
	}
	for n, c := range b.columns {
		values := b.values[n]
		if c.Type.texts() {
			for i, v := range values {
				values[i] = places[uint64(v)]
			}
		}
		p, width := packed(values)
		f.Parts = append(f.Parts, put(p, width))
	}
	var all, offsets, texts []byte
	for _, k := range keys {
		all = binary.LittleEndian.AppendUint64(all, k)
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(texts)))
		texts = append(texts, b.texts[k]...)
	}
	offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(texts)))
	f.Keys, f.Offsets, f.Texts = put(all, 8), put(offsets, 4), put(texts, 1)
	foot, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	out = append(out, foot...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(foot)))
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(foot, castagnoli))
	out = append(out, fileMagic...)
	return int64(len(out)), durable.WriteFile(path, out)
}

// packed writes numbers in the least width that holds all of them.
func packed(values []int64) ([]byte, int) {
	width := 1
	for _, v := range values {
		if v == none {
			continue
		}
		for width < 8 && (v > math.MaxInt64>>(64-8*width) || v <= -(1<<(8*width-1))) {
			width *= 2
		}
	}
	out := make([]byte, 0, width*len(values))
	for _, v := range values {
		if v == none && width < 8 {
			v = -(1 << (8*width - 1))
		}
		switch width {
		case 1:
			out = append(out, byte(v))
		case 2:
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case 4:
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		default:
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
	}
	return out, width
}

func unpacked(p []byte, width int) []int64 {
	out := make([]int64, len(p)/width)
	for n := range out {
		var v int64
		switch width {
		case 1:
			v = int64(int8(p[n]))
		case 2:
			v = int64(int16(binary.LittleEndian.Uint16(p[2*n:])))
		case 4:
			v = int64(int32(binary.LittleEndian.Uint32(p[4*n:])))
		default:
			v = int64(binary.LittleEndian.Uint64(p[8*n:]))
		}
		if width < 8 && v == -(1<<(8*width-1)) {
			v = none
		}
		out[n] = v
	}
	return out
}

// Table is a version that is open. Safe for concurrent use. It is closed when nobody
// holds it any more.
type Table struct {
	foot footer
	f    *os.File
	size int64
	keys func() ([]uint64, error)
}

// OpenTable opens a version's file. A damaged one is an error.
func OpenTable(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	t := &Table{f: f}
	if err := t.readFooter(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("source %s: %w", path, err)
	}
	t.keys = sync.OnceValues(func() ([]uint64, error) {
		p, err := t.part(t.foot.Keys)
		if err != nil {
			return nil, err
		}
		keys := make([]uint64, len(p)/8)
		for n := range keys {
			keys[n] = binary.LittleEndian.Uint64(p[8*n:])
		}
		return keys, nil
	})
	return t, nil
}

func (t *Table) readFooter() error {
	size, err := t.f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	t.size = size
	const tail = 8 + len(fileMagic)
	if size < int64(tail+len(fileMagic)) {
		return errDamaged
	}
	end := make([]byte, tail)
	if _, err := t.f.ReadAt(end, size-int64(tail)); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(end))
	if string(end[8:]) != fileMagic || n > size-int64(tail) {
		return errDamaged
	}
	foot := make([]byte, n)
	if _, err := t.f.ReadAt(foot, size-int64(tail)-n); err != nil {
		return err
	}
	if crc32.Checksum(foot, castagnoli) != binary.LittleEndian.Uint32(end[4:]) {
		return errDamaged
	}
	if err := json.Unmarshal(foot, &t.foot); err != nil {
		return errDamaged
	}
	if len(t.foot.Parts) != len(t.foot.Columns) {
		return errDamaged
	}
	for n, p := range t.foot.Parts {
		if !slices.Contains([]int{1, 2, 4, 8}, p.Width) || p.Bytes != t.foot.Rows*int64(p.Width) || t.foot.Columns[n].Decimals > maxDecimals || t.foot.Columns[n].Decimals < 0 {
			return errDamaged
		}
	}
	return nil
}

var errDamaged = fmt.Errorf("the file is damaged; go back to another version, or read the source again")

// Close closes the file.
func (t *Table) Close() error { return t.f.Close() }

// Rows is how many there are; Columns are what they hold.
func (t *Table) Rows() int64             { return t.foot.Rows }
func (t *Table) Columns() []StoredColumn { return t.foot.Columns }

func (t *Table) part(p part) ([]byte, error) {
	if p.At < 0 || p.Bytes < 0 || p.Bytes > t.size-p.At {
		return nil, fmt.Errorf("source: %w", errDamaged)
	}
	b := make([]byte, p.Bytes)
	if _, err := t.f.ReadAt(b, p.At); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if crc32.Checksum(b, castagnoli) != p.CRC {
		return nil, fmt.Errorf("source: %w", errDamaged)
	}
	return b, nil
}

// column reads the n-th column; of texts their keys.
func (t *Table) column(n int) ([]int64, error) {
	p, err := t.part(t.foot.Parts[n])
	if err != nil {
		return nil, err
	}
	values := unpacked(p, t.foot.Parts[n].Width)
	if !t.foot.Columns[n].Type.texts() {
		return values, nil
	}
	keys, err := t.keys()
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		switch {
		case v == 0:
		case v < 0 || v > int64(len(keys)):
			return nil, fmt.Errorf("source: %w", errDamaged)
		default:
			values[i] = int64(keys[v-1])
		}
	}
	return values, nil
}

// texts adds to into those of keys that the version has.
func (t *Table) texts(keys []uint64, into map[uint64]string) error {
	all, err := t.keys()
	if err != nil {
		return err
	}
	for _, k := range keys {
		n, ok := slices.BinarySearch(all, k)
		if !ok {
			continue
		}
		var ends [8]byte
		if _, err := t.f.ReadAt(ends[:], t.foot.Offsets.At+4*int64(n)); err != nil {
			return fmt.Errorf("source: %w", err)
		}
		from, to := int64(binary.LittleEndian.Uint32(ends[:])), int64(binary.LittleEndian.Uint32(ends[4:]))
		if from > to || to > t.foot.Texts.Bytes {
			return fmt.Errorf("source: %w", errDamaged)
		}
		text := make([]byte, to-from)
		if _, err := t.f.ReadAt(text, t.foot.Texts.At+from); err != nil {
			return fmt.Errorf("source: %w", err)
		}
		into[k] = string(text)
	}
	return nil
}

// place finds a column by name; -1: there is none.
func (t *Table) place(of func(*StoredColumn) bool) int {
	for n := range t.foot.Columns {
		if of(&t.foot.Columns[n]) {
			return n
		}
	}
	return -1
}

func byGroup(a, b *result) int {
	return cmp.Or(cmp.Compare(a.key.span, b.key.span), slices.Compare(a.key.group[:], b.key.group[:]))
}
