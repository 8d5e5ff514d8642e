package insight

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// fixed are holidays that have the same date every year, for years of which the
// list in force says nothing.
var fixed = map[string]indicator.Text{
	"01-01": {ZH: "元旦", EN: "New Year"}, "05-01": {ZH: "劳动节", EN: "Labour Day"},
	"10-01": {ZH: "国庆节", EN: "National Day"}, "10-02": {ZH: "国庆节", EN: "National Day"}, "10-03": {ZH: "国庆节", EN: "National Day"},
}

// holiday names the holiday that the day lies in.
func holiday(d aggregator.Day) (indicator.Text, bool) {
	if name, ok := indicator.HolidayOf(d); ok {
		return name, true
	}
	name, ok := fixed[d.Time().Format("01-02")]
	return name, ok
}
