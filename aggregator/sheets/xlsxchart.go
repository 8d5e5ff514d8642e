package sheets

import (
	"fmt"
	"slices"

	"github.com/xuri/excelize/v2"

	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
)

// Size of a chart on a sheet, in pixels, and how many rows it covers.
const (
	chartWidth  = 720
	chartHeight = 360
	chartRows   = 20
)

// types are what spreadsheets call the kinds, and what of stacked to 100 %.
func chartType(k board.Kind, percent bool) excelize.ChartType {
	switch k {
	case board.KindArea:
		if percent {
			return excelize.AreaPercentStacked
		}
		return excelize.AreaStacked
	case board.KindBar:
		return excelize.Col
	case board.KindStacked:
		if percent {
			return excelize.ColPercentStacked
		}
		return excelize.ColStacked
	case board.KindPie:
		return excelize.Pie
	case board.KindScatter:
		return excelize.Scatter
	case board.KindRanking, board.KindFunnel:
		return excelize.Bar
	}
	return excelize.Line
}

// chart draws a table whose head stands in row first, at column and row, and returns the
// first row below it. Groups that lie in rows are put beside each other in a block under
// the chart, from which it is drawn.
func (b *book) chart(sheet string, p *Part, t *Table, first, column, row int) (below int, err error) {
	trend := t.Part == board.PartTrend
	if !charted(p.Widget.Kind) && !trend || t.Part == board.PartProgrammes || len(t.Rows) == 0 {
		return row, nil
	}
	kind, l := p.Widget.Kind, b.d.Lang
	if trend {
		kind = board.KindLine
	}
	c := &excelize.Chart{Type: chartType(kind, p.Widget.Show.Percent), Dimension: excelize.ChartDimension{Width: chartWidth, Height: chartHeight},
		Title:  excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: p.Title}}},
		Legend: excelize.ChartLegend{Position: "bottom"}, ShowBlanksAs: "gap", YAxis: excelize.ChartAxis{MajorGridLines: true}}
	below = row + chartRows + 1
	switch {
	case kind == board.KindFunnel:
		b.funnel(sheet, t, c, column, below)
		below += len(t.Columns) + 1
	case kind == board.KindScatter:
		b.scatter(sheet, t, c, first)
	case t.heads() == 1:
		columns := t.series()
		if kind == board.KindPie || kind == board.KindRanking {
			columns = columns[:1]
		}
		rows := len(t.Rows)
		if kind == board.KindPie {
			rows += t.Others // else shares would be of the shown alone
		}
		for _, n := range columns {
			c.Series = append(c.Series, series(sheet, 1, n+1, first, rows))
		}
	default:
		turned := t.pivot(l)
		if turned == nil {
			return row, nil
		}
		end := b.table(sheet, column, below, turned.head, turned.rows, nil)
		for n := 1; n < len(turned.head); n++ {
			c.Series = append(c.Series, series(sheet, column, column+n, below, len(turned.rows)))
		}
		below = end + 1
	}
	if len(c.Series) == 0 {
		return row, nil
	}
	switch kind {
	case board.KindRanking, board.KindFunnel:
		c.YAxis.MajorGridLines, c.XAxis.ReverseOrder = false, true // the first on top
	}
	if unit := t.Columns[len(t.Columns)-1].Unit; kind != board.KindPie && len(c.Series) > 0 && unit == indicator.Percent && !p.Widget.Show.Percent {
		c.YAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: `0"%"`}
	}
	left, right := c, b.onTheRight(p, t, c)
	if right != nil {
		return below, b.f.AddChart(sheet, at(column, row), left, right)
	}
	return below, b.f.AddChart(sheet, at(column, row), left)
}

// series is a column of a table as one.
func series(sheet string, categories, column, head, rows int) excelize.ChartSeries {
	place := func(column, from, to int) string {
		name, err := excelize.ColumnNumberToName(column)
		if err != nil {
			panic("sheets: " + err.Error())
		}
		if from == to {
			return fmt.Sprintf("'%s'!$%s$%d", sheet, name, from)
		}
		return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", sheet, name, from, name, to)
	}
	return excelize.ChartSeries{Name: place(column, head, head), Categories: place(categories, head+1, head+rows), Values: place(column, head+1, head+rows),
		Marker: excelize.ChartMarker{Symbol: "none"}}
}

// scatter is of the first two figures, a point a group.
func (b *book) scatter(sheet string, t *Table, c *excelize.Chart, first int) {
	columns := slices.DeleteFunc(t.series(), func(n int) bool { return t.Columns[n].Beside })
	if len(columns) < 2 {
		return
	}
	s := series(sheet, columns[0]+1, columns[1]+1, first, len(t.Rows))
	s.Marker = excelize.ChartMarker{Symbol: "circle", Size: 6}
	s.Line = excelize.LineOptions{Type: excelize.LineNone}
	c.Series = []excelize.ChartSeries{s}
	c.XAxis.Title = excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: t.Columns[columns[0]].Title}}}
	c.YAxis.Title = excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: t.Columns[columns[1]].Title}}}
	c.Legend.Position = "none"
}

// funnel puts the figures of the one row below each other.
func (b *book) funnel(sheet string, t *Table, c *excelize.Chart, column, row int) {
	columns := slices.DeleteFunc(t.series(), func(n int) bool { return t.Columns[n].Beside })
	var rows [][]Cell
	for _, n := range columns {
		rows = append(rows, []Cell{t.Columns[n].Title, t.Rows[0][n]})
	}
	if len(rows) == 0 {
		return
	}
	b.table(sheet, column, row, []Column{{Title: b.d.Lang.Say("widget")}, {Title: b.d.Title, Kind: Numbers}}, rows, nil)
	c.Series = []excelize.ChartSeries{series(sheet, column, column+1, row, len(rows))}
	c.Legend.Position = "none"
}

// onTheRight takes the series of figures that stand on the right axis out of a chart
// into one of their own over it.
func (b *book) onTheRight(p *Part, t *Table, c *excelize.Chart) *excelize.Chart {
	if len(p.Widget.Show.Right) == 0 || t.heads() != 1 || t.Part == board.PartTrend || c.Type != excelize.Line && c.Type != excelize.Col {
		return nil
	}
	right := *c
	right.Series, right.YAxis = nil, excelize.ChartAxis{Secondary: true}
	var left []excelize.ChartSeries
	for n, column := range t.series() {
		if slices.Contains(p.Widget.Show.Right, t.Columns[column].Figure) {
			right.Series = append(right.Series, c.Series[n])
		} else {
			left = append(left, c.Series[n])
		}
	}
	if len(left) == 0 || len(right.Series) == 0 {
		return nil
	}
	c.Series = left
	return &right
}
