package insight

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// The public holidays as the State Council announces them each autumn for the next
// year; a year that is not in the table has the fixed ones alone, see holiday.
//
//go:embed holidays.csv
var holidaysCSV []byte

// holidays is the parsed table. A fault in it is one of the build, which the tests
// find; it cannot depend on input.
var holidays = sync.OnceValue(func() map[aggregator.Day]indicator.Text {
	rows, err := csv.NewReader(bytes.NewReader(holidaysCSV)).ReadAll()
	if err != nil {
		panic("insight: holidays.csv: " + err.Error())
	}
	all := map[aggregator.Day]indicator.Text{}
	for _, row := range rows[1:] { // the first names the columns
		from, err := aggregator.ParseDay(row[0])
		if err != nil {
			panic("insight: holidays.csv: " + err.Error())
		}
		to, err := aggregator.ParseDay(row[1])
		if err != nil {
			panic("insight: holidays.csv: " + err.Error())
		}
		for d := from; d <= to; d++ {
			all[d] = indicator.Text{ZH: row[2], EN: row[3]}
		}
	}
	return all
})

// fixed are holidays that have the same date every year.
var fixed = map[string]indicator.Text{
	"01-01": {ZH: "元旦", EN: "New Year"}, "05-01": {ZH: "劳动节", EN: "Labour Day"},
	"10-01": {ZH: "国庆节", EN: "National Day"}, "10-02": {ZH: "国庆节", EN: "National Day"}, "10-03": {ZH: "国庆节", EN: "National Day"},
}

// holiday names the holiday that the day lies in.
func holiday(d aggregator.Day) (indicator.Text, bool) {
	if name, ok := holidays()[d]; ok {
		return name, true
	}
	name, ok := fixed[d.Time().Format("01-02")]
	return name, ok
}
