package duckdb

import (
	_ "embed"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/fact_accounts.sql
var factAccountsSQL string

//go:embed sql/fact_flow.sql
var factFlowSQL string

//go:embed sql/fact_bill.sql
var factBillSQL string

// facts rewrites the facts of the days that the file touched.
func (a *applying) facts() error {
	p, day := uint8(a.file.Province), a.file.Day
	switch a.file.Feed {
	case c3.FeedSubscribers, c3.FeedChanges:
		first, last := day, day
		if a.told {
			first, last = min(first, a.toldFirst), max(last, a.toldLast)
		}
		from := last + 1
		if a.sinceMs != store.Forever {
			from = aggregator.DayOf(a.sinceMs)
			if err := a.w.runScript(factFlowSQL, map[string]any{"p": p, "from": int32(from), "from_ms": from.Start()}); err != nil {
				return err
			}
		}
		switch { // days that nobody spoke of before
		case !a.told || day < a.toldFirst:
			from = first
		case day > a.toldLast:
			from = min(from, a.toldLast+1)
		}
		if from = max(from, first); from <= last {
			if err := a.w.runScript(factAccountsSQL, map[string]any{"p": p, "from": int32(from), "to": int32(last)}); err != nil {
				return err
			}
		}
	case c3.FeedCatalogue:
		return nil
	}
	if n, err := a.w.number("SELECT count(*) FROM bill_day"); err != nil || n == 0 {
		return err
	}
	return a.w.runScript(factBillSQL, map[string]any{"p": p})
}
