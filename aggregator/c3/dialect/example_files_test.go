package dialect_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
	"iptvdc/aggregator/c3/dialect"
)

var update = flag.Bool("update", false, "write what is read into the examples, to be looked through by a person")

// The files in testdata/examples show what a dialect makes of a file:
//
//	dialect NAME        a ready one
//	charset gbk         of what follows; utf-8 if not said
//	file NAME           a file begins; the name says which feed takes it
//	< TEXT              a line of it; \t and \x01 are bytes, \c at the end: no newline
//	> TEXT              what is read: rows, then faults in their order, then the sum
//
// Rows leave out what is empty; times are those of Shanghai.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/examples/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var used []string
	for _, path := range files {
		used = append(used, strings.TrimSuffix(filepath.Base(path), ".txt"))
		t.Run(used[len(used)-1], func(t *testing.T) { example(t, path) })
	}
	for _, name := range dialect.Ready() {
		if !slices.Contains(used, name) {
			t.Errorf("%s has no example", name)
		}
	}
}

func example(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out, want []string
	var d *dialect.Dialect
	charset := delimited.UTF8
	name := ""
	var file []byte
	close := func() {
		if name == "" {
			return
		}
		got := readExample(t, d, name, file)
		if !*update && !slices.Equal(got, want) {
			t.Errorf("%s %s:\n got\n%s\nwant\n%s", path, name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		after := len(out) // comments of the next file
		for after > 0 && (out[after-1] == "" || out[after-1][0] == '#') {
			after--
		}
		next := slices.Clone(out[after:])
		out = out[:after]
		for _, line := range got {
			out = append(out, "> "+line)
		}
		out = append(out, next...)
		name, file, want = "", nil, nil
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case ">":
			want = append(want, rest)
			continue
		case "<":
			file = append(file, exampleBytes(t, charset, rest)...)
		case "dialect":
			d = load(t, rest)
		case "charset":
			if charset, err = delimited.ParseCharset(rest); err != nil {
				t.Fatal(err)
			}
		case "file":
			close()
			name = rest
		case "", "#":
		default:
			t.Fatalf("%s: %q?", path, line)
		}
		out = append(out, line)
	}
	close()
	if *update {
		if err := os.WriteFile(path, []byte(strings.TrimRight(strings.Join(out, "\n"), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// exampleBytes is a line as it lies in a file.
func exampleBytes(t *testing.T, charset delimited.Charset, line string) []byte {
	line, open := strings.CutSuffix(line, `\c`)
	var b []byte
	for rest := line; rest != ""; {
		i := strings.IndexByte(rest, '\\')
		if i < 0 {
			i = len(rest)
		}
		var err error
		if b, err = charset.AppendEncoded(b, []byte(rest[:i])); err != nil {
			t.Fatal(err)
		}
		if rest = rest[i:]; rest != "" {
			r, _, tail, err := strconv.UnquoteChar(rest, 0)
			if err != nil {
				t.Fatal(rest, err)
			}
			b, rest = append(b, byte(r)), tail
		}
	}
	if !open {
		b = append(b, '\n')
	}
	return b
}

func readExample(t *testing.T, d *dialect.Dialect, name string, file []byte) []string {
	f, parts, ok := d.Match(name)
	if !ok {
		return []string{"no feed takes it"}
	}
	var all kept
	sum, err := f.Read(bytes.NewReader(file), &all)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for feed := c3.FeedSubscribers; feed < c3.Feeds; feed++ {
		if all.rows[feed] != nil {
			out = append(out, showRows(all.rows[feed])...)
		}
	}
	for _, x := range all.faults {
		out = append(out, fmt.Sprintf("%d! %s %q: %s (%q)", x.Line, x.Code, x.Field, x.Text, x.Raw))
	}
	s := fmt.Sprintf("records=%d taken=%d faults=%d skipped=%d empty=%d", sum.Records, sum.Taken, sum.Faults, sum.Skipped, sum.Empty)
	if day, ok := f.Day(parts, sum); ok {
		s += " day=" + day.String()
	}
	for _, key := range []string{"city", "mac"} {
		if n := sum.LeftOut[key]; n > 0 {
			s += fmt.Sprintf(" %s left out=%d", key, n)
		}
	}
	if sum.Refused != nil {
		s += fmt.Sprintf(" REFUSED %s: %s", sum.Refused.Code, sum.Refused.Text)
	}
	return append(out, s)
}

func showRows(r *dialect.Rows) []string {
	var out []string
	for i := range r.Lines {
		s := shown{}
		switch r.Feed {
		case c3.FeedSubscribers:
			x := r.Subscribers[i]
			s.add("account", x.Account).add("state", []string{"unknown", "pre", "active", "suspended", "cancelled"}[x.State]).reason(x.Reason).city(x.City).
				time("open", x.OpenMs).time("suspend", x.SuspendMs).time("cancel", x.CancelMs).add("product", x.Product).add("stbid", x.STBID).add("mac", x.MAC).add("net", x.Net)
		case c3.FeedChanges:
			x := r.Changes[i]
			s.add("account", x.Account).add("op", []string{"", "open", "suspend", "resume", "cancel", "change_no", "move_in", "move_out", "change_stb", "change_plan", "change_city"}[x.Op]).
				reason(x.Reason).time("at", x.AtMs).city(x.City).add("old", x.Old).add("new", x.New)
		case c3.FeedOrders:
			x := r.Orders[i]
			s.add("id", x.ID).add("account", x.Account).add("op", []string{"", "sub", "renew", "unsub", "single", "refund"}[x.Op]).add("product", x.Product).add("content", x.Content).add("provider", x.Provider).
				time("at", x.AtMs).time("from", x.FromMs).time("to", x.ToMs).add("fen", strconv.FormatInt(x.Fen, 10)).add("pay", []string{"", "bill", "wechat", "alipay", "points"}[x.Pay]).add("trace", x.Trace)
		case c3.FeedProducts:
			x := r.Products[i]
			s.add("code", x.Code).add("name", x.Name).add("type", []string{"unknown", "base", "month", "year", "single", "season", "app"}[x.Type]).add("fen", strconv.FormatInt(x.Fen, 10)).
				add("provider", x.Provider).add("share", strings.TrimPrefix(strconv.Itoa(int(x.ShareBP)), "0")).time("from", x.FromMs).time("to", x.ToMs)
		}
		out = append(out, fmt.Sprintf("%d: %s%s", r.Lines[i], []string{"", "", "subscriber", "change", "order", "product"}[r.Feed], s.text))
	}
	return out
}

type shown struct{ text string }

func (s *shown) add(key, v string) *shown {
	if v != "" {
		s.text += " " + key + "=" + v
	}
	return s
}

func (s *shown) time(key string, ms int64) *shown {
	if ms == 0 {
		return s
	}
	return s.add(key, time.UnixMilli(ms).In(aggregator.Shanghai).Format("2006-01-02T15:04:05"))
}

func (s *shown) city(c aggregator.City) *shown {
	if c == 0 {
		return s
	}
	return s.add("city", c.String())
}

func (s *shown) reason(r c3.Reason) *shown {
	return s.add("reason", []string{"", "arrears", "voluntary", "admin"}[r])
}
