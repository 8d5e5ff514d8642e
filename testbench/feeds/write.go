package feeds

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/testbench/fleet"
)

// Say is told of progress; it may be nil.
type Say func(format string, args ...any)

// Write plays all provinces from c.From to c.To, writes their files below dir,
// one folder a province by its code, and the truth to truth. What comes later
// lies in LaterFolder, for Post. A file that is
// there already is written anew: the same Config writes the same. A file appears
// whole under its name, its manifest after it.
func Write(c Config, dir string, truth io.Writer, say Say) error {
	if c.Beside == 0 {
		c.Beside = 2
	}
	if c.From > c.To {
		return fmt.Errorf("days: from %s to %s is none", c.From, c.To)
	}
	if err := c.Course.check(); err != nil {
		return err
	}
	if err := c.checkTurnover(); err != nil {
		return err
	}
	all, err := settleAll(&c)
	if err != nil {
		return err
	}
	t := newChronicle(truth, &c, all)
	offer := fleet.NewOffer()
	paid := map[aggregator.Province]map[aggregator.Day][]Paid{}
	for _, pr := range all {
		paid[pr.Province] = map[aggregator.Day][]Paid{}
		for _, o := range c.Paid {
			if pr.byBox[o.Box] != nil {
				d := aggregator.DayOf(o.AtMs)
				paid[pr.Province][d] = append(paid[pr.Province][d], o)
			}
		}
	}
	dirt := &soiler{rand: rand.New(rand.NewPCG(c.Seed^0x5011, 0)), odds: c.Dirt, used: map[string]int{}}
	for _, pr := range all {
		pr.learnPaid(&c)
		w := &writer{province: pr, root: dir, dir: filepath.Join(dir, pr.String(), c.Folder), truth: t,
			rand: rand.New(rand.NewPCG(c.Seed^0xd127, uint64(pr.Province))), soiler: dirt, last: map[*dialect.Feed]*paper{}}
		if err := w.life(&c, offer, paid[pr.Province]); err != nil {
			return fmt.Errorf("province %s: %w", pr, err)
		}
		if say != nil {
			say("%s: %d subscribers, %d files", pr, len(pr.people), w.files)
		}
	}
	return t.err
}

// writer writes the files of one province.
type writer struct {
	*province
	root  string // folder of all provinces
	dir   string
	truth *chronicle
	rand  *rand.Rand // of the dirt
	files int

	manifests []announcement        // yet to be written
	notifier  *notifier             // nil: orders stand in files
	orderBook []billed              // all that the province told, as it told them
	known     map[string]c3.Product // as its files can say it
	soiler    *soiler
	bundle    bundle                   // of days before From
	last      map[*dialect.Feed]*paper // as it should have been, of the day before
}

// announcement is a manifest and the files that it announces.
type announcement struct {
	name    string
	round   int
	feed    *dialect.Feed
	entries []dialect.Entry
}

// life plays the province day by day.
func (w *writer) life(c *Config, offer *fleet.Offer, paid map[aggregator.Day][]Paid) error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return err
	}
	if shelf := filepath.Join(w.root, w.String(), c.Shelf); shelf != filepath.Join(w.root, w.String()) {
		if err := os.MkdirAll(shelf, 0o755); err != nil {
			return err
		}
	}
	if slices.Contains(c.Notified, w.Province) {
		w.notifier = &notifier{province: w.Province, rand: rand.New(rand.NewPCG(c.Seed^0x7ac, uint64(w.Province)))}
	}
	if err := w.catalogue(c, offer); err != nil {
		return err
	}
	w.learn(offer)
	if err := w.schedules(c, offer); err != nil {
		return err
	}
	for d := c.first(); d <= c.To; d++ {
		n := newCount()
		first := d == c.first()
		var changes []c3.Change
		if first {
			for _, p := range w.people {
				n.eve(p)
			}
		} else {
			changes = w.passes(d, n)
		}
		orders := w.orders(d, first, paid[d], offer)
		w.truth.write(n.day(w.Province, d, w.people))
		if err := w.day(d, first, changes, orders, offer); err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
	}
	w.reckon(c)
	if w.notifier != nil {
		return w.notifier.finish(w, c)
	}
	return nil
}

// passes lets a day pass and counts its flows.
func (w *writer) passes(d aggregator.Day, n *count) []c3.Change {
	before := make([]c3.State, len(w.people))
	for i, p := range w.people {
		before[i] = p.stood()
	}
	changes := w.province.day(d)
	moved := map[string]bool{}
	for _, c := range changes {
		if c.Op == c3.OpMoveIn {
			moved[c.Account] = true
		}
	}
	for i, p := range w.people {
		from, op := c3.StateUnknown, c3.OpOpen
		if i < len(before) {
			from = before[i]
		}
		if moved[p.shown.Account] {
			op = c3.OpMoveIn
		}
		p.flow = n.moved(from, p.stood(), op)
	}
	return changes
}

// bundle is what files are still to tell of days before From.
type bundle struct {
	changes []c3.Change
	orders  []c3.Order
}

// day writes what the province sends of a day.
func (w *writer) day(d aggregator.Day, first bool, changes []c3.Change, orders []billed, offer *fleet.Offer) error {
	before := d < w.config.From // then files hold more than a day
	ordersFeed := feedOf(w.dialect, c3.FeedOrders)
	var bill []billed
	if w.notifier != nil && !before {
		for _, o := range orders {
			if told, ok := fitNotified(o.Order, offer); ok {
				bill = append(bill, billed{told, o.who})
			}
		}
		if err := w.notifier.day(bill); err != nil {
			return err
		}
	} else if ordersFeed != nil {
		for _, o := range orders {
			if o.Order = fitOrder(ordersFeed, o.Order); o.Op != c3.OrderNone {
				bill = append(bill, o)
				w.bundle.orders = append(w.bundle.orders, o.Order)
			}
		}
	}
	w.bundle.changes = append(w.bundle.changes, changes...)
	whole := !before || w.handsOver(d)
	for _, f := range w.dialect.Feeds {
		var batches []*dialect.Rows
		holds := func(kind c3.Feed) bool { return f.Kind == kind || f.Also == kind }
		if holds(c3.FeedSubscribers) && w.shows(d) {
			batches = append(batches, w.subscribers(f, d))
			w.showCities(f, d)
		}
		if holds(c3.FeedChanges) && !first && whole {
			batches = append(batches, w.told(f, w.bundle.changes))
			w.tellCities(f, w.bundle.changes)
		}
		if f == ordersFeed && whole && (before || w.notifier == nil) {
			batches = append(batches, &dialect.Rows{Feed: c3.FeedOrders, Orders: w.bundle.orders})
		}
		if holds(c3.FeedProducts) && (first || f.Full && !before) {
			batches = append(batches, w.products(f, offer))
		}
		if len(batches) == 0 {
			continue
		}
		if err := w.file(f, d, first, batches); err != nil {
			return err
		}
	}
	if whole {
		w.bundle = bundle{}
	}
	if err := w.announce(); err != nil {
		return err
	}
	providers := map[string]string{}
	for _, p := range offer.Products {
		providers[p.Code] = p.Provider
	}
	for i := range bill {
		if bill[i].Provider == "" { // the product knows
			bill[i].Provider = providers[bill[i].Product]
		}
	}
	w.truth.write(w.stand(d))
	w.lives(d)
	w.orderBook = append(w.orderBook, bill...)
	for _, l := range w.bills(d, bill) {
		w.truth.write(l)
	}
	return nil
}

func (w *writer) subscribers(f *dialect.Feed, d aggregator.Day) *dialect.Rows {
	b := &dialect.Rows{Feed: c3.FeedSubscribers}
	for _, p := range w.people {
		if p.inFile(d) {
			b.Subscribers = append(b.Subscribers, fitSubscriber(f, p.shown))
		}
	}
	return b
}

func (w *writer) told(f *dialect.Feed, changes []c3.Change) *dialect.Rows {
	b := &dialect.Rows{Feed: c3.FeedChanges}
	for _, c := range changes {
		if c, ok := w.able.fitChange(f, c); ok {
			b.Changes = append(b.Changes, c)
		}
	}
	return b
}

func (w *writer) products(f *dialect.Feed, offer *fleet.Offer) *dialect.Rows {
	b := &dialect.Rows{Feed: c3.FeedProducts}
	add := func(p c3.Product) { b.Products = append(b.Products, fitProduct(f, p)) }
	for i := range offer.Products {
		p := &offer.Products[i]
		add(c3.Product{Code: p.Code, Name: cmp.Or(productNames[p.Code], p.Code), Type: kindOf(p), Fen: p.Fen, Provider: p.Provider, ShareBP: shares[p.Provider]})
	}
	for i, code := range plans {
		add(c3.Product{Code: code, Name: code, Type: c3.ProductBase, Fen: int64(1000 * (i + 1))})
	}
	return b
}

// shares are the providers' parts, in ten thousandths.
var shares = map[string]int32{
	"cp-haifeng-film": 5000, "cp-qingtai-drama": 6000, "cp-xingxing-kids": 5550, "cp-lvye-docs": 3333, "cp-feiyu-sport": 7001, "cp-langtao-show": 4567,
}

// learn notes what the province's files say of products.
func (w *writer) learn(offer *fleet.Offer) {
	w.known = map[string]c3.Product{}
	if f := feedOf(w.dialect, c3.FeedProducts); f != nil {
		for _, p := range w.products(f, offer).Products {
			w.known[p.Code] = p
		}
	}
}

// file writes one file with its manifest, and some dirt.
func (w *writer) file(f *dialect.Feed, d aggregator.Day, first bool, batches []*dialect.Rows) error {
	rows := int64(0)
	for _, b := range batches {
		rows += int64(b.Len())
	}
	p, err := w.compose(f, d, batches, w.spoil(rows))
	if err != nil {
		return err
	}
	of := &subject{feed: f, first: first, clean: p, yesterday: w.last[f]}
	if of.clean.day, err = of.day(p); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if f.Kind == c3.FeedSubscribers && w.able.daily {
		of.shrunk = func() (paper, error) {
			half := *batches[0]
			half.Subscribers = half.Subscribers[:len(half.Subscribers)/2]
			return w.compose(f, d, []*dialect.Rows{&half}, 0)
		}
	}
	if d < w.config.From { // what is handed over has bad records at most
		return w.deliver(f, d, []parcel{clean(roundFirst, p, "")})
	}
	w.last[f] = &p
	parcels, err := w.soiler.soil(of)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return w.deliver(f, d, parcels)
}

// compose writes a file, the last of its records spoilt.
func (w *writer) compose(f *dialect.Feed, d aggregator.Day, batches []*dialect.Rows, spoilt int64) (paper, error) {
	rows := int64(0)
	for _, b := range batches {
		rows += int64(b.Len())
	}
	name, about, err := w.name(f, d)
	if err != nil {
		return paper{}, err
	}
	about.Rows = rows + spoilt
	var text bytes.Buffer
	out, err := f.NewWriter(&text, about)
	if err != nil {
		return paper{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := out.Flush(); err != nil {
		return paper{}, fmt.Errorf("%s: %w", name, err)
	}
	p := paper{name: name, rows: rows + spoilt, rejected: spoilt, from: text.Len()} // after the header
	for _, b := range batches {
		if err := out.Rows(b); err != nil {
			return p, fmt.Errorf("%s: %w", name, err)
		}
	}
	from, to, err := extra(out, &text, batches, spoilt)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	w.damage(text.Bytes()[from:to])
	p.text, p.to = text.Bytes(), to
	return p, nil
}

// spoiltOneOf is of how many files one has bad records.
const spoiltOneOf = 8

// spoil is how many records are written a second time and spoilt then: few
// enough that the file is still believed.
func (w *writer) spoil(rows int64) int64 {
	if rows < 100 || w.rand.IntN(spoiltOneOf) > 0 {
		return 0
	}
	return 1 + w.rand.Int64N(max(1, rows/100))
}

// extra writes the first records of the first batch once more, and ends the
// file. It returns where in the text they lie.
func extra(out *dialect.Writer, text *bytes.Buffer, batches []*dialect.Rows, n int64) (from, to int, err error) {
	if err = out.Flush(); err != nil {
		return 0, 0, err
	}
	from = text.Len()
	if n > 0 {
		b := *batches[0]
		for _, b2 := range batches {
			if b2.Len() > b.Len() {
				b = *b2
			}
		}
		b.Subscribers, b.Changes = firstOf(b.Subscribers, n), firstOf(b.Changes, n)
		b.Orders, b.Products = firstOf(b.Orders, n), firstOf(b.Products, n)
		if err = out.Rows(&b); err != nil {
			return 0, 0, err
		}
		if err = out.Flush(); err != nil {
			return 0, 0, err
		}
	}
	to = text.Len()
	return from, to, out.Close()
}

func firstOf[T any](all []T, n int64) []T { return all[:min(int64(len(all)), n)] }

// damage puts a byte that is no text in any charset into each line.
func (w *writer) damage(lines []byte) {
	for len(lines) > 0 {
		n := bytes.IndexByte(lines, '\n')
		if n < 0 {
			n = len(lines) - 1
		}
		lines[min(n, 3)] = 0xff
		lines = lines[n+1:]
	}
}

// name is the file's name for a day, and what it says.
func (w *writer) name(f *dialect.Feed, d aggregator.Day) (string, dialect.Parts, error) {
	about := dialect.NewParts()
	about.Day, about.HasDay, about.Seq = d, true, 1
	about.TimeMs = coarse(f, (d+1).Start()+int64(2*3600+1800)*1000)
	name, err := f.FileName(about)
	if err != nil {
		return "", about, err
	}
	// A file may name, outside or inside, the day on which it is sent, or only
	// the time at which it was made.
	speaksOf := func() (aggregator.Day, bool) {
		_, parts, ok := w.dialect.Match(name)
		if !ok {
			return 0, false
		}
		day, known := f.Day(parts, dialect.Summary{Header: about, Trailer: about, Day: about.Day, HasDay: true})
		return day, known || !f.Full
	}
	got, ok := speaksOf()
	_, said, _ := w.dialect.Match(name)
	timed := said.TimeMs > 0 // then it speaks of the day in which it was made, whatever is in it
	if !ok {
		return "", about, fmt.Errorf("%s: the dialect does not know its own name", name)
	}
	if got != 0 && got != d && (f.Full || !timed) {
		early := about
		early.TimeMs = coarse(f, d.Start()+int64(23*3600+1800)*1000)
		late := about
		late.Day += d - got
		for _, about = range []dialect.Parts{early, late} {
			if name, err = f.FileName(about); err != nil {
				return "", about, err
			}
			if got, _ = speaksOf(); got == d {
				return name, about, nil
			}
		}
		return "", about, fmt.Errorf("%s: no file of the dialect speaks of %s", name, d)
	}
	return name, about, err
}

// manifest notes a file for its manifest of a round, if its feed has them.
func (w *writer) manifest(f *dialect.Feed, round int, d aggregator.Day, p paper, wrongBy int64) error {
	as, err := f.ManifestName(p.name)
	if err != nil || as == "" {
		return err
	}
	e := entry(p, wrongBy)
	e.Day, e.HasDay = d, true
	i := slices.IndexFunc(w.manifests, func(m announcement) bool { return m.name == as && m.round == round })
	if i < 0 {
		i = len(w.manifests)
		w.manifests = append(w.manifests, announcement{name: as, round: round, feed: f})
	}
	w.manifests[i].entries = append(w.manifests[i].entries, e)
	return nil
}

// entry is what a manifest says of a file.
func entry(p paper, wrongBy int64) dialect.Entry {
	md, s1, s2 := md5.Sum(p.text), sha1.Sum(p.text), sha256.Sum256(p.text)
	return dialect.Entry{Name: p.name, Bytes: int64(len(p.text)), Rows: p.rows + wrongBy,
		MD5: hex.EncodeToString(md[:]), SHA1: hex.EncodeToString(s1[:]), SHA256: hex.EncodeToString(s2[:])}
}

// announce writes the manifests of a day's files: one may announce several, so
// they come when all are there.
func (w *writer) announce() error {
	for _, m := range w.manifests {
		var b bytes.Buffer
		if err := m.feed.WriteManifest(&b, m.entries...); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if err := w.putInto(w.folder(m.round), m.name, b.Bytes(), time.Time{}); err != nil {
			return err
		}
	}
	w.manifests = nil
	return nil
}

// folder is where a round's files lie.
func (w *writer) folder(round int) string {
	if round == roundFirst {
		return w.dir
	}
	return filepath.Join(w.root, w.String(), LaterFolder, strconv.Itoa(round))
}

// put makes a file appear whole.
func (w *writer) put(name string, text []byte) error {
	return w.putInto(w.dir, name, text, time.Time{})
}

// putInto has it lie there since a time; the zero time: now.
func (w *writer) putInto(dir, name string, text []byte, since time.Time) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", text, 0o644); err != nil {
		return err
	}
	if !since.IsZero() {
		if err := os.Chtimes(path+".part", since, since); err != nil {
			return errors.Join(err, os.Remove(path+".part"))
		}
	}
	w.files++
	if err := os.Rename(path+".part", path); err != nil {
		return errors.Join(err, os.Remove(path+".part"))
	}
	return nil
}

// catalogue writes what is on offer, in two files: a part comes before its whole
// as often as after it.
func (w *writer) catalogue(c *Config, offer *fleet.Offer) error {
	shelf := w.shelf(offer, c.Seed)
	fetched := slices.Contains(c.Fetched, w.Province)
	files := w.dir
	if fetched {
		w.dir = filepath.Join(w.root, w.String(), c.Shelf)
	}
	for _, t := range shelf.meaning {
		w.truth.write(Line{Title: &t})
	}
	half := len(shelf.mappings) / 2
	parts := []struct {
		objects  []c3.Object
		mappings []c3.Mapping
	}{{nil, shelf.mappings[:half]}, {shelf.objects, shelf.mappings[half:]}}
	for i, part := range parts {
		at := c.From.Start() + int64(i+1)*600_000
		stamp := aggregator.DayOf(at).Time().Format("20060102") + fmt.Sprintf("%02d%02d00", i, 10*(i+1))
		name := fmt.Sprintf("ADI_%s_%s_%04d.xml", w, stamp, i+1)
		p, err := w.adi(name, stamp, part.objects, part.mappings)
		if err != nil {
			return err
		}
		if fetched {
			if err := w.put(name, p.text); err != nil {
				return err
			}
			continue
		}
		if err := w.soiled(p, c.From); err != nil {
			return err
		}
	}
	w.dir = files // what changes lies with the other files
	return w.repack(c, offer, shelf)
}

// soiled delivers a catalogue's file on a day, as dirt has it.
func (w *writer) soiled(p paper, d aggregator.Day) error {
	parcels, err := w.soiler.soil(&subject{clean: p})
	if err == nil {
		err = w.deliver(nil, d, parcels)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// adi is a catalogue's file.
func (w *writer) adi(name, stamp string, objects []c3.Object, mappings []c3.Mapping) (paper, error) {
	var text bytes.Buffer
	style := adi.Style{Charset: []string{"utf-8", "gbk", "gb18030"}[int(w.Province)%3],
		Header: adi.Header{Version: "1.0", MsgID: name, CSPID: "CP" + w.String(), LSPID: "LSP" + w.String(), Timestamp: stamp}}
	if w.Province%2 == 0 {
		style.Namespace = adi.Namespace
	}
	out, err := adi.NewWriter(&text, style)
	for n := range objects {
		err = errors.Join(err, out.Object(&objects[n]))
	}
	for n := range mappings {
		err = errors.Join(err, out.Mapping(&mappings[n]))
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return paper{}, fmt.Errorf("%s: %w", name, err)
	}
	return paper{name: name, text: text.Bytes(), rows: int64(len(objects) + len(mappings)), to: text.Len()}, nil
}
