package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// feeds is what the provinces' files left: every row that holds, nothing that
// follows from it.
type feeds struct {
	files    map[[16]byte]fileKept
	full     map[provinceDay]fullFile
	changes  kept[changeKey, store.ChangeRow]
	orders   kept[orderKey, store.OrderRow]
	products kept[productKey, store.ProductRow]
	objects  kept[objectKey, store.ObjectRow]
	mappings kept[mappingKey, store.MappingRow]
	deleted  map[objectKey]version // the latest DELETE of a thing
	books    map[aggregator.Province]*books
	titles   map[aggregator.Province]map[objectKey]title

	schedules map[aggregator.Province]*schedule
}

type fileKept struct {
	store.FileRow
	faults []c3.Fault
}

type provinceDay struct {
	province aggregator.Province
	day      aggregator.Day
}

type fullFile struct {
	version
	rows map[uint64]store.SubscriberRow
}

// version orders rows that say something of the same thing.
type version struct {
	ms   int64
	file [16]byte
	line int64
}

func (v version) after(w version) bool {
	return cmp.Or(cmp.Compare(v.ms, w.ms), bytes.Compare(v.file[:], w.file[:]), cmp.Compare(v.line, w.line)) > 0
}

type (
	changeKey struct {
		province aggregator.Province
		account  uint64
		op       c3.Op
		atMs     int64
		old, new uint64
	}
	orderKey struct {
		province aggregator.Province
		id       uint64
		op       c3.OrderOp
	}
	productKey struct {
		province aggregator.Province
		code     uint64
	}
	objectKey struct {
		province aggregator.Province
		element  c3.Element
		code     uint64
	}
	mappingKey struct{ parent, child objectKey }
)

type versioned[R any] struct {
	version
	row R
}

// kept holds the latest row of each key.
type kept[K comparable, R any] map[K]versioned[R]

// take reports whether a row says something new.
func (k kept[K, R]) take(key K, r R, v version, same func(a, b R) bool) bool {
	held, found := k[key]
	if found && !v.after(held.version) {
		return false
	}
	k[key] = versioned[R]{v, r}
	return !found || !same(held.row, r)
}

func newFeeds() feeds {
	return feeds{
		files: map[[16]byte]fileKept{}, full: map[provinceDay]fullFile{}, changes: kept[changeKey, store.ChangeRow]{},
		orders: kept[orderKey, store.OrderRow]{}, products: kept[productKey, store.ProductRow]{},
		objects: kept[objectKey, store.ObjectRow]{}, mappings: kept[mappingKey, store.MappingRow]{},
		deleted: map[objectKey]version{}, books: map[aggregator.Province]*books{}, titles: map[aggregator.Province]map[objectKey]title{},
		schedules: map[aggregator.Province]*schedule{},
	}
}

// stage gathers the rows of a file.
type stage struct {
	m    *memory
	file store.File
	rows store.FeedRows
	over bool
}

func (m *memory) Stage(ctx context.Context, f store.File) (store.Stage, error) {
	return &stage{m: m, file: f}, ctx.Err()
}

func (s *stage) Add(ctx context.Context, r *store.FeedRows) error {
	err := cmp.Or(ctx.Err(), r.Check(s.file.Feed))
	if s.over {
		err = errors.New("storetest: the stage is over")
	}
	if err != nil {
		s.over = true
		return err
	}
	all := &s.rows
	all.Subscribers = append(all.Subscribers, r.Subscribers...)
	all.Changes = append(all.Changes, r.Changes...)
	all.Orders = append(all.Orders, r.Orders...)
	all.Products = append(all.Products, r.Products...)
	all.Codes = append(all.Codes, r.Codes...)
	for _, o := range r.Objects {
		o.Properties = slices.Clone(o.Properties)
		all.Objects = append(all.Objects, o)
	}
	for _, m := range r.Mappings {
		m.Properties = slices.Clone(m.Properties)
		all.Mappings = append(all.Mappings, m)
	}
	return nil
}

func (s *stage) Discard() error {
	s.over, s.rows = true, store.FeedRows{}
	return nil
}

func (s *stage) Commit(ctx context.Context, v store.Verdict) (store.FileRow, error) {
	if s.over {
		return store.FileRow{}, errors.New("storetest: the stage is over")
	}
	defer s.Discard()
	if err := ctx.Err(); err != nil {
		return store.FileRow{}, err
	}
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, found := m.files[s.file.ID]; found && was.In() {
		was.Outcome = c3.OutcomeRepeated
		return was.FileRow, nil
	}
	j := store.Judgement{File: s.file, Verdict: v, Staged: int64(s.rows.Rows())}
	s.single(&j)
	if err := j.Check(); err != nil {
		return store.FileRow{}, err
	}
	var row store.FileRow
	var faults []c3.Fault
	was := m.schedule(s.file.Province)
	if out, why := s.judge(&j); out != c3.OutcomeNone {
		row, faults = j.Out(out, why)
	} else {
		row, faults = j.Row(s.apply())
	}
	m.files[s.file.ID] = fileKept{row, faults}
	delete(m.books, s.file.Province)
	delete(m.titles, s.file.Province)
	if s.file.Feed == c3.FeedCatalogue {
		delete(m.schedules, s.file.Province)
		m.reschedule(s.file.Province, was)
	}
	return row, nil
}

// judge says whether a full file is too old or too short.
func (s *stage) judge(j *store.Judgement) (c3.Outcome, c3.Fault) {
	if s.file.Feed != c3.FeedSubscribers {
		return c3.OutcomeNone, c3.Fault{}
	}
	of := provinceDay{s.file.Province, s.file.Day}
	if held, found := s.m.full[of]; found && held.after(s.version(0)) {
		return c3.OutcomeRefused, store.Older()
	}
	days := s.m.fullDays(s.file.Province)
	i, _ := slices.BinarySearch(days, s.file.Day)
	if i > 0 {
		if why, shrunk := j.Shrunk(int64(len(s.m.full[provinceDay{s.file.Province, days[i-1]}].rows))); shrunk {
			return c3.OutcomeWaiting, why
		}
	}
	return c3.OutcomeNone, c3.Fault{}
}

func (s *stage) version(line int64) version { return version{s.file.VersionMs, s.file.ID, line} }

// single leaves the first row of each key, by line, and keeps the rest as faults.
func (s *stage) single(j *store.Judgement) {
	r := &s.rows
	r.Subscribers = singles(j, r.Subscribers, func(r store.SubscriberRow) (uint64, int64) { return r.Account, r.Line })
	r.Changes = singles(j, r.Changes, func(r store.ChangeRow) (changeKey, int64) { return s.change(r), r.Line })
	r.Orders = singles(j, r.Orders, func(r store.OrderRow) (orderKey, int64) { return s.order(r), r.Line })
	r.Products = singles(j, r.Products, func(r store.ProductRow) (uint64, int64) { return r.Code, r.Line })
}

func singles[R any, K comparable](j *store.Judgement, rows []R, of func(R) (K, int64)) []R {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b R) int {
		_, x := of(a)
		_, y := of(b)
		return cmp.Compare(x, y)
	})
	first := map[K]int64{}
	var out []R
	for _, r := range rows {
		k, line := of(r)
		if at, came := first[k]; came {
			j.Doubled++
			j.Duplicates = append(j.Duplicates, store.Duplicate(line, at))
			continue
		}
		first[k] = line
		out = append(out, r)
	}
	return out
}

func (s *stage) change(r store.ChangeRow) changeKey {
	return changeKey{s.file.Province, r.Account, r.Op, r.AtMs, r.Old, r.New}
}

func (s *stage) order(r store.OrderRow) orderKey { return orderKey{s.file.Province, r.ID, r.Op} }

func (s *stage) object(e c3.Element, code uint64) objectKey {
	return objectKey{s.file.Province, e, code}
}

// apply takes the rows in and counts those that say nothing new.
func (s *stage) apply() (repeated int64) {
	count := func(news bool) {
		if !news {
			repeated++
		}
	}
	m, p := s.m, s.file.Province
	if s.file.Feed == c3.FeedSubscribers {
		full := fullFile{s.version(0), map[uint64]store.SubscriberRow{}}
		for _, r := range s.rows.Subscribers {
			r.Line = 0
			full.rows[r.Account] = r
		}
		m.full[provinceDay{p, s.file.Day}] = full
	}
	for _, r := range s.rows.Changes {
		r.Line = 0
		count(m.changes.take(s.change(r), r, s.version(0), equal))
	}
	for _, r := range s.rows.Orders {
		r.Line = 0
		count(m.orders.take(s.order(r), r, s.version(0), equal))
	}
	for _, r := range s.rows.Products {
		r.Line = 0
		count(m.products.take(productKey{p, r.Code}, r, s.version(0), equal))
	}
	// Of several lines on one thing only the last is news.
	objects := map[objectKey]store.ObjectRow{}
	for _, r := range s.rows.Objects {
		k := s.object(r.Element, r.Code)
		if v := s.version(r.Line); r.Deleted && v.after(m.deleted[k]) {
			m.deleted[k] = v
		}
		if last, found := objects[k]; !found || r.Line > last.Line {
			objects[k] = r
		}
	}
	repeated += int64(len(s.rows.Objects) - len(objects))
	for k, r := range objects {
		count(m.objects.take(k, r, s.version(r.Line), sameObject))
	}
	mappings := map[mappingKey]store.MappingRow{}
	for _, r := range s.rows.Mappings {
		k := mappingKey{s.object(r.Parent, r.ParentCode), s.object(r.Child, r.ChildCode)}
		if last, found := mappings[k]; !found || r.Line > last.Line {
			mappings[k] = r
		}
	}
	repeated += int64(len(s.rows.Mappings) - len(mappings))
	for k, r := range mappings {
		count(m.mappings.take(k, r, s.version(r.Line), sameMapping))
	}
	m.tell(s.rows.Codes)
	return repeated
}

func equal[R comparable](a, b R) bool { return a == b }

// sameObject compares what was sent, not what it means.
func sameObject(a, b store.ObjectRow) bool {
	return a.Name == b.Name && a.Parent == b.Parent && a.Deleted == b.Deleted && sameProperties(a.Properties, b.Properties)
}

func sameMapping(a, b store.MappingRow) bool {
	return a.Deleted == b.Deleted && sameProperties(a.Properties, b.Properties)
}

func sameProperties(a, b []c3.Property) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

func (m *memory) Note(ctx context.Context, f store.File, r c3.Receipt) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, found := m.files[f.ID]; !found || !was.In() {
		row, faults := store.Noted(f, r)
		m.files[f.ID] = fileKept{row, faults}
	}
	return ctx.Err()
}

func (m *memory) Taken(ctx context.Context, ids [][16]byte) ([]store.FileRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []store.FileRow
	for _, id := range ids {
		if f, found := m.files[id]; found {
			rows = append(rows, f.FileRow)
		}
	}
	return rows, ctx.Err()
}

func (m *memory) Files(ctx context.Context, q store.FileQuery) ([]store.FileRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []store.FileRow
	for f := range maps.Values(m.files) {
		if q.Scope.Sees(f.Province) && (q.Feed == c3.FeedNone || f.Feed == q.Feed) && (q.From == 0 && q.To == 0 || q.From <= f.Day && f.Day <= q.To) &&
			(len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, f.Outcome)) {
			rows = append(rows, f.FileRow)
		}
	}
	slices.SortFunc(rows, func(a, b store.FileRow) int {
		return cmp.Or(cmp.Compare(b.ReceivedMs, a.ReceivedMs), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return rows[:min(len(rows), cmp.Or(q.Limit, 1000))], ctx.Err()
}

func (m *memory) Faults(ctx context.Context, id [16]byte, skip, limit int) ([]c3.Fault, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.files[id].faults
	all = all[min(skip, len(all)):]
	return all[:min(len(all), cmp.Or(limit, len(all)))], ctx.Err()
}
