package feeds

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
	"iptvdc/aggregator/c3/dialect"
)

// Rounds of delivery. What comes in a round is brought once all of the one
// before was taken.
const (
	roundFirst = 1 // on its day
	roundAgain = 2 // what was wrong comes again, and what was overtaken
	roundLate  = 3 // days later

	// Rounds is the last round there may be.
	Rounds = roundLate
)

// Dirt of whole files, as the truth names it.
const (
	DirtLate      = "late"       // it comes when the days after it are long in
	DirtOvertaken = "overtaken"  // the file of the day after comes first
	DirtTwice     = "twice"      // the very same file comes again
	DirtCut       = "cut"        // it ends in the middle of a record; the whole one follows
	DirtShrunk    = "shrunk"     // a full file lacks half of the subscribers; the whole one follows
	DirtShifted   = "shifted"    // every record has a column more; the right one follows
	DirtManifest  = "manifest"   // the manifest announces another number of rows; the right one follows
	DirtYesterday = "yesterday"  // yesterday's content under today's name; the right one follows
	DirtCorrected = "correction" // the right one that follows
)

// paper is a file as it is written.
type paper struct {
	name     string
	text     []byte
	rows     int64 // records, bad ones too
	rejected int64
	from, to int            // where its records lie in text
	day      aggregator.Day // of which it speaks, as it says itself
}

// parcel is a file on its way, and what must become of it.
type parcel struct {
	round int
	paper
	announced paper // what its manifest speaks of
	wrongBy   int64 // rows that its manifest announces too many
	sent      Sent
}

// clean is a parcel of a file as it should be.
func clean(round int, p paper, dirt string) parcel {
	one := parcel{round: round, paper: p, announced: p}
	one.sent = Sent{Name: p.name, Outcome: "accepted", Records: p.rows, Rejected: p.rejected, Dirt: dirt}
	if p.rejected > 0 {
		one.sent.Outcome = "partly"
		if dirt == "" {
			one.sent.Dirt = "records with bytes that are no text"
		}
	}
	return one
}

// bad is a parcel of which nothing is taken.
func bad(p paper, outcome, why, dirt string) parcel {
	return parcel{round: roundFirst, paper: p, announced: p, sent: Sent{Name: p.name, Outcome: outcome, Why: why, Dirt: dirt}}
}

// soiler makes whole files dirty. It is shared by all provinces, so that every
// kind of dirt comes that any of their files can have.
type soiler struct {
	rand *rand.Rand
	odds int // in a hundred
	used map[string]int
}

// subject is a file that may be made dirty.
type subject struct {
	feed      *dialect.Feed // nil: a catalogue
	first     bool          // of the province's first day
	clean     paper
	shrunk    func() (paper, error) // nil: it cannot shrink
	yesterday *paper                // nil: there was none
}

type kind struct {
	name string
	soil func(s *subject) ([]parcel, error)
}

// kinds are what may be wrong with a whole file, in the order in which they are
// preferred among those used as often. What follows the first parcel comes as it
// should be. No parcels: a file cannot have that dirt.
var kinds = []kind{
	{DirtCut, (*subject).cut},
	{DirtTwice, func(s *subject) ([]parcel, error) {
		again := clean(roundAgain, s.clean, DirtTwice)
		again.sent.Outcome = "repeated"
		return []parcel{clean(roundFirst, s.clean, ""), again}, nil
	}},
	{DirtShrunk, (*subject).shrink},
	{DirtShifted, (*subject).shift},
	{DirtManifest, (*subject).misannounce},
	{DirtYesterday, (*subject).mistake},
	{DirtOvertaken, func(s *subject) ([]parcel, error) { return []parcel{clean(roundAgain, s.clean, DirtOvertaken)}, nil }},
	{DirtLate, func(s *subject) ([]parcel, error) { return []parcel{clean(roundLate, s.clean, DirtLate)}, nil }},
}

// soil makes a file dirty, perhaps: with the dirt it can have that came least so
// far. The opening stock stays clean: without it nothing can be compared.
func (s *soiler) soil(of *subject) ([]parcel, error) {
	asItIs := []parcel{clean(roundFirst, of.clean, "")}
	if s.rand.IntN(100) >= s.odds || of.first && of.feed.Kind == c3.FeedSubscribers {
		return asItIs, nil
	}
	order := slices.Clone(kinds)
	slices.SortStableFunc(order, func(a, b kind) int { return s.used[a.name] - s.used[b.name] })
	for _, kind := range order {
		parcels, err := kind.soil(of)
		if err != nil {
			return nil, err
		}
		if len(parcels) > 0 {
			s.used[kind.name]++
			return parcels, nil
		}
	}
	return asItIs, nil
}

// nowhere is a sink that forgets.
type nowhere struct{}

func (nowhere) Rows(*dialect.Rows) error { return nil }
func (nowhere) Fault(c3.Fault) error     { return nil }

// refusal is why a file of that text is refused whatever announces it; "": it is
// not.
func (s *subject) refusal(text []byte) (string, error) {
	if s.feed != nil {
		sum, err := s.feed.Read(bytes.NewReader(text), nowhere{})
		if err != nil || sum.Refused == nil {
			return "", err
		}
		return sum.Refused.Code, nil
	}
	in := adi.NewReader(charset.NewReader(bytes.NewReader(text), charset.Auto, ""), adi.Limits{})
	for {
		_, err := in.Next()
		var bad *adi.FileError
		switch {
		case errors.Is(err, io.EOF):
			return "", nil
		case errors.As(err, &bad):
			return bad.Fault.Code, nil
		case err != nil:
			return "", err
		}
	}
}

// announced is why a file is refused by the manifest that announces another, as
// far as size and checksum tell; "": it is not.
func (s *subject) announced(of, got paper) (string, error) {
	if s.feed == nil || s.feed.Manifest == "" {
		return "", nil
	}
	var b bytes.Buffer
	if err := s.feed.WriteManifest(&b, entry(of, 0)); err != nil {
		return "", err
	}
	told, fault, err := s.feed.ReadManifest(&b, of.name)
	if err != nil || fault != nil || len(told) != 1 {
		return "", errors.Join(err, errors.New("a manifest of our own cannot be read"))
	}
	is := entry(got, 0)
	is.Rows = -1
	if fault := told[0].Check(is); fault != nil {
		return fault.Code, nil
	}
	return "", nil
}

func (s *subject) cut() ([]parcel, error) {
	p := s.clean
	at := p.from + (p.to-p.from)*3/5
	if p.rows < 5 || p.text[at-1] == '\n' || p.text[at] == '\n' {
		return nil, nil
	}
	short := p
	short.text = p.text[:at]
	why, err := s.announced(p, short)
	if why == "" && err == nil {
		why, err = s.refusal(short.text)
	}
	if why == "" || err != nil {
		return nil, err // nobody could tell
	}
	one := bad(short, "refused", why, DirtCut)
	one.announced = p
	return []parcel{one, clean(roundAgain, p, DirtCorrected)}, nil
}

func (s *subject) shrink() ([]parcel, error) {
	if s.shrunk == nil || s.first {
		return nil, nil
	}
	p, err := s.shrunk()
	if err != nil || p.rows < 5 {
		return nil, err
	}
	one := bad(p, "waiting", c3.FaultShrunk, DirtShrunk)
	one.sent.Records = p.rows
	return []parcel{one, clean(roundAgain, s.clean, DirtCorrected)}, nil
}

// shift puts an empty column before the first of every record.
func (s *subject) shift() ([]parcel, error) {
	if s.feed == nil || s.feed.Delimiter() == "" || s.clean.rows < 5 {
		return nil, nil
	}
	p := s.clean
	text := slices.Clone(p.text[:p.from])
	for line := range bytes.Lines(p.text[p.from:p.to]) {
		text = append(append(text, s.feed.Delimiter()...), line...)
	}
	p.text = append(text, p.text[p.to:]...)
	why, err := s.refusal(p.text)
	if why == "" || err != nil {
		return nil, err
	}
	return []parcel{bad(p, "refused", why, DirtShifted), clean(roundAgain, s.clean, DirtCorrected)}, nil
}

func (s *subject) misannounce() ([]parcel, error) {
	if s.feed == nil || s.feed.Manifest == "" {
		return nil, nil
	}
	one := bad(s.clean, "refused", c3.FaultManifest, DirtManifest)
	one.wrongBy = 7
	one.sent.Superseded = true
	return []parcel{one, clean(roundAgain, s.clean, DirtCorrected)}, nil
}

// day is the day of which a file speaks.
func (s *subject) day(p paper) (aggregator.Day, error) {
	sum, err := s.feed.Read(bytes.NewReader(p.text), nowhere{})
	if err != nil {
		return 0, err
	}
	d := dialect.Dialect{Feeds: []*dialect.Feed{s.feed}}
	_, parts, _ := d.Match(p.name)
	day, _ := s.feed.Day(parts, sum)
	return day, nil
}

func (s *subject) mistake() ([]parcel, error) {
	if s.yesterday == nil || s.yesterday.rows == 0 || bytes.Equal(s.yesterday.text, s.clean.text) {
		return nil, nil
	}
	p := *s.yesterday
	p.name = s.clean.name
	// One that tells its day inside is yesterday's, whatever it is called.
	if speaks, err := s.day(p); err != nil || speaks != s.clean.day {
		return nil, err
	}
	p.day = s.clean.day
	return []parcel{clean(roundFirst, p, DirtYesterday), clean(roundAgain, s.clean, DirtCorrected)}, nil
}

// deliver lays parcels down and says what must become of them.
func (w *writer) deliver(f *dialect.Feed, d aggregator.Day, parcels []parcel) error {
	for _, p := range parcels {
		if err := w.putInto(w.folder(p.round), p.name, p.text, w.came(f, d, &p.paper, p.round, p.sent.Dirt)); err != nil {
			return err
		}
		p.sent.Province, p.sent.Round = w.String(), p.round
		w.truth.write(Line{File: &p.sent})
		if f == nil {
			continue
		}
		if err := w.manifest(f, p.round, d, p.announced, p.wrongBy); err != nil {
			return err
		}
	}
	return nil
}
