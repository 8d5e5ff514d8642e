package feeds

import (
	"fmt"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/testbench/fleet"
)

const (
	// scheduled is of how many channels, the most popular, a province tells what they
	// broadcast.
	scheduled = 12
	// scheduleDays is how many days a file of schedules speaks of.
	scheduleDays = 7
)

// schedules writes what the channels broadcast, a file a week, from the week before
// the first day: its programmes are still watched.
func (w *writer) schedules(c *Config, offer *fleet.Offer) error {
	for n, first := 0, c.From-scheduleDays; first <= c.To; n, first = n+1, first+scheduleDays {
		var objects []c3.Object
		for i := range min(scheduled, len(offer.Channels)) {
			for d := first; d < first+scheduleDays; d++ {
				for _, a := range fleet.Airings(i, d) {
					objects = append(objects, w.airing(offer.Channels[i].Code, &a))
					w.truth.write(Line{Airing: &Airing{Province: w.String(), Channel: offer.Channels[i].Code, Code: a.Code, Name: a.Name,
						Genre: a.Genre, StartMs: a.StartMs, EndMs: a.StartMs + int64(a.Minutes)*60_000}})
				}
			}
		}
		at := max(first-1, c.From)
		stamp := at.Time().Format("20060102") + fmt.Sprintf("03%02d00", n%60)
		name := fmt.Sprintf("ADI_%s_%s_%04d.xml", w, stamp, 100+n)
		p, err := w.adi(name, stamp, objects, nil)
		if err == nil {
			err = w.soiled(p, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// airing is a broadcast as the province writes it: with a length, or with an end as
// newer systems do.
func (w *writer) airing(channel string, a *fleet.Airing) c3.Object {
	start := time.UnixMilli(a.StartMs).In(aggregator.Shanghai)
	end := start.Add(time.Duration(a.Minutes) * time.Minute)
	pairs := []string{"ChannelCode", channel, "ProgramName", a.Name, "Genre", genreWords[a.Genre][0], "Status", "1",
		"StartDate", start.Format("20060102"), "StartTime", start.Format("150405"), "Duration", fmt.Sprintf("%02d%02d00", a.Minutes/60, a.Minutes%60)}
	if w.Province%4 == 1 {
		pairs = []string{"ChannelID", channel, "ProgramName", a.Name, "Genre", genreWords[a.Genre][0], "CUTVEnable", "1",
			"BeginTime", start.Format("2006-01-02T15:04:05Z"), "EndTime", end.Format("2006-01-02T15:04:05Z")}
	}
	return c3.Object{Element: c3.ElementSchedule, ID: a.Code, Code: a.Code, Verb: c3.VerbRegister, Properties: properties(pairs)}
}
