package feeds

import (
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/dialect"
)

// When files come. Each lies there with the time at which its province would have
// sent it as its own, so that one who brings a month of them at once can tell which of
// them were late.

const (
	// slowOdds is how many of a hundred files come after they are due, but in the time
	// that they are given then.
	slowOdds = 6
	// handedAt is when everything that is handed over comes, on the first day of files
	// day by day.
	handedAt = 8 * time.Hour
)

// came is when a file of a day comes, of a feed (nil: a catalogue), in a round.
func (w *writer) came(f *dialect.Feed, d aggregator.Day, p *paper, round int, dirt string) time.Time {
	luck := lot(p.name + w.String())
	minutes := func(from, span uint32) time.Duration { // of what the name's chance gives
		return time.Duration(from)*time.Minute + time.Duration(luck*span*60/1000)*time.Second
	}
	if d < w.config.From {
		return w.config.From.Time().Add(handedAt + minutes(0, 60))
	}
	var at time.Time
	grace := time.Hour
	end := (d + 1).Time()
	switch {
	case f == nil:
		at = d.Time().Add(3*time.Hour + minutes(45, 40)) // a catalogue's own time is before 4 o'clock
	default:
		due := f.Expect.Next(end.Add(-time.Millisecond))
		if due.IsZero() { // nobody waits for it
			due = end.Add(4 * time.Hour)
		} else {
			grace = f.Expect.Grace
		}
		if luck%100 < slowOdds {
			at = due.Add(time.Duration(luck) * grace / 1200)
		} else {
			at = due.Add(-minutes(4, 36))
		}
		if _, parts, ok := w.dialect.Match(p.name); ok && parts.TimeMs > 0 { // no file is there before it is made
			if made := time.UnixMilli(parts.TimeMs).Add(minutes(2, 8)); at.Before(made) {
				at = made
			}
		}
		if at.Before(end) {
			at = end.Add(minutes(1, 10))
		}
	}
	switch {
	case dirt == DirtOvertaken:
		return at.Add(25 * time.Hour) // the next day's was there before
	case round == roundLate:
		return at.Add(time.Duration(2+luck%3) * 24 * time.Hour)
	case round == roundAgain: // somebody was told, and sent it again
		return at.Add(minutes(50, 180))
	}
	return at
}
