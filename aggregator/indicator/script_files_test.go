package indicator_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// numbers finds the number of a word, its place in the list.
func (f *fields) numberOf(name string, words ...string) uint8 {
	text := f.of[name]
	delete(f.of, name)
	i := slices.Index(words, text)
	if i < 0 {
		f.s.fatalf("%s=%s is not one of %v", name, text, words)
	}
	return uint8(i)
}

// moment reads a time of Shanghai; 0 if there is none.
func (f *fields) moment(name string) int64 {
	text := f.of[name]
	delete(f.of, name)
	if text == "" {
		return 0
	}
	return f.s.momentOf(text)
}

func (s *script) momentOf(text string) int64 {
	at, err := time.ParseInLocation("2006-01-02T15:04:05", text, aggregator.Shanghai)
	if err != nil {
		s.fatalf("%v", err)
	}
	return at.UnixMilli()
}

// text takes a text as it is.
func (f *fields) text(name string) string {
	text := f.of[name]
	delete(f.of, name)
	return text
}

// person is the key of an account.
func (f *fields) person(name string) uint64 {
	text := f.of[name]
	delete(f.of, name)
	return aggregator.TextKey(text)
}

// file adds a row to a file.
func (s *script) file(kind string, words []string) {
	f := fields{s: s, of: map[string]string{}}
	at := int64(0)
	file := store.File{Feed: map[string]c3.Feed{"full": c3.FeedSubscribers, "change": c3.FeedChanges, "bill": c3.FeedOrders, "title": c3.FeedCatalogue, "product": c3.FeedProducts, "schedule": c3.FeedCatalogue}[kind]}
	var err error
	switch kind {
	case "full":
		if file.Day, err = aggregator.ParseDay(words[0]); err != nil {
			s.fatalf("%v", err)
		}
		words = words[1:]
	case "change", "bill":
		at = s.momentOf(words[0])
		file.Day, words = aggregator.DayOf(at), words[1:]
	}
	if file.Province, err = aggregator.ParseProvince(words[0]); err != nil {
		s.fatalf("%v", err)
	}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			s.fatalf("%q is not name=value", w)
		}
		f.of[name] = value
	}
	if s.files == nil {
		s.files = map[store.File]*store.FeedRows{}
	}
	rows := s.files[file]
	if rows == nil {
		rows = &store.FeedRows{}
		s.files[file] = rows
	}
	codes := len(s.block.Codes)
	switch kind {
	case "full":
		rows.Subscribers = append(rows.Subscribers, store.SubscriberRow{Line: int64(len(rows.Subscribers) + 1), Account: f.person("account"),
			State: c3.State(f.numberOf("state", "", "pre", "active", "suspended", "cancelled")), City: aggregator.City(f.number("city", 0)), OpenMs: f.moment("open")})
	case "change":
		rows.Changes = append(rows.Changes, store.ChangeRow{Line: int64(len(rows.Changes) + 1), Account: f.person("account"), AtMs: at,
			Op:  c3.Op(f.numberOf("op", "", "open", "suspend", "resume", "cancel", "change_no", "move_in", "move_out", "change_stb", "change_plan", "change_city")),
			Old: f.person("old"), City: aggregator.City(f.number("city", 0))})
	case "bill":
		rows.Orders = append(rows.Orders, store.OrderRow{Line: int64(len(rows.Orders) + 1), ID: f.person("id"), Account: f.person("account"), AtMs: at,
			Op: c3.OrderOp(f.numberOf("op", "", "sub", "renew", "unsub", "single", "refund")), Product: f.code("product"), Provider: f.code("provider"),
			ToMs: f.moment("to"), Fen: f.number("fen", 0), Pay: c3.Pay(f.numberOf("pay", "", "bill", "wechat", "alipay", "points"))})
	case "product":
		rows.Products = append(rows.Products, store.ProductRow{Line: int64(len(rows.Products) + 1), Code: f.code("code"), Name: f.code("name"),
			Type: c3.ProductType(f.numberOf("type", "", "base", "month", "year", "single", "season", "app")), Provider: f.code("provider"), ShareBP: int32(f.number("share_bp", 0))})
	case "schedule":
		code, name, start := f.code("code"), f.code("name"), time.UnixMilli(f.moment("from")).In(aggregator.Shanghai)
		rows.Objects = append(rows.Objects, store.ObjectRow{Line: int64(len(rows.Objects) + 1), Element: c3.ElementSchedule, Code: code, Name: name,
			Deleted: f.number("gone", 0) == 1, Normal: store.Normal{Genre: f.code("genre")}, Properties: []c3.Property{
				{Name: "ChannelCode", Value: f.text("channel")}, {Name: "ProgramCode", Value: f.text("programme")},
				{Name: "StartDate", Value: start.Format("20060102")}, {Name: "StartTime", Value: start.Format("150405")},
				{Name: "Duration", Value: time.Time{}.Add(time.Duration(f.number("minutes", 0)) * time.Minute).Format("150405")}}})
	case "title":
		element := []c3.Element{c3.ElementProgram, c3.ElementSeries, c3.ElementChannel, c3.ElementPackage}[f.numberOf("element", "program", "series", "channel", "package")]
		code := f.code("code")
		rows.Objects = append(rows.Objects, store.ObjectRow{Line: int64(len(rows.Objects) + 1), Element: element, Code: code, Name: f.code("name"),
			Normal: store.Normal{Genre: f.code("genre"), Place: f.code("place"), Provider: f.code("maker"), DurationS: int32(f.number("seconds", 0))}})
		if series := f.code("series"); series != 0 {
			rows.Mappings = append(rows.Mappings, store.MappingRow{Line: int64(len(rows.Mappings) + 1000), Parent: c3.ElementSeries, ParentCode: series, Child: element, ChildCode: code})
		}
		for _, pack := range strings.FieldsFunc(f.text("packages"), func(r rune) bool { return r == ',' }) {
			rows.Mappings = append(rows.Mappings, store.MappingRow{Line: int64(len(rows.Mappings) + 1000), Parent: c3.ElementPackage, ParentCode: aggregator.TextKey(pack), Child: element, ChildCode: code})
		}
	}
	rows.Codes = append(rows.Codes, s.block.Codes[codes:]...)
	for name := range f.of {
		s.fatalf("%s has no %q", kind, name)
	}
}

// takeFiles has the store take in what was collected.
func (s *script) takeFiles() {
	ctx := context.Background()
	var files []store.File
	for f := range s.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b store.File) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Province, b.Province))
	})
	for _, f := range files {
		rows := s.files[f]
		s.taken++
		f.ID[0], f.VersionMs, f.Name = s.taken, int64(s.taken), "script"
		stage, err := s.st.Stage(ctx, f)
		if err != nil {
			s.fatalf("%v", err)
		}
		if err := stage.Add(ctx, rows); err != nil {
			s.fatalf("%v", err)
		}
		n := len(rows.Subscribers) + len(rows.Changes) + len(rows.Orders) + len(rows.Products) + len(rows.Objects) + len(rows.Mappings)
		row, err := stage.Commit(ctx, store.Verdict{Records: int64(n), MaxShrink: 100, DoneMs: 1})
		if err != nil || row.Outcome != c3.OutcomeAccepted {
			s.fatalf("%+v, %v", row, err)
		}
	}
	s.files = nil
}
