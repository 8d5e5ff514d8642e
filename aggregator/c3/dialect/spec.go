package dialect

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// profile is a dialect as it is written down. DESIGN.md explains every key.
type profile struct {
	Version  int    `yaml:"version"`  // of this notation: 1
	Revision int    `yaml:"revision"` // of the province's profile, counted up by hand
	Province string `yaml:"province"`
	Title    string `yaml:"title"`
	Notes    string `yaml:"notes"`
	// Feeds are decoded one by one, each over what stands under defaults.
	Feeds []feedSpec
}

type feedSpec struct {
	Feed    string            `yaml:"feed"`
	Name    string            `yaml:"name"`
	Parts   map[string]string `yaml:"parts"`   // values that parts of the name must have
	Content string            `yaml:"content"` // full | incremental
	Day     daySpec           `yaml:"day"`
	Expect  string            `yaml:"expect"`
	Grace   string            `yaml:"grace"`

	Charset   string     `yaml:"charset"`
	BOM       string     `yaml:"bom"`
	Delimiter string     `yaml:"delimiter"`
	Widths    []int      `yaml:"widths"`
	WidthUnit string     `yaml:"width_unit"`
	End       string     `yaml:"end"`
	Quoting   string     `yaml:"quoting"`
	Header    headerSpec `yaml:"header"`
	Trailer   string     `yaml:"trailer"`
	Fields    fieldsSpec `yaml:"fields"`
	Tail      bool       `yaml:"tail"` // a record ends with a delimiter
	MaxField  int        `yaml:"max_field"`
	MaxRecord int        `yaml:"max_record"`

	Columns columnsSpec `yaml:"columns"`
	Also    *alsoSpec   `yaml:"also"`
	Trim    string      `yaml:"trim"`
	Empty   []string    `yaml:"empty"`
	Time    timeSpec    `yaml:"time"`
	Money   moneySpec   `yaml:"money"`
	Share   string      `yaml:"share"`
	Codes   codesSpec   `yaml:"codes"`
	City    citySpec    `yaml:"city"`
	Account accountSpec `yaml:"account"`

	Guards   guardSpec    `yaml:"guards"`
	Manifest manifestSpec `yaml:"manifest"`
	Receipt  receiptSpec  `yaml:"receipt"`
}

// newFeedSpec has what holds where a profile says nothing.
func newFeedSpec() feedSpec {
	return feedSpec{
		Charset: "utf-8", BOM: "allowed", WidthUnit: "bytes", Quoting: "none", Trim: "space",
		Header: headerSpec{kind: "none"},
		Time:   timeSpec{Zone: "Asia/Shanghai"}, Share: "percent",
		City: citySpec{Unknown: "fault"}, Account: accountSpec{Case: "keep"},
		Guards: guardSpec{MaxShrink: 10, MaxBad: 5, MinRows: -1}, Grace: "0m",
		Manifest: manifestSpec{Kind: "none"}, Receipt: receiptSpec{Style: "none"},
	}
}

type daySpec struct {
	From  string `yaml:"from"`  // name | header | trailer | column | none
	Shift int    `yaml:"shift"` // days to add: -1 if a file of the 3rd shows the end of the 2nd
}

type timeSpec struct {
	Formats []string `yaml:"formats"`
	Zone    string   `yaml:"zone"`
	Z       string   `yaml:"z"` // what a Z in a format means: local | utc
}

type moneySpec struct {
	Unit           string `yaml:"unit"` // fen | yuan
	NegativeRefund bool   `yaml:"negative_refund"`
}

func (m *moneySpec) decode(s *strict, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		m.Unit = n.Value
		return
	}
	type plain moneySpec
	decodePlain(s, n, (*plain)(m), path)
}

type citySpec struct {
	By      []string `yaml:"by"` // code4, code6, name, area, map
	Unknown string   `yaml:"unknown"`
}

type accountSpec struct {
	Case  string   `yaml:"case"`
	Strip []string `yaml:"strip"`
	Add   string   `yaml:"add"`
}

type guardSpec struct {
	MaxShrink float64 `yaml:"max_shrink_percent"`
	MaxBad    float64 `yaml:"max_bad_percent"`
	MinRows   int     `yaml:"min_rows"`
}

type manifestSpec struct {
	Kind string `yaml:"kind"` // none | chk | verf
	Name string `yaml:"name"`
	Line string `yaml:"line"`
}

type receiptSpec struct {
	Style string `yaml:"style"` // none | csv | rsp
	Name  string `yaml:"name"`
}

type alsoSpec struct {
	Feed    string      `yaml:"feed"`
	Columns columnsSpec `yaml:"columns"`
}

// headerSpec is none, names, {skip: 2} or {line: "HEAD|{rows}"}.
type headerSpec struct {
	kind string // none | names | skip | line
	skip int
	line string
}

func (h *headerSpec) decode(s *strict, n *yaml.Node, path string) {
	const want = `allowed none, names, {skip: 2} for lines to pass over, {line: "HEAD|{rows}"} for one line of that form, and {line: ..., names: true} if one with names follows`
	*h = headerSpec{}
	if n.Kind == yaml.ScalarNode {
		h.kind = n.Value
		if n.Value != "none" && n.Value != "names" {
			s.at(path, "%q; %s", n.Value, want)
		}
		return
	}
	var m struct {
		Skip  int    `yaml:"skip"`
		Line  string `yaml:"line"`
		Names bool   `yaml:"names"`
	}
	decodePlain(s, n, &m, path)
	switch {
	case m.Skip < 0 || m.Skip > 1000 || m.Skip > 0 && m.Line != "" || m.Skip == 0 && m.Line == "":
		s.at(path, "%s", want)
	case m.Skip > 0:
		h.kind, h.skip = "skip", m.Skip
	default:
		h.kind, h.line = "line", m.Line
	}
	if m.Names {
		h.kind += " names"
	}
}

// fieldsSpec is how many fields a record has, or what they are called.
type fieldsSpec struct {
	count int
	names []string
}

func (f *fieldsSpec) decode(s *strict, n *yaml.Node, path string) {
	*f = fieldsSpec{}
	if n.Kind == yaml.ScalarNode {
		count, err := strconv.Atoi(n.Value)
		if err != nil || count < 1 || count > 1000 {
			s.at(path, "%q; write how many fields a record has, as 12, or list their names", n.Value)
			return
		}
		f.count = count
		return
	}
	if !s.is(n, yaml.SequenceNode, path, "the number of fields of a record, or a list of their names") {
		return
	}
	seen := map[string]bool{}
	for _, e := range n.Content {
		if e.Kind != yaml.ScalarNode || e.Value == "" || seen[e.Value] {
			s.add(e.Line, "%s: %q comes twice or is no name; every field needs a name of its own", path, e.Value)
			continue
		}
		seen[e.Value] = true
		f.names = append(f.names, e.Value)
	}
	f.count = len(f.names)
}

// columnSpec is a name or number of a column, a list of candidates, or a
// mapping.
type columnSpec struct {
	From    []string `yaml:"from"`
	Join    []string `yaml:"join"`
	Const   *string  `yaml:"const"`
	Default *string  `yaml:"default"`
	Empty   []string `yaml:"empty"`
}

func (c *columnSpec) decode(s *strict, n *yaml.Node, path string) {
	*c = columnSpec{}
	if n.Kind != yaml.MappingNode {
		s.lists(n, &c.From, path)
		return
	}
	type plain columnSpec
	decodePlain(s, n, (*plain)(c), path)
	given := 0
	for _, there := range []bool{c.From != nil, c.Join != nil, c.Const != nil} {
		if there {
			given++
		}
	}
	if given != 1 {
		s.at(path, "needs one of from (a column), join (several columns one after the other), const (a fixed value)")
	}
}

// columnsSpec is the mapping of canonical fields, in the order of the profile.
type columnsSpec struct {
	order []string
	spec  map[string]columnSpec
}

func (c *columnsSpec) decode(s *strict, n *yaml.Node, path string) {
	if !s.is(n, yaml.MappingNode, path, "a list of field: column") {
		return
	}
	all := map[string]columnSpec{}
	for key, val := range c.spec {
		all[key] = val
	}
	c.spec = all
	for key, val := range s.pairs(n, path) {
		var one columnSpec
		s.lines[path+"."+key] = val.Line
		if val.Kind == yaml.AliasNode {
			s.at(path+"."+key, "anchors and aliases are not read here")
			continue
		}
		one.decode(s, val, path+"."+key)
		if _, there := c.spec[key]; !there {
			c.order = append(c.order[:len(c.order):len(c.order)], key)
		}
		c.spec[key] = one
	}
}

// codesSpec has for each vocabulary the source's codes in the order of the
// profile.
type codesSpec map[string][]codePair

type codePair struct{ code, word string }

func (c *codesSpec) decode(s *strict, n *yaml.Node, path string) {
	if !s.is(n, yaml.MappingNode, path, "a list of vocabularies, as state: {\"1\": active}") {
		return
	}
	all := codesSpec{}
	for key, val := range *c {
		all[key] = val
	}
	*c = all
	for vocabulary, list := range s.pairs(n, path) {
		sub := path + "." + vocabulary
		s.lines[sub] = list.Line
		if !s.is(list, yaml.MappingNode, sub, "a list of code: word, as {\"1\": active}") {
			continue
		}
		var pairs []codePair
		for code, word := range s.pairs(list, sub) {
			s.lines[sub+"."+code] = word.Line
			if s.is(word, yaml.ScalarNode, sub+"."+code, "one word") {
				pairs = append(pairs, codePair{code, word.Value})
			}
		}
		all[vocabulary] = pairs
	}
}
