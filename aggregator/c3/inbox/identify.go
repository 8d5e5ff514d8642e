package inbox

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// arrival is a file on its way in.
type arrival struct {
	name   string // as it lies
	inner  string // of what is in it, if it is packed
	path   string
	file   *os.File
	info   fs.FileInfo
	packed packing

	dialect *dialect.Feed // nil: a catalogue, or unknown
	parts   dialect.Parts // of the name
	header  adi.Header    // of a catalogue
	// files are what it counts as: one, or two if its records hold two kinds.
	files []store.File

	// announced is what a manifest says; nil: nothing. Inside: of the unpacked.
	announced *dialect.Entry
	inside    bool
	atMs      int64 // when it is taken
	wide      bool  // an operator let it in
}

func (a *arrival) close() {
	if a.file != nil {
		_ = a.file.Close() // only read from
	}
}

func (a *arrival) feed() c3.Feed { return a.files[0].Feed }

// identify finds out what a file is: its feed, by its name or its beginning, and
// its id, by all of it. A *faultError refuses it; then files says as much as is
// known.
func (d *desk) identify(dia *dialect.Dialect, a *arrival) error {
	base := store.File{Province: d.province, Name: shown(a.name), ReceivedMs: d.came(a), Bytes: a.info.Size()}
	a.files = []store.File{base}
	a.files[0].ID = nameID(d.province, a.name, a.info)
	a.inner, a.packed = unpacked(a.name)
	a.parts = dialect.NewParts()
	switch {
	case !a.info.Mode().IsRegular():
		return refusal(c3.FaultUnknown, "It is no regular file.")
	case len(a.name) > maxName:
		return refusal(c3.FaultUnknown, "Its name is longer than %d bytes.", maxName)
	}
	feed := c3.FeedNone
	if dia != nil {
		if f, parts, ok := dia.Match(a.inner); ok {
			a.dialect, a.parts, feed = f, parts, f.Kind
		}
	}
	a.files[0].Feed = feed
	if a.info.Size() > d.inbox.cfg.MaxBytes {
		return refusal(c3.FaultTooLarge, "It has %d bytes; %d are allowed.", a.info.Size(), d.inbox.cfg.MaxBytes)
	}
	var err error
	if a.file, a.info, err = open(a.path); err != nil {
		return err
	}
	if feed == c3.FeedNone {
		is, err := d.isCatalogue(a)
		if err != nil {
			return err
		}
		if !is {
			return refusal(c3.FaultUnknown, "No dialect of the province takes a file of that name.")
		}
		a.files[0].Feed = c3.FeedCatalogue
	}
	if err := d.hash(a); err != nil {
		return err
	}
	return d.date(a)
}

// came is when a file was received.
func (d *desk) came(a *arrival) int64 {
	if d.inbox.cfg.Came == nil {
		return a.atMs
	}
	return min(a.atMs, d.inbox.cfg.Came(a.info).UnixMilli())
}

// nameID is the id of what is not read: of its name, size and time.
func nameID(p aggregator.Province, name string, info fs.FileInfo) [16]byte {
	sum := sha256.New()
	sum.Write([]byte{byte(p), byte(c3.FeedNone)})
	sum.Write([]byte(name))
	sum.Write([]byte(info.ModTime().UTC().String()))
	return [16]byte(sum.Sum(nil))
}

// isCatalogue looks at a name and the first bytes: XML is a catalogue.
func (d *desk) isCatalogue(a *arrival) (bool, error) {
	if strings.EqualFold(path.Ext(a.inner), ".xml") {
		return true, nil
	}
	r, err := content(a.file, a.info.Size(), a.packed, d.inbox.cfg.MaxBytes)
	if err != nil {
		return false, err
	}
	head := make([]byte, 256)
	n, err := io.ReadFull(charset.NewReader(io.LimitReader(r, 4096), charset.Auto, ""), head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	head = bytes.TrimSpace(head[:n])
	return len(head) > 1 && head[0] == '<' && (head[1] == '?' || head[1] == '!' || 'A' <= head[1]&^0x20 && head[1]&^0x20 <= 'Z'), nil
}

// hash reads the file once: for its ids, and against its manifest.
func (d *desk) hash(a *arrival) error {
	kinds := []c3.Feed{a.files[0].Feed}
	if a.dialect != nil && a.dialect.Also != c3.FeedNone {
		kinds = append(kinds, a.dialect.Also)
	}
	sums := make([]hash.Hash, len(kinds))
	inside := make([]io.Writer, 0, len(kinds)+4)
	for i, k := range kinds {
		sums[i] = sha256.New()
		sums[i].Write([]byte{byte(d.province), byte(k)})
		// Two days may have the same news, or none: then the name tells them
		// apart.
		sums[i].Write(binary.BigEndian.AppendUint64(nil, uint64(versionOfName(a.parts))))
		inside = append(inside, sums[i])
	}
	var check []hash.Hash // MD5, SHA-1, SHA-256 as far as announced
	if e := a.announced; e != nil {
		for _, c := range []struct {
			want string
			make func() hash.Hash
		}{{e.MD5, md5.New}, {e.SHA1, sha1.New}, {e.SHA256, sha256.New}} {
			h := hash.Hash(nil)
			if c.want != "" {
				h = c.make()
				if a.inside || a.packed == packedNot {
					inside = append(inside, h)
				}
			}
			check = append(check, h)
		}
	}
	if a.announced != nil && !a.inside && a.packed != packedNot {
		if _, err := a.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		var outside []io.Writer
		for _, h := range check {
			if h != nil {
				outside = append(outside, h)
			}
		}
		if _, err := io.Copy(io.MultiWriter(outside...), a.file); err != nil {
			return err
		}
	}
	r, err := content(a.file, a.info.Size(), a.packed, d.inbox.cfg.MaxBytes)
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(io.MultiWriter(inside...), struct{ io.Reader }{r}, make([]byte, 256<<10))
	if err != nil {
		return err
	}
	a.files = a.files[:1]
	for i, s := range sums {
		f := a.files[0]
		f.ID, f.Feed = [16]byte(s.Sum(nil)), kinds[i]
		if i == 0 {
			a.files[0] = f
		} else {
			a.files = append(a.files, f)
		}
	}
	if a.announced == nil {
		return nil
	}
	got := dialect.Entry{Name: a.announced.Name, Bytes: a.info.Size(), Rows: -1}
	if a.inside {
		got.Bytes = n
	}
	for i, to := range []*string{&got.MD5, &got.SHA1, &got.SHA256} {
		if check[i] != nil {
			*to = hex.EncodeToString(check[i].Sum(nil))
		}
	}
	if fault := a.announced.Check(got); fault != nil {
		return &faultError{*fault}
	}
	return nil
}

// versionOfName is when a file says in its name that it was made; 0: it does not.
// Files of one minute are told apart by their number.
func versionOfName(p dialect.Parts) int64 {
	switch {
	case p.TimeMs > 0:
		return p.TimeMs + max(0, p.Seq%10_000)
	case p.HasDay:
		return p.Day.Start() + max(0, p.Seq%10_000)
	}
	return 0
}

// farAhead is how far in the future a sender's clock may be to be believed.
const farAhead = aggregator.DayMs

// date finds the day of which a file speaks, and which of two files on the same
// thing holds. Where only the content tells, it reads the file for that.
func (d *desk) date(a *arrival) error {
	version := versionOfName(a.parts)
	var day aggregator.Day
	if a.dialect == nil {
		if err := d.readHeader(a); err != nil {
			return err
		}
		version, _ = adi.ParseMoment(a.header.Timestamp)
	} else {
		var known bool
		if day, known = a.dialect.Day(a.parts, dialect.Summary{}); !known {
			sum, err := d.summary(a)
			if err != nil {
				return err
			}
			if day, known = a.dialect.Day(a.parts, sum); !known {
				if day = 0; a.dialect.Kind == c3.FeedSubscribers && sum.Refused == nil {
					return refusal(c3.FaultDay, "Neither its name nor the file itself tells the day it speaks of.")
				}
			}
		}
	}
	if version <= 0 || version > a.atMs+farAhead {
		version = min(a.info.ModTime().UnixMilli(), a.atMs)
	}
	if day == 0 {
		day = aggregator.DayOf(version)
	}
	for i := range a.files {
		a.files[i].Day, a.files[i].VersionMs = day, version
	}
	if a.dialect != nil && day > aggregator.DayOf(a.atMs)+1 {
		return refusal(c3.FaultDay, "Its day, %s, has not come yet.", day)
	}
	return nil
}

// readHeader reads a catalogue up to its first record. What is wrong with it is
// told when all of it is read.
func (d *desk) readHeader(a *arrival) error {
	r, err := content(a.file, a.info.Size(), a.packed, d.inbox.cfg.MaxBytes)
	if err != nil {
		return err
	}
	item, err := adi.NewReader(charset.NewReader(r, charset.Auto, ""), adi.Limits{}).Next()
	var bad *adi.FileError
	switch {
	case errors.As(err, &bad), errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	a.header = item.Header
	return nil
}

// summary reads a file for what its header, trailer or columns say of its day.
func (d *desk) summary(a *arrival) (dialect.Summary, error) {
	r, err := content(a.file, a.info.Size(), a.packed, d.inbox.cfg.MaxBytes)
	if err != nil {
		return dialect.Summary{}, err
	}
	return a.dialect.Read(r, nowhere{})
}

// nowhere takes rows and forgets them.
type nowhere struct{}

func (nowhere) Rows(*dialect.Rows) error { return nil }
func (nowhere) Fault(c3.Fault) error     { return nil }
