package sheets

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"iptvdc/aggregator/indicator"
)

// XLSX writes the document as a workbook: an overview with links, then a sheet a part
// with what it holds under, its numbers as numbers, its days as days, and a native
// chart where spreadsheets know the kind. Texts are texts, whatever they begin with.
// What has more than MaxCells is refused.
func (d *Document) XLSX(w io.Writer) (err error) {
	if err := d.Check(); err != nil {
		return err
	}
	b := &book{f: excelize.NewFile(), d: d, styles: map[string]int{}, names: map[string]bool{}}
	defer func() { err = errors.Join(err, b.f.Close()) }()
	if err := b.overview(); err != nil {
		return fmt.Errorf("sheets: workbook: %w", err)
	}
	for n := range d.Parts {
		if err := b.part(n); err != nil {
			return fmt.Errorf("sheets: sheet %s: %w", b.sheets[n], err)
		}
	}
	return b.f.Write(w)
}

// book is a workbook being written.
type book struct {
	f      *excelize.File
	d      *Document
	styles map[string]int
	names  map[string]bool // sheets there are, in lower case
	sheets []string        // of the parts
	failed error           // the first fault of put
}

// Limits of the format.
const (
	maxSheetName = 31
	maxHeader    = 255
)

// sheetName makes a name that spreadsheets take, and none twice.
func (b *book) sheetName(n int, title string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`[]:*?/\'`, r) {
			return ' '
		}
		return r
	}, title)
	prefix := ""
	if n > 0 {
		prefix = fmt.Sprintf("%d ", n)
	}
	units := utf16.Encode([]rune(prefix + strings.Join(strings.Fields(clean), " ")))
	if len(units) > maxSheetName {
		units = units[:maxSheetName]
		if last := units[maxSheetName-1]; last >= 0xd800 && last < 0xdc00 { // half a character
			units = units[:maxSheetName-1]
		}
	}
	name := strings.TrimSpace(string(utf16.Decode(units)))
	for b.names[strings.ToLower(name)] { // cannot be: parts begin with their number
		name = fmt.Sprintf("%d", n)
	}
	b.names[strings.ToLower(name)] = true
	return name
}

func (b *book) style(format string, bold, fill bool, size float64) int {
	key := fmt.Sprint(format, bold, fill, size)
	if id, ok := b.styles[key]; ok {
		return id
	}
	s := &excelize.Style{Font: &excelize.Font{Bold: bold, Size: cmp.Or(size, 11)}}
	if format != "" {
		s.CustomNumFmt = &format
	}
	if fill {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF4"}}
	}
	id, err := b.f.NewStyle(s)
	if err != nil && b.failed == nil {
		b.failed = err
	}
	b.styles[key] = id
	return id
}

func at(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil { // columns and rows are bounded by MaxCells
		panic("sheets: " + err.Error())
	}
	return name
}

// put writes a cell; the first fault is kept in failed.
func (b *book) put(sheet string, column, row int, v Cell, style int) {
	cell := at(column, row)
	var err error
	switch v := v.(type) {
	case nil:
		return
	case string:
		err = b.f.SetCellStr(sheet, cell, v)
	case float64:
		err = b.f.SetCellValue(sheet, cell, v)
	case Moment:
		err = b.f.SetCellValue(sheet, cell, v.Time)
	}
	if err == nil {
		err = b.f.SetCellStyle(sheet, cell, cell, style)
	}
	if err != nil && b.failed == nil {
		b.failed = err
	}
}

// numFormat is how a spreadsheet writes a column's cells.
func (c *Column) numFormat(cells func(func(Cell) bool)) string {
	decimals := 0
	switch {
	case c.Kind == Words:
		return ""
	case c.Kind == Moments:
		format := "yyyy-mm-dd"
		for v := range cells {
			if m, ok := v.(Moment); ok && len(m.Text) == len("2006-01") {
				format = "yyyy-mm"
			} else if ok && strings.Contains(m.Text, "T") {
				format = "yyyy-mm-dd hh:mm"
			}
			break
		}
		return format
	case c.Decimals != nil:
		decimals = *c.Decimals
	case c.Money() || c.Unit == indicator.Percent:
		decimals = 2
	default:
		for v := range cells {
			if n, ok := v.(float64); ok && n != float64(int64(n)) {
				decimals = 3
				break
			}
		}
	}
	format := "#,##0"
	if decimals > 0 {
		format += "." + strings.Repeat("0", decimals)
	}
	switch {
	case c.Money():
		return `"¥"` + format
	case c.Unit == indicator.Percent:
		return format + `"%"`
	}
	return format
}

// head writes the lines above a table and returns the next free row.
func (b *book) head(sheet, title string, facts []Fact) int {
	b.put(sheet, 1, 1, title, b.style("", true, false, 15))
	row := 2
	for _, f := range facts {
		b.put(sheet, 1, row, f.Name, b.style("", true, false, 0))
		b.put(sheet, 2, row, f.Value, b.style("", false, false, 0))
		row++
	}
	return row + 1
}

// page sets how a sheet is printed: A4 across, as wide as the sheet, page numbers and
// the mark on each.
func (b *book) page(sheet string) error {
	size, orientation, wide, high, fit := 9, "landscape", 1, 0, true
	if err := b.f.SetPageLayout(sheet, &excelize.PageLayoutOptions{Size: &size, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &high}); err != nil {
		return err
	}
	if err := b.f.SetSheetProps(sheet, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	escape := func(s string, most int) string {
		runes := []rune(s)
		return strings.ReplaceAll(string(runes[:min(len(runes), most)]), "&", "&&")
	}
	h := &excelize.HeaderFooterOptions{OddHeader: "&L" + escape(b.d.Title, 60), OddFooter: "&R&P / &N"}
	if b.d.Mark != "" {
		h.OddHeader += "&R" + escape(b.d.Mark, 60)
		h.OddFooter = "&L" + escape(b.d.Mark, 60) + h.OddFooter
	}
	if len(utf16.Encode([]rune(h.OddHeader))) > maxHeader { // nothing but ampersands
		h.OddHeader = ""
	}
	return b.f.SetHeaderFooter(sheet, h)
}

// about are the lines that hold for the whole document.
func (d *Document) about() []Fact {
	var facts []Fact
	for _, n := range d.Notes {
		facts = append(facts, Fact{d.Lang.Say("note"), n})
	}
	if d.About != "" {
		facts = append(facts, Fact{d.Lang.Say("about"), d.About})
	}
	facts = append(facts, d.Facts...)
	facts = append(facts, Fact{d.Lang.Say("reader"), cmp.Or(d.Mark, d.Reader)}, Fact{d.Lang.Say("made"), d.Made.Format(time.DateTime)})
	if d.Link != "" {
		facts = append(facts, Fact{d.Lang.Say("link"), d.Link})
	}
	return facts
}

func (b *book) overview() error {
	l := b.d.Lang
	name := b.sheetName(0, l.Say("overview"))
	if err := b.f.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	for n := range b.d.Parts {
		b.sheets = append(b.sheets, b.sheetName(n+1, b.d.Parts[n].Title))
	}
	row := b.head(name, b.d.Title, b.d.about())
	bold := b.style("", true, true, 0)
	for n, word := range []string{"widget", "tab", "rows", "note"} {
		b.put(name, n+1, row, l.Say(word), bold)
	}
	plain := b.style("", false, false, 0)
	for n := range b.d.Parts {
		p := &b.d.Parts[n]
		row++
		b.put(name, 1, row, p.Title, plain)
		b.put(name, 2, row, p.Tab, plain)
		if len(p.Tables) > 0 {
			b.put(name, 3, row, float64(len(p.Tables[0].Rows)), plain)
		}
		b.put(name, 4, row, p.Refused, plain)
		if err := b.f.SetCellHyperLink(name, at(1, row), "'"+b.sheets[n]+"'!A1", "Location"); err != nil {
			return err
		}
	}
	return errors.Join(b.failed, b.f.SetColWidth(name, "A", "B", 34), b.page(name))
}

func (b *book) part(n int) error {
	p, sheet := &b.d.Parts[n], b.sheets[n]
	if _, err := b.f.NewSheet(sheet); err != nil {
		return err
	}
	facts := p.Facts
	if p.Tab != "" {
		facts = append([]Fact{{b.d.Lang.Say("tab"), p.Tab}}, facts...)
	}
	facts = append(facts, Fact{b.d.Lang.Say("reader"), cmp.Or(b.d.Mark, b.d.Reader)})
	row := b.head(sheet, p.Title, facts)
	plain := b.style("", false, false, 0)
	if p.Refused != "" {
		b.put(sheet, 1, row, b.d.Lang.Say("refused")+b.d.Lang.Say("colon")+p.Refused, plain)
	}
	for line := range strings.SplitSeq(p.Prose, "\n") {
		if p.Prose != "" {
			b.put(sheet, 1, row, line, plain)
			row++
		}
	}
	// Charts stand to the right of all tables, one below the other.
	right := 2
	for k := range p.Tables {
		right = max(right, len(p.Tables[k].Columns))
	}
	place := row
	for k := range p.Tables {
		t := &p.Tables[k]
		first := row
		row = b.table(sheet, 1, row, t.Columns, t.Rows, t.Foot) + 2
		end, err := b.chart(sheet, p, t, first, right+2, max(place, first))
		if err != nil {
			return err
		}
		place = end
	}
	last, err := excelize.ColumnNumberToName(right)
	if err != nil {
		return err
	}
	return errors.Join(b.failed, b.f.SetColWidth(sheet, "A", last, 20), b.page(sheet))
}

// table writes columns, rows and foot, and returns the row after the last.
func (b *book) table(sheet string, column, row int, columns []Column, rows, foot [][]Cell) int {
	if len(rows) == 0 {
		b.put(sheet, column, row, b.d.Lang.Say("no_data"), b.style("", false, false, 0))
		return row + 1
	}
	for n := range columns {
		c := &columns[n]
		b.put(sheet, column+n, row, c.Title, b.style("", true, true, 0))
		format := c.numFormat(func(yield func(Cell) bool) {
			for _, r := range rows {
				if n < len(r) && !yield(r[n]) {
					return
				}
			}
		})
		body, sums := b.style(format, false, false, 0), b.style(format, true, false, 0)
		for k, r := range rows {
			if n < len(r) {
				b.put(sheet, column+n, row+1+k, r[n], body)
			}
		}
		for k, r := range foot {
			b.put(sheet, column+n, row+1+len(rows)+k, r[n], sums)
		}
	}
	return row + 1 + len(rows) + len(foot)
}
