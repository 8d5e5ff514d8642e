package sheets

import "time"

// Data is a document for programs.
type Data struct {
	Title  string     `json:"title"`
	Reader string     `json:"reader"`
	Day    string     `json:"day"`
	Made   string     `json:"made"`
	Facts  []Fact     `json:"facts,omitempty"`
	Notes  []string   `json:"notes,omitempty"`
	Parts  []PartData `json:"parts"`
}

// PartData is a widget.
type PartData struct {
	Title   string      `json:"title"`
	Facts   []Fact      `json:"facts,omitempty"`
	Refused string      `json:"refused,omitempty"`
	Tables  []TableData `json:"tables,omitempty"`
}

// TableData is a table: rows are arrays in the order of columns, numbers are numbers.
type TableData struct {
	Columns []ColumnData `json:"columns"`
	Rows    [][]any      `json:"rows"`
	Foot    [][]any      `json:"foot,omitempty"`
}

// ColumnData names a column; money is in yuan.
type ColumnData struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Data returns the document for programs.
func (d *Document) Data() *Data {
	out := &Data{Title: d.Title, Reader: d.Reader, Day: d.Day.String(), Made: d.Made.Format(time.RFC3339), Facts: d.Facts, Notes: d.Notes, Parts: []PartData{}}
	for n := range d.Parts {
		p := &d.Parts[n]
		part := PartData{Title: p.Title, Facts: p.Facts, Refused: p.Refused}
		for k := range p.Tables {
			t := &p.Tables[k]
			table := TableData{Columns: []ColumnData{}, Rows: values(t.Rows), Foot: values(t.Foot)}
			for _, c := range t.Columns {
				table.Columns = append(table.Columns, ColumnData{c.ID, c.Title})
			}
			part.Tables = append(part.Tables, table)
		}
		out.Parts = append(out.Parts, part)
	}
	return out
}

func values(rows [][]Cell) [][]any {
	out := make([][]any, len(rows))
	for n, r := range rows {
		out[n] = make([]any, len(r))
		for k, c := range r {
			if m, ok := c.(Moment); ok {
				out[n][k] = m.Text
			} else {
				out[n][k] = c
			}
		}
	}
	return out
}
