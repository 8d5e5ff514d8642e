package indicator_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// The scripts in testdata are examples that a business person can read and
// write. A line is one of
//
//	load 2026-05-03T19:05:00 33 3301 box=a KIND [account=u] [model=m] name=value ... [times=61 every_ms=500]
//	rules version=2 live=240 night=120 demand=240 episodes=3 minute=60 day=10000 [boxes=a,b] [accounts=u]
//	full 2026-05-03 33 account=a state=active city=3301 [open=TIME]
//	change 2026-05-03T10:00:00 33 account=a op=cancel [old=b]
//	bill 2026-05-03T10:00:00 33 account=a id=o1 product=p provider=cp op=sub pay=bill fen=1990
//	title 33 element=program code=film genre=movie place=CN [series=s] [packages=vip,all]
//	title 33 element=package code=vip name=VIP
//	schedule 33 code=s1 channel=cctv1 name=News from=TIME minutes=30 [programme=film] [genre=news]
//	schedule 33 code=s1 gone=1
//	label genre movie 电影 film        what a dictionary calls a code
//	eval indicator ... by dimension ... from=DAY to=DAY [grain=] [compare=] [align=] [like_for_like=yes] [top=] [totals=yes] [where province=33,43 page!=home] [order=] [limit=] [as 33,43 | as nobody]
//	want CELL ...          a row of the last eval, in order; - is no number
//	want nothing           the last eval has no rows
//	fail TEXT              the last eval is refused with a message that holds TEXT
//	name CELL zh en        the last eval labels CELL so; _ is a space
//	others VALUE ...       a row of what the groups beside the top ones make, in order
//	totals VALUE ...       a row of what all make, in order
//	left INDICATOR CELL,... WHY PERIOD,...   the last eval leaves this out, in order
//
// rules are edit rules, caps in minutes, of which only what is named differs from the
// default; versions VERSION,... compares those that the last eval names.
//
// KIND is power_on, wake, power_off, page, click, view, order, impression, order_page,
// playback, health, running, notice, dropped, outbox_lost or tally; each may say
// clock=unknown|box|ntp|server. Texts are kept as codes, a view's and a
// play's time is its end. What provinces send is one file for each day and kind:
// a full file shows all accounts of which a line with its day speaks.

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for name, open := range stores {
		for _, file := range files {
			t.Run(name+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				runScript(t, open(t), file)
			})
		}
	}
}

type script struct {
	t     *testing.T
	st    store.Store
	where string // file:line
	block store.Block
	files map[store.File]*store.FeedRows // to be taken before the next eval
	taken byte                           // files so far

	labels []store.Label

	answer *indicator.Answer
	err    error
	read   int  // rows already compared
	others int  // and of the others
	totals int  // and of the totals
	gone   int  // rows of what is left out already compared
	open   bool // an eval waits for its end
}

func runScript(t *testing.T, st store.Store, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	s := &script{t: t, st: st}
	evals := 0
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		s.where = fmt.Sprintf("%s:%d", filepath.Base(file), n)
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "load":
			s.load(words[1:])
		case "full", "change", "bill", "title", "product", "schedule":
			s.file(words[0], words[1:])
		case "label":
			s.label(words[1:])
		case "rules":
			s.rules(words[1:])
		case "versions":
			s.versions(words[1:])
		case "eval":
			evals++
			s.eval(words[1:])
		case "want":
			s.want(words[1:])
		case "fail":
			s.fail(strings.Join(words[1:], " "))
		case "name":
			s.name(words[1:])
		case "left":
			s.left(words[1:])
		case "others":
			s.next(s.answer.Others, &s.others, words[1:])
		case "totals":
			s.next(s.answer.Totals, &s.totals, words[1:])
		default:
			t.Fatalf("%s: unknown command %q", s.where, words[0])
		}
	}
	s.end()
	if evals == 0 {
		t.Fatalf("%s asks nothing", file)
	}
}

func (s *script) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf(s.where+": "+format, args...)
}

func (s *script) load(words []string) {
	if len(words) < 5 {
		s.fatalf("load needs time, province, city, box and kind")
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05", words[0], aggregator.Shanghai)
	if err != nil {
		s.fatalf("%v", err)
	}
	f := fields{s: s, of: map[string]string{}}
	for _, w := range append(words[5:], words[3]) {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			s.fatalf("%q is not name=value", w)
		}
		f.of[name] = value
	}
	stamp := store.Stamp{
		Province: aggregator.Province(f.integer(words[1])), City: aggregator.City(f.integer(words[2])),
		Box: aggregator.TextKey("box " + f.of["box"]), Boot: 1, MonoMs: at.UnixMilli() % 1_000_000_000,
		AtMs: at.UnixMilli(), Clock: uint8(protocol.ClockServer),
	}
	if _, ok := f.of["clock"]; ok {
		stamp.Clock = f.word("clock", 4, func(v uint8) string { return protocol.Clock(v).String() })
	}
	delete(f.of, "box")
	stamp.Account = f.person("account")
	if model := f.code("model"); model != 0 {
		s.block.Identities = append(s.block.Identities, store.IdentityRow{IdentityKey: store.IdentityKey{Box: stamp.Box, Serial: uint32(model)},
			Identity: store.Identity{Province: stamp.Province, City: stamp.City, Account: stamp.Account, Model: model}})
	}
	times, every := f.number("times", 1), f.number("every_ms", 0)
	for n := range times {
		again := fields{s: s, of: maps.Clone(f.of)}
		later := stamp
		later.AtMs, later.MonoMs = stamp.AtMs+n*every, stamp.MonoMs+n*every
		again.add(&s.block, words[4], later)
		if n == times-1 {
			f = again
		}
	}
	for name := range f.of {
		s.fatalf("%s has no %q", words[4], name)
	}
}

// fields are the name=value pairs of a load; those taken are gone.
type fields struct {
	s  *script
	of map[string]string
}

func (f *fields) integer(text string) int64 {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.s.fatalf("%v", err)
	}
	return v
}

func (f *fields) number(name string, absent int64) int64 {
	text, ok := f.of[name]
	delete(f.of, name)
	if !ok {
		return absent
	}
	return f.integer(text)
}

func (f *fields) code(name string) uint64 {
	text := f.of[name]
	delete(f.of, name)
	key := aggregator.TextKey(text)
	if key != 0 {
		f.s.block.Codes = append(f.s.block.Codes, store.Code{Key: key, Text: text})
	}
	return key
}

func (f *fields) word(name string, values int, word func(uint8) string) uint8 {
	text := f.of[name]
	delete(f.of, name)
	for v := range values {
		if word(uint8(v)) == text {
			return uint8(v)
		}
	}
	f.s.fatalf("%s=%s is not known", name, text)
	return 0
}

func (f *fields) add(b *store.Block, kind string, at store.Stamp) {
	switch kind {
	case "power_on":
		b.Powers = append(b.Powers, store.Power{Stamp: at, On: true, Cause: uint8(protocol.CauseBoot), Agent: f.code("agent")})
	case "wake":
		b.Powers = append(b.Powers, store.Power{Stamp: at, On: true, Cause: uint8(protocol.CauseWake), Agent: f.code("agent")})
	case "power_off":
		b.Powers = append(b.Powers, store.Power{Stamp: at, Cause: uint8(protocol.CauseStandby)})
	case "page":
		b.PageViews = append(b.PageViews, store.PageView{Stamp: at, Page: f.code("page"), From: f.code("from")})
	case "click":
		b.Clicks = append(b.Clicks, store.Click{Stamp: at, Page: f.code("page"), Area: f.code("area"), Content: f.code("content"),
			Template: f.code("template"), Slot: uint32(f.number("slot", 0)), Trace: uint32(f.number("trace", 0))})
	case "view":
		v := store.View{
			Stamp: at, Mode: f.word("mode", 6, func(v uint8) string { return protocol.Mode(v).String() }),
			Channel: f.code("channel"), Content: f.code("content"),
			DurationMs: f.number("seconds", 0) * 1000, Speed: int32(f.number("speed", 100)), Part: uint32(f.number("part", 0)),
			IdleMs: f.number("idle", 0) * 1000, TV: f.word("tv", 3, func(v uint8) string { return strings.TrimPrefix(protocol.TV(v).String(), "unknown") }),
			LengthMs: f.number("length", 0) * 1000, Trace: uint32(f.number("trace", 0)),
		}
		if _, ok := f.of["from"]; ok {
			v.PositionMs = f.number("from", 0)*1000 + 1
		}
		if _, ok := f.of["end"]; ok {
			v.End = f.word("end", 10, func(v uint8) string { return protocol.End(v).String() })
		}
		b.Views = append(b.Views, v)
	case "order":
		b.Orders = append(b.Orders, store.Order{
			Stamp: at, OrderID: f.code("id"), Product: f.code("product"), Provider: f.code("provider"), Fen: f.number("fen", 0),
			Result: f.word("result", 5, func(v uint8) string { return protocol.Result(v).String() }), Trace: uint32(f.number("trace", 0)),
		})
	case "impression":
		b.Impressions = append(b.Impressions, store.Impression{
			Stamp: at, Page: f.code("page"), Area: f.code("area"), Content: f.code("content"), Template: f.code("template"), Slot: uint32(f.number("slot", 0)),
			Sight: f.word("sight", 3, func(v uint8) string { return protocol.Sight(v).String() }), DurationMs: f.number("ms", 1000),
		})
	case "order_page":
		b.OrderPages = append(b.OrderPages, store.OrderPage{Stamp: at, Page: f.code("page"), Product: f.code("product"), Content: f.code("content")})
	case "playback":
		b.Playbacks = append(b.Playbacks, store.Playback{
			Stamp: at, Mode: f.word("mode", 6, func(v uint8) string { return protocol.Mode(v).String() }), Channel: f.code("channel"), Content: f.code("content"),
			StartMs: f.number("start_ms", 0), Stalls: uint32(f.number("stalls", 0)), StallMs: f.number("stall_ms", 0),
			Errors: uint32(f.number("errors", 0)), Error: f.code("error"),
		})
	case "health":
		b.Healths = append(b.Healths, store.Health{Stamp: at})
	case "running":
		b.Runnings = append(b.Runnings, store.Running{Stamp: at, Version: uint64(f.number("release", 0)), Agent: f.code("agent"),
			State: f.word("state", 11, func(v uint8) string { return strings.TrimPrefix(protocol.ProfileState(v).String(), "unknown") })})
	case "notice":
		b.Notices = append(b.Notices, store.Notice{Stamp: at, Kind: uint8(protocol.ClockSync)})
	case "dropped":
		b.Notices = append(b.Notices, store.Notice{Stamp: at, Kind: uint8(protocol.Dropped), Count: f.number("count", 1),
			Reason: f.word("reason", 7, func(v uint8) string { return protocol.Reason(v).String() })})
	case "outbox_lost":
		b.Notices = append(b.Notices, store.Notice{Stamp: at, Kind: uint8(protocol.OutboxLost), Count: f.number("count", 1)})
	case "tally":
		b.Tallies = append(b.Tallies, store.Tally{Stamp: at, Lost: f.number("lost", 0), Repeated: f.number("repeated", 0)})
	default:
		f.s.fatalf("unknown kind %q", kind)
	}
}

// flush inserts what was loaded and closes all it touched.
func (s *script) flush() {
	insert(s.t, s.st, &s.block)
	s.block = store.Block{}
	s.takeFiles()
	insert(s.t, s.st, &store.Block{}) // what the files left to close
}

func insert(t testing.TB, st store.Store, b *store.Block) {
	t.Helper()
	ctx := context.Background()
	if b.Rows()+len(b.Tallies) > 0 {
		if _, err := rand.Read(b.ID[:]); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Insert(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	for {
		dirty, err := st.Dirty(ctx, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(dirty.Cells) == 0 {
			return
		}
		if err := st.Close(ctx, dirty); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *script) eval(words []string) {
	s.end()
	s.flush()
	var r indicator.Request
	scope := aggregator.Scope{All: true}
	into := "indicators"
	for _, w := range words {
		name, value, pair := strings.Cut(w, "=")
		switch {
		case w == "by" || w == "where" || w == "as":
			into = w
		case into == "as":
			scope = s.scope(w)
		case into == "where" && pair && !slices.Contains([]string{"order", "limit"}, name):
			name, not := strings.CutSuffix(name, "!")
			r.Filters = append(r.Filters, indicator.Filter{Dimension: store.Column(name), In: strings.Split(value, ","), Not: not})
		case pair:
			s.set(&r, name, value)
		case into == "by":
			r.Dimensions = append(r.Dimensions, store.Column(w))
		default:
			r.Indicators = append(r.Indicators, w)
		}
	}
	s.answer, s.err = indicator.Evaluate(context.Background(), s.st, scope, &r)
	s.read, s.others, s.totals, s.gone, s.open = 0, 0, 0, 0, true
}

func (s *script) scope(w string) aggregator.Scope {
	var scope aggregator.Scope
	if w == "nobody" {
		return scope
	}
	for code := range strings.SplitSeq(w, ",") {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			s.fatalf("%v", err)
		}
		scope.Provinces = append(scope.Provinces, p)
	}
	return scope
}

func (s *script) set(r *indicator.Request, name, value string) {
	switch name {
	case "from":
		r.From = value
	case "to":
		r.To = value
	case "grain":
		r.Grain = indicator.Grain(value)
	case "compare":
		r.Compare = indicator.Compare(value)
	case "align":
		r.Align = indicator.Align(value)
	case "like_for_like":
		r.LikeForLike = value == "yes"
	case "order":
		r.Order = value
	case "edit":
		r.Edit = indicator.Edit(value)
	case "limit":
		r.Limit = s.integer(value)
	case "top":
		r.Top = s.integer(value)
	case "totals":
		r.Totals = value == "yes"
	default:
		s.fatalf("eval has no %q", name)
	}
}

func (s *script) integer(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.fatalf("%v", err)
	}
	return n
}

func (s *script) want(words []string) {
	if s.err != nil {
		s.fatalf("refused: %v", s.err)
	}
	if slices.Equal(words, []string{"nothing"}) {
		return // end compares the count
	}
	s.next(s.answer.Rows, &s.read, words)
}

// next compares the next of rows.
func (s *script) next(rows []indicator.Row, read *int, words []string) {
	if s.err != nil {
		s.fatalf("refused: %v", s.err)
	}
	if *read >= len(rows) {
		s.fatalf("only %d rows", len(rows))
	}
	row := rows[*read]
	*read++
	got := append([]string{row.Period}, row.Cells...)
	for i, c := range got {
		if c == "" {
			got[i] = `""`
		}
	}
	for _, v := range row.Values {
		text, err := json.Marshal(v)
		if err != nil {
			s.fatalf("%v", err)
		}
		if !v.Valid() {
			text = []byte("-")
		}
		got = append(got, string(text))
	}
	if !slices.Equal(got, words) {
		s.fatalf("row %d is %v, want %v", *read, got, words)
	}
}

func (s *script) fail(text string) {
	var refusal *aggregator.Error
	if !errors.As(s.err, &refusal) {
		s.fatalf("got %v, want a refusal with %q", s.err, text)
	}
	if !strings.Contains(refusal.Error(), text) {
		s.fatalf("refused with %q, want %q", refusal.Error(), text)
	}
	s.open = false
}

// label has the store call a code so, beside those before.
func (s *script) label(words []string) {
	if len(words) != 4 {
		s.fatalf("label needs dimension, code, zh, en")
	}
	s.labels = append(s.labels, store.Label{Column: store.Column(words[0]), Key: aggregator.TextKey(words[1]), ZH: words[2], EN: words[3]})
	if err := s.st.SetLabels(context.Background(), s.labels); err != nil {
		s.fatalf("%v", err)
	}
}

// rules has the store edit viewing so from now on.
func (s *script) rules(words []string) {
	r := store.DefaultEditRules()
	f := fields{s: s, of: map[string]string{}}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		f.of[name] = value
	}
	if v, ok := f.of["version"]; ok {
		r.Version = v
		delete(f.of, "version")
	}
	r.LiveMs, r.NightLiveMs, r.DemandMs = f.number("live", r.LiveMs/60_000)*60_000, f.number("night", r.NightLiveMs/60_000)*60_000, f.number("demand", r.DemandMs/60_000)*60_000
	r.Episodes = int(f.number("episodes", int64(r.Episodes)))
	r.MinuteRecords, r.DayRecords = f.number("minute", r.MinuteRecords), f.number("day", r.DayRecords)
	for list, into := range map[string]*[]uint64{"boxes": &r.Boxes, "accounts": &r.Accounts} {
		text, ok := f.of[list]
		delete(f.of, list)
		for name := range strings.SplitSeq(text, ",") {
			if list == "boxes" {
				name = "box " + name
			}
			if ok {
				*into = append(*into, aggregator.TextKey(name))
			}
		}
	}
	for name := range f.of {
		s.fatalf("rules have no %q", name)
	}
	if err := s.st.SetEditRules(context.Background(), r); err != nil {
		s.fatalf("%v", err)
	}
}

// versions compares by which rules the last answer says that it is edited, without
// their hashes.
func (s *script) versions(words []string) {
	if s.err != nil {
		s.fatalf("refused: %v", s.err)
	}
	var got []string
	for _, name := range s.answer.EditVersions {
		version, _, _ := strings.Cut(name, "-")
		got = append(got, version)
	}
	if text := cmp.Or(strings.Join(got, ","), string(s.answer.Edit), "nothing"); len(words) != 1 || text != words[0] {
		s.fatalf("the answer is edited by %s, want %v", text, words)
	}
}

func (s *script) name(words []string) {
	if s.err != nil || len(words) != 3 {
		s.fatalf("name needs cell, zh, en after an answer; %v", s.err)
	}
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "_", " ")
	}
	for _, names := range s.answer.Labels {
		if t, ok := names[words[0]]; ok {
			if t.ZH != words[1] || t.EN != words[2] {
				s.fatalf("%s is named %v", words[0], t)
			}
			return
		}
	}
	s.fatalf("%s has no name", words[0])
}

// left compares one thing that is left out, its cells in the order of dimensions.
func (s *script) left(words []string) {
	if s.err != nil {
		s.fatalf("refused: %v", s.err)
	}
	if s.gone >= len(s.answer.LeftOut) {
		s.fatalf("only %d things are left out", len(s.answer.LeftOut))
	}
	l := s.answer.LeftOut[s.gone]
	s.gone++
	var cells []string
	for _, d := range indicator.Dimensions() {
		if c, ok := l.Cells[d.ID]; ok {
			cells = append(cells, c)
		}
	}
	if got := []string{l.Indicator, strings.Join(cells, ","), string(l.Why), strings.Join(l.Periods, ",")}; !slices.Equal(got, words) {
		s.fatalf("left out is %v, want %v", got, words)
	}
}

// end checks that the last eval had no more rows than were wanted.
func (s *script) end() {
	if !s.open {
		return
	}
	s.open = false
	if s.err != nil {
		s.fatalf("the eval before was refused: %v", s.err)
	}
	if s.read != len(s.answer.Rows) {
		s.fatalf("the eval before has %d rows, %d were wanted; the next is %v", len(s.answer.Rows), s.read, s.answer.Rows[s.read])
	}
	if s.others != len(s.answer.Others) || s.totals != len(s.answer.Totals) {
		s.fatalf("the eval before has %d rows of others and %d of totals, %d and %d were wanted", len(s.answer.Others), len(s.answer.Totals), s.others, s.totals)
	}
	if s.gone != len(s.answer.LeftOut) {
		s.fatalf("the eval before leaves out %d things, %d were told; the next is %v", len(s.answer.LeftOut), s.gone, s.answer.LeftOut[s.gone])
	}
}
