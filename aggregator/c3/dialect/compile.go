package dialect

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

// MaxProfile is the largest profile in bytes.
const MaxProfile = 1 << 20

// Compile reads a profile. An error lists every mistake found, one a line, each
// with its line in the profile, what is wrong and what to write.
func Compile(text []byte) (*Dialect, error) {
	if len(text) > MaxProfile {
		return nil, fmt.Errorf("the profile is larger than 1 MB")
	}
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	s := &strict{lines: map[string]int{}}
	p := s.profile(root)
	d := &Dialect{Revision: p.Revision, Title: p.Title, Notes: p.Notes}
	if p.Version != 1 {
		s.at("version", "%d; this program reads version: 1", p.Version)
	}
	if p.Revision < 1 {
		s.at("revision", "%d; count from 1 and add 1 with every change", p.Revision)
	}
	if p.Province != "" {
		if d.Province, err = aggregator.ParseProvince(p.Province); err != nil {
			s.at("province", "%q is no province; write the first two digits of its administrative code in quotes, as \"33\"", p.Province)
		}
	}
	if len(p.Feeds) == 0 && len(s.faults) == 0 {
		s.at("feeds", "there is none; list at least one, as - feed: subscribers")
	}
	for i := range p.Feeds {
		c := &compiler{strict: s, path: fmt.Sprintf("feeds[%d]", i), spec: p.Feeds[i]}
		d.Feeds = append(d.Feeds, c.feed(d.Province))
	}
	if len(s.faults) == 0 {
		s.ambiguous(d)
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return d, nil
}

// profile decodes the document: each feed over the defaults.
func (s *strict) profile(root *yaml.Node) profile {
	var p profile
	if !s.is(root, yaml.MappingNode, "profile", "a list of key: value, as version: 1") {
		return p
	}
	names, index := keysOf(reflect.TypeOf(p))
	names = append(names, "defaults", "feeds")
	var defaults, feeds *yaml.Node
	for key, val := range s.pairs(root, "profile") {
		s.lines[key] = val.Line
		i, ok := index[key]
		switch {
		case key == "defaults":
			defaults = val
		case key == "feeds":
			feeds = val
		case ok:
			s.value(val, reflect.ValueOf(&p).Elem().Field(i), key)
		default:
			s.add(val.Line, "%s: there is no such key; allowed here: %s", key, strings.Join(names, ", "))
		}
	}
	if defaults != nil { // once alone, so that its faults are told once
		one := newFeedSpec()
		s.value(defaults, reflect.ValueOf(&one).Elem(), "defaults")
	}
	if feeds == nil || !s.is(feeds, yaml.SequenceNode, "feeds", "a list, each feed beginning with - feed: subscribers (or changes, orders, products)") {
		return p
	}
	if len(feeds.Content) > 64 {
		s.at("feeds", "more than 64")
		return p
	}
	for i, n := range feeds.Content {
		one := newFeedSpec()
		if defaults != nil {
			quiet := &strict{lines: map[string]int{}}
			quiet.value(defaults, reflect.ValueOf(&one).Elem(), fmt.Sprintf("feeds[%d]", i))
			for path, line := range quiet.lines {
				s.lines[path] = line
			}
		}
		s.value(n, reflect.ValueOf(&one).Elem(), fmt.Sprintf("feeds[%d]", i))
		p.Feeds = append(p.Feeds, one)
	}
	return p
}

// ambiguous finds feeds that would take each other's files.
func (s *strict) ambiguous(d *Dialect) {
	for i, f := range d.Feeds {
		about := NewParts()
		about.Day, about.HasDay, about.Seq, about.Rows, about.Bytes = 20000, true, 1, 1, 1
		about.Texts = map[string]string{}
		for _, p := range f.name.parts {
			about.Texts[p.name] = strings.Repeat("0", max(p.width, 1))
		}
		name, err := f.FileName(about)
		if err != nil {
			s.at(fmt.Sprintf("feeds[%d].name", i), "no name can be made of it: %v", err)
			continue
		}
		for j, g := range d.Feeds {
			if _, ok := g.match(name); ok && i != j {
				s.at(fmt.Sprintf("feeds[%d].name", j), "also takes the files of feeds[%d], as %s; write something into the name that tells them apart", i, name)
			}
		}
	}
}

// compiler turns one feed's specification into a Feed.
type compiler struct {
	*strict
	path string
	spec feedSpec
}

func (c *compiler) bad(key, format string, args ...any) { c.at(c.path+"."+key, format, args...) }

func (c *compiler) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.bad(key, "%q; allowed %s", value, strings.Join(allowed, ", "))
	}
}

func (c *compiler) feed(p aggregator.Province) *Feed {
	spec := &c.spec
	f := &Feed{province: p}
	if i := slices.Index(feedWords, spec.Feed); i >= int(c3.FeedSubscribers) {
		f.Kind = c3.Feed(i)
	} else {
		c.bad("feed", "%q; allowed subscribers, changes, orders, products", spec.Feed)
		return f
	}
	if spec.Content == "" {
		spec.Content = "incremental"
		if f.Kind == c3.FeedSubscribers || f.Kind == c3.FeedProducts {
			spec.Content = "full"
		}
	}
	c.oneOf("content", spec.Content, "full", "incremental")
	f.Full = spec.Content == "full"
	f.name = c.pattern("name", spec.Name)
	if spec.Name == "" {
		c.bad("name", "missing; write how files are called, as USER_{day:yyyyMMdd}.txt")
	}
	for key := range spec.Parts {
		if key != "spid" && key != "province" {
			c.bad("parts."+key, "only spid and province can be fixed")
		}
	}
	var err error
	if f.Expect, err = parseExpect(spec.Expect, spec.Grace); err != nil {
		c.bad("expect", "%v", err)
	}
	c.file(f)
	c.values(f, p)
	c.takers(f)
	c.day(f)
	c.guards(f)
	c.companions(f)
	f.spec = *spec
	return f
}

func (c *compiler) pattern(key, text string) *pattern {
	p, err := parsePattern(text)
	if err != nil {
		c.bad(key, "%v", err)
		p, _ = parsePattern("")
	}
	return p
}

// file compiles how a file is cut into records.
func (c *compiler) file(f *Feed) {
	spec := &c.spec
	charset, err := delimited.ParseCharset(spec.Charset)
	if err != nil {
		c.bad("charset", "%v", err)
	}
	c.oneOf("bom", spec.BOM, "allowed", "required", "forbidden")
	if charset == delimited.GBK && spec.BOM == "required" {
		c.bad("bom", "gbk has no byte order mark; write forbidden or allowed")
	}
	c.oneOf("width_unit", spec.WidthUnit, "bytes", "characters")
	c.oneOf("quoting", spec.Quoting, "none", "csv")
	c.oneOf("trim", spec.Trim, "space", "none")
	for key, v := range map[string]*string{"delimiter": &spec.Delimiter, "end": &spec.End, "trailer": &spec.Trailer, "header": &spec.Header.line, "manifest.line": &spec.Manifest.Line} {
		if *v, err = unescape(*v); err != nil {
			c.bad(key, "%v", err)
		}
	}
	f.config = delimited.Config{Charset: charset, Delimiter: spec.Delimiter, Widths: spec.Widths, Characters: spec.WidthUnit == "characters",
		End: spec.End, Quoted: spec.Quoting == "csv", MaxField: spec.MaxField, MaxRecord: spec.MaxRecord}
	if err := f.config.Check(); err != nil {
		c.bad("delimiter", "%v", err)
	}
	if spec.MaxRecord > 16<<20 {
		c.bad("max_record", "%d; allowed up to 16777216, 16 MB", spec.MaxRecord)
	}
	if spec.Delimiter == "" && len(spec.Widths) == 0 {
		c.bad("delimiter", "missing; write what stands between fields, as \"|\" or \"\\t\", or the widths of fixed columns")
	}
	if spec.Tail && spec.Delimiter == "" {
		c.bad("tail", "a record can only end with a delimiter if there is one")
	}
	if strings.HasPrefix(spec.Header.kind, "line") {
		f.header = c.pattern("header", spec.Header.line)
		c.lineParts("header", f.header)
	}
	if spec.Trailer != "" {
		f.trailer = c.pattern("trailer", spec.Trailer)
		c.lineParts("trailer", f.trailer)
		if f.trailer.prefix() == "" {
			c.bad("trailer", "must begin with a fixed text that tells it from a record, as TOTAL|{rows}")
		}
	}
	f.names, f.count = spec.Fields.names, spec.Fields.count
	if n := len(spec.Widths); n > 0 {
		if f.count != 0 && f.count != n {
			c.bad("fields", "%d fields, but %d widths", f.count, n)
		}
		f.count = n
	}
	if f.count == 0 && !c.named() {
		c.bad("fields", "missing; without a header of names, write how many fields a record has, as fields: 12, or list their names")
	}
}

// lineParts refuses parts that make no sense within a file.
func (c *compiler) lineParts(key string, p *pattern) {
	for _, q := range p.parts {
		if q.name == "md5" || q.name == "sha1" || q.name == "sha256" || q.name == "bytes" {
			c.bad(key, "{%s} of a file cannot be in the file; write {any}", q.name)
		}
	}
}

// named is whether the file itself has a line with the names of its columns.
func (c *compiler) named() bool { return strings.HasSuffix(c.spec.Header.kind, "names") }

// values compiles how fields are read.
func (c *compiler) values(f *Feed, p aggregator.Province) {
	spec := &c.spec
	zone, err := parseZone(spec.Time.Zone)
	if err != nil {
		c.bad("time.zone", "%v", err)
	}
	c.oneOf("time.z", spec.Time.Z, "", "local", "utc")
	for i, text := range spec.Time.Formats {
		k, err := parseClock(text, zone, spec.Time.Z)
		if err != nil {
			c.bad(fmt.Sprintf("time.formats[%d]", i), "%v", err)
			continue
		}
		f.clocks = append(f.clocks, k)
	}
	c.oneOf("money.unit", spec.Money.Unit, "", "fen", "yuan")
	c.oneOf("share", spec.Share, "percent", "ratio", "bp")
	c.oneOf("account.case", spec.Account.Case, "keep", "lower", "upper")
	if len(spec.Account.Add) > 64 {
		c.bad("account.add", "longer than 64 bytes")
	}
	f.codes = map[string]*codeMap{}
	for name, pairs := range spec.Codes {
		if name == "city" {
			continue
		}
		if vocabularies[name] == nil {
			c.bad("codes."+name, "there is no such vocabulary; allowed state, reason, op, order, type, pay, city")
			continue
		}
		f.codes[name] = compileCodes(name, pairs, func(code, text string) { c.bad("codes."+name+"."+code, "%s", text) })
	}
	if len(spec.City.By) > 0 || len(spec.Codes["city"]) > 0 {
		f.cities = compileCities(p, spec.City, spec.Codes["city"], func(key, text string) { c.bad(key, "%s", text) })
	}
}

// takers compiles the mapping of columns.
func (c *compiler) takers(f *Feed) {
	f.takers = append(f.takers, c.taker(f, f.Kind, "columns", c.spec.Columns))
	if also := c.spec.Also; also != nil {
		i := slices.Index(feedWords, also.Feed)
		if i < int(c3.FeedSubscribers) || c3.Feed(i) == f.Kind {
			c.bad("also.feed", "%q; allowed subscribers, changes, orders, products, but not what feed is", also.Feed)
			return
		}
		f.Also = c3.Feed(i)
		f.takers = append(f.takers, c.taker(f, f.Also, "also.columns", also.Columns))
	}
	if c.named() && f.names == nil { // what a file that we write has
		for _, t := range f.takers {
			for _, fd := range t.order {
				for _, ref := range t.columns[fd].refs() {
					if !slices.Contains(f.names, ref) {
						f.names = append(f.names, ref)
					}
				}
			}
		}
	}
}

// refs are the columns that are written.
func (c *columnSpec) refs() []string {
	if c.Join != nil {
		return c.Join
	}
	return c.From[:min(1, len(c.From))]
}

func (c *compiler) taker(f *Feed, feed c3.Feed, key string, columns columnsSpec) *taker {
	t := &taker{feed: feed, kind: kinds[feed]}
	for _, name := range columns.order {
		fd, ok := t.kind.field(name)
		if !ok {
			c.bad(key+"."+name, "there is no such field of %s; allowed: %s", feedWords[feed], t.kind.names())
			continue
		}
		col := columns.spec[name]
		t.columns[fd] = &col
		t.order = append(t.order, fd)
		c.column(f, key+"."+name, feed, fd, &col)
	}
	for _, fd := range t.kind.required {
		if t.columns[fd] == nil {
			c.bad(key, "%s is missing; say which column has it, or a const", fieldNames[fd])
		}
	}
	return t
}

func (c *compiler) column(f *Feed, key string, feed c3.Feed, fd field, col *columnSpec) {
	for _, ref := range append(slices.Clone(col.From), col.Join...) {
		if n, ok := column(ref, f.names); !ok {
			switch {
			case c.named() && f.names == nil: // a name in the header
			case c.named():
				c.bad(key, "%q is none of fields", ref)
			default:
				c.bad(key, "%q is no column; write its number from 1, or list the names of all under fields", ref)
			}
		} else if f.count > 0 && n > f.count {
			c.bad(key, "column %d of %d", n, f.count)
		}
	}
	if len(col.From) > 1 && !c.named() {
		c.bad(key, "several candidates need a header with names to choose by; keep one")
	}
	if len(col.Join) > 0 && !isTime(fd) {
		c.bad(key, "join is for times only, as [DATE, TIME]")
	}
	if isTime(fd) && len(f.clocks) == 0 {
		c.bad("time.formats", "missing; %s needs to know how times are written, as [yyyyMMddHHmmss, yyyyMMdd]", fieldNames[fd])
	}
	if (fd == fAmount || fd == fPrice) && c.spec.Money.Unit == "" {
		c.bad("money", "missing; %s needs to know whether amounts are in fen or yuan", fieldNames[fd])
	}
	if fd == fCity && f.cities == nil {
		c.bad("city.by", "missing; city needs to know how cities are written: %s", strings.Join(cityWays, ", "))
	}
	words := vocabulary(feed, fd)
	if words != "" && f.codes[words] == nil {
		c.bad("codes", "%s is missing; %s needs to know what its codes mean, as %s: {\"1\": %s}", words, fieldNames[fd], words, vocabularies[words][2])
	}
	for _, fixed := range []*string{col.Const, col.Default} {
		if fixed != nil && words != "" && f.codes[words] != nil {
			if _, ok := f.codes[words].find([]byte(*fixed)); !ok {
				c.bad(key, "%q is none of the codes in codes.%s", *fixed, words)
			}
		}
	}
}

// column is the number of a column, from 1. false: it cannot be told yet; then n
// is 0 for a name.
func column(ref string, names []string) (n int, ok bool) {
	if i := slices.Index(names, ref); i >= 0 {
		return i + 1, true
	}
	n, err := strconv.Atoi(ref)
	if err != nil || n < 1 || n > delimited.MaxFields {
		return 0, false
	}
	return n, true
}

// day compiles where the day of a file is found.
func (c *compiler) day(f *Feed) {
	in := map[string]bool{
		"name":    f.name.has("day") || f.name.has("time"),
		"header":  f.header.has("day") || f.header.has("time"),
		"trailer": f.trailer.has("day") || f.trailer.has("time"),
		"column":  len(f.takers) > 0 && f.takers[0].columns[fDay] != nil,
		"none":    true,
	}
	d := &c.spec.Day
	if d.From == "" {
		for _, from := range []string{"none", "column", "trailer", "header", "name"} {
			if in[from] {
				d.From = from
			}
		}
	}
	c.oneOf("day.from", d.From, "name", "header", "trailer", "column", "none")
	if there, known := in[d.From]; known && !there {
		c.bad("day.from", "there is no day in the %s; write {day:yyyyMMdd} into its form, or map the column day", d.From)
	}
	if f.Full && f.Kind == c3.FeedSubscribers && d.From == "none" {
		c.bad("day", "a full file of subscribers needs a day; write {day:yyyyMMdd} into its name, or say day: {from: ...}")
	}
	if d.Shift < -366 || d.Shift > 366 {
		c.bad("day.shift", "%d days; allowed -366 to 366", d.Shift)
	}
}

func (c *compiler) guards(f *Feed) {
	g := c.spec.Guards
	if g.MaxShrink < 0 || g.MaxShrink > 100 || g.MaxBad < 0 || g.MaxBad > 100 {
		c.bad("guards", "percentages lie between 0 and 100")
	}
	if g.MinRows < 0 {
		g.MinRows = 0
		if f.Full {
			g.MinRows = 1
		}
	}
	f.Guards = Guards{g.MaxShrink, g.MaxBad, int64(g.MinRows)}
}

// companions compiles manifest and receipt.
func (c *compiler) companions(f *Feed) {
	m := c.spec.Manifest
	c.oneOf("manifest.kind", m.Kind, "none", "chk", "verf")
	if m.Kind != "none" {
		f.Manifest = m.Kind
		f.manifest = &manifestForm{name: c.pattern("manifest.name", m.Name), line: c.pattern("manifest.line", m.Line), charset: f.config.Charset}
		if !f.manifest.name.has("name") && !f.manifest.name.has("stem") && !f.manifest.name.has("day") && !f.manifest.name.has("time") {
			c.bad("manifest.name", "%q; write it as {name}.verf, {stem}.verf, or with {day:yyyyMMdd}", m.Name)
		}
		if !f.manifest.line.has("name") && !f.manifest.name.has("name") && !f.manifest.name.has("stem") {
			c.bad("manifest.line", "neither the line nor the manifest's name says which file it is about; add {name}")
		}
		if !slices.ContainsFunc([]string{"rows", "bytes", "md5", "sha1", "sha256"}, f.manifest.line.has) {
			c.bad("manifest.line", "%q promises nothing; add {bytes}, {rows} or {md5}", m.Line)
		}
	} else if m.Name != "" || m.Line != "" {
		c.bad("manifest.kind", "missing; allowed chk, verf")
	}
	r := c.spec.Receipt
	c.oneOf("receipt.style", r.Style, "none", "csv", "rsp")
	if r.Style == "none" {
		return
	}
	f.Receipt = r.Style
	if r.Name == "" {
		r.Name = map[string]string{"csv": "{name}.receipt.csv", "rsp": "{stem}.rsp"}[r.Style]
	}
	f.receipt = c.pattern("receipt.name", r.Name)
	if r.Name != "" && !f.receipt.has("name") && !f.receipt.has("stem") {
		c.bad("receipt.name", "%q; write it as {name}.receipt.csv or {stem}.rsp", r.Name)
	}
}

// unescape reads \t, \n, \r, \\ and \x01 where YAML itself has left them alone.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		if rest[0] != '\\' {
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		r, _, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil || r > 0x7f {
			return "", fmt.Errorf("%q: after a \\ stands t, n, r, \\ or x01", s)
		}
		b.WriteByte(byte(r))
		rest = tail
	}
	return b.String(), nil
}
