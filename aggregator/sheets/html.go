package sheets

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"
)

// MaxShown is how many rows of a table the body of a mail shows.
const MaxShown = 200

//go:embed document.html
var page string

var documentPage = template.Must(template.New("document").Parse(page))

// HTML writes the document as one page without anything from elsewhere: styles stand
// at the elements, as programs for mail want them. Long tables are cut, and say so.
func (d *Document) HTML(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	type cell struct {
		Text  string
		Right bool
	}
	type table struct {
		Title string
		Head  []cell
		Rows  [][]cell
		Foot  [][]cell
		More  string
		None  string
	}
	type part struct {
		Title, Tab, Refused string
		Facts               string
		Prose               []string
		Tables              []table
	}
	l := d.Lang
	view := struct {
		Lang, Title, Foot, Link, LinkText, Mark string
		Notes                                   []string
		Facts                                   string
		Parts                                   []part
	}{Lang: string(l), Title: d.Title, Notes: d.Notes, Facts: factLine(d.Facts, l), Link: d.Link, LinkText: l.Say("board"), Mark: d.Mark,
		Foot: l.Say("reader") + l.Say("colon") + cmp.Or(d.Mark, d.Reader) + " · " + l.Say("made") + l.Say("colon") + d.Made.Format(time.DateTime)}
	for n := range d.Parts {
		p := &d.Parts[n]
		v := part{Title: p.Title, Tab: p.Tab, Facts: factLine(p.Facts, l)}
		if p.Refused != "" {
			v.Refused = l.Say("refused") + l.Say("colon") + p.Refused
		}
		if p.Prose != "" {
			v.Prose = strings.Split(p.Prose, "\n")
		}
		for k := range p.Tables {
			t := &p.Tables[k]
			if k > 0 && len(t.Rows) < 2 {
				continue // a course of one point is the figure again
			}
			shown := table{None: l.Say("no_data")}
			if k > 0 {
				shown.Title = l.Say("trend")
			}
			cells := func(r []Cell) []cell {
				out := make([]cell, len(r))
				for n, c := range r {
					out[n] = cell{t.Columns[n].written(c), t.Columns[n].Kind == Numbers}
				}
				return out
			}
			for n := range t.Columns {
				shown.Head = append(shown.Head, cell{t.Columns[n].Title, t.Columns[n].Kind == Numbers})
			}
			for n, r := range t.Rows {
				if n == MaxShown {
					shown.More = more(len(t.Rows)-n, l)
					break
				}
				shown.Rows = append(shown.Rows, cells(r))
			}
			for n, r := range t.Foot {
				if n == MaxShown {
					break
				}
				shown.Foot = append(shown.Foot, cells(r))
			}
			v.Tables = append(v.Tables, shown)
		}
		view.Parts = append(view.Parts, v)
	}
	return documentPage.Execute(w, view)
}

func more(n int, l Lang) string {
	return strings.ReplaceAll(l.Say("more_rows"), "{n}", grouped(float64(n), 0))
}

// factLine is facts in one line.
func factLine(facts []Fact, l Lang) string {
	parts := make([]string, len(facts))
	for n, f := range facts {
		parts[n] = f.Name + l.Say("colon") + f.Value
	}
	return strings.Join(parts, " · ")
}

// maxLines is how many rows of a table a chat shows.
const maxLines = 8

// Text writes the document in few lines of plain text, at most so many bytes: what holds
// for all, then of each widget its first rows. What does not fit is cut and says so.
// Lines begin with no mark of its own: what a chat makes of **bold** is up to it.
func (d *Document) Text(most int) string {
	l := d.Lang
	var b strings.Builder
	line := func(text string) { b.WriteString(strings.Join(strings.Fields(text), " ") + "\n") }
	for _, n := range d.Notes {
		line(l.Say("note") + l.Say("colon") + n)
	}
	if len(d.Facts) > 0 {
		line(factLine(d.Facts, l))
	}
	for n := range d.Parts {
		p := &d.Parts[n]
		if len(p.Tables) == 0 && p.Refused == "" {
			continue
		}
		b.WriteString("\n")
		line("【" + p.Title + "】")
		if p.Refused != "" {
			line(l.Say("refused") + l.Say("colon") + p.Refused)
			continue
		}
		line(factLine(essential(p.Facts, l), l))
		t := &p.Tables[0]
		if len(t.Rows) == 0 {
			line(l.Say("no_data"))
		}
		rows := t.Rows
		if t.Timed && len(rows) > maxLines { // of a course its end is news
			rows = rows[len(rows)-maxLines:]
		}
		for k, r := range rows {
			if k == maxLines {
				line(more(len(rows)-k, l))
				break
			}
			var names, values []string
			for n, c := range r {
				switch col := &t.Columns[n]; {
				case col.Kind != Numbers:
					names = append(names, col.written(c))
				case len(t.Columns)-t.heads() > 1 || t.heads() == 0:
					values = append(values, col.Title+" "+col.written(c))
				default:
					values = append(values, col.written(c))
				}
			}
			text := strings.Join(values, l.Say("list"))
			if len(names) > 0 {
				text = strings.Join(names, " ") + l.Say("colon") + text
			}
			line(text)
		}
	}
	b.WriteString("\n")
	line(l.Say("reader") + l.Say("colon") + cmp.Or(d.Mark, d.Reader))
	return Cut(b.String(), most, l)
}

// essential are the facts without which a figure misleads.
func essential(facts []Fact, l Lang) []Fact {
	var out []Fact
	for _, f := range facts {
		switch f.Name {
		case l.Say("period"), l.Say("scope"), l.Say("as_of"), l.Say("compare"), l.Say("ignored"):
			out = append(out, f)
		default:
			if strings.HasPrefix(f.Name, l.Say("filter")) && f.Value != l.Say("no_filter") {
				out = append(out, f)
			}
		}
	}
	return out
}

// Cut shortens a text to at most so many bytes, at a line, and says that it was cut.
func Cut(text string, most int, l Lang) string {
	if len(text) <= most {
		return text
	}
	end := "\n" + l.Say("cut")
	text = strings.ToValidUTF8(text[:max(0, most-len(end))], "")
	if at := strings.LastIndexByte(text, '\n'); at > 0 {
		text = text[:at]
	}
	return text + end
}
