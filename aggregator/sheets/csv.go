package sheets

import (
	"archive/zip"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// CSV writes the document as a ZIP archive: 00 with what holds for all, and a file a
// table. Texts that a spreadsheet would run are kept texts by a ' before them. The mark
// stands in the last row: in the first it would be taken for the head. What has more
// than MaxCells is refused.
func (d *Document) CSV(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	z := zip.NewWriter(w)
	l := d.Lang
	head := [][]string{{l.Say("board"), d.Title}}
	for _, f := range d.about() {
		head = append(head, []string{f.Name, f.Value})
	}
	for n := range d.Parts {
		p := &d.Parts[n]
		head = append(head, []string{}, []string{fmt.Sprintf("%02d", n+1), p.Title, p.Tab})
		if p.Refused != "" {
			head = append(head, []string{l.Say("refused"), p.Refused})
		}
		for _, f := range p.Facts {
			head = append(head, []string{f.Name, f.Value})
		}
		if p.Prose != "" {
			head = append(head, []string{"", p.Prose})
		}
	}
	for _, r := range head {
		for n := range r {
			r[n] = harmless(r[n])
		}
	}
	if err := d.csvFile(z, "00 "+l.Say("overview"), head); err != nil {
		return err
	}
	for n := range d.Parts {
		for k := range d.Parts[n].Tables {
			t := &d.Parts[n].Tables[k]
			name := fmt.Sprintf("%02d %s", n+1, d.Parts[n].Title)
			if k > 0 {
				name += " " + l.Say("trend")
			}
			if err := d.csvFile(z, name, t.lines()); err != nil {
				return err
			}
		}
	}
	return z.Close()
}

// lines are a table as texts, numbers as they are counted.
func (t *Table) lines() [][]string {
	head := make([]string, len(t.Columns))
	for n := range t.Columns {
		head[n] = harmless(t.Columns[n].Title)
	}
	out := [][]string{head}
	for _, rows := range [][][]Cell{t.Rows, t.Foot} {
		for _, r := range rows {
			line := make([]string, len(r))
			for n, c := range r {
				switch c := c.(type) {
				case string:
					line[n] = harmless(c)
				case Moment:
					line[n] = c.Text
				case float64:
					line[n] = strconv.FormatFloat(c, 'f', -1, 64)
				}
			}
			out = append(out, line)
		}
	}
	return out
}

func (d *Document) csvFile(z *zip.Writer, name string, rows [][]string) error {
	f, err := z.Create(fileName(name) + ".csv")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(f, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(f)
	c.UseCRLF = true
	if d.Mark != "" {
		rows = append(rows, []string{harmless(d.Mark)})
	}
	for _, r := range rows {
		if err := c.Write(r); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// harmless keeps spreadsheets from running a text: they take what begins with one of
// these for a formula, in Chinese and Japanese editions the wide ones too.
func harmless(text string) string {
	if r := []rune(text); len(r) > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r[0]) {
		return "'" + text
	}
	return text
}

// fileName makes a title a name of a file on any system.
func fileName(title string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"/\|?*`, r) {
			return ' '
		}
		return r
	}, title)
	clean = strings.Join(strings.Fields(clean), " ")
	if runes := []rune(clean); len(runes) > 60 {
		clean = string(runes[:60])
	}
	return cmp.Or(strings.Trim(path.Base(clean), ". "), "board")
}

// FileName is what the document is called as a file with an extension, as .xlsx.
func (d *Document) FileName(extension string) string {
	return fileName(d.Title) + " " + d.Day.String() + extension
}
