package oracle

import (
	"cmp"
	"maps"
	"slices"
)

// deed is something that counts: n of a measure, in the hour of atMs.
type deed struct {
	what   measure
	n      int64
	hourMs int64 // start of the hour in which it counts
	of     *Record
	about  about
}

// about is what a deed says that is in no event.
type about struct {
	minute int     // of the day
	airing *Airing // what was broadcast
	lag    int     // TV days between broadcast and watching
}

// history is what one box did, in the order in which it was told.
type history struct {
	Records []Record
}

// identify notes on each record whose the box was and which: what it told last before
// it, or first. A box of a fleet stays what it is.
func (t *history) identify() {
	var account, model string
	for i := range t.Records {
		if e := &t.Records[i].Event; e.Kind == "identity" {
			account, model = e.Account, e.Model
			break
		}
	}
	for i := range t.Records {
		r := &t.Records[i]
		if r.Event.Kind == "identity" {
			account, model = r.Event.Account, r.Event.Model
		}
		r.account, r.model = account, model
	}
}

// onMemoryMs is how long before something that a box tells it is known to be on.
const onMemoryMs = 90 * 60_000

// longestVisitMs is how long a page can stand and still be looked at.
const longestVisitMs = 30 * 60_000

// ledMs is how long after a click a play may start to be its own.
const ledMs = 60_000

// deeds lists all that counts. The catalogue, which says what was broadcast, may be
// nil.
func (t *history) deeds(c *Catalogue) []deed {
	var all []deed
	addAbout := func(what measure, n, atMs int64, r *Record, a about) {
		all = append(all, deed{what, n, hourStart(atMs), r, a})
	}
	add := func(what measure, n, atMs int64, r *Record) { addAbout(what, n, atMs, r, about{}) }
	edits := t.editing()
	for i := range t.Records {
		r := &t.Records[i]
		add(told, 1, r.AtMs, r)
		add(spoke, 1, r.AtMs, r)
		if why := edits.flooding[boxDayOf(r)]; why != "" {
			dropped := *r
			dropped.why = why
			add(invalid, 1, r.AtMs, &dropped)
		}
		switch e := &r.Event; e.Kind {
		case "power_on":
			add(powerOns, 1, r.AtMs, r)
			if e.Cause == "wake" {
				add(wakes, 1, r.AtMs, r)
			}
		case "page_view":
			add(pageViews, 1, r.AtMs, r)
			add(pageViewsFrom, 1, r.AtMs, r)
		case "click":
			add(clicks, 1, r.AtMs, r)
		case "view":
			viewed{rawPlays, rawLivePlays, rawVODPlays, rawViewingMs, rawLiveMs, rawVODMs}.count(r, r.AtMs, add)
			viewed{plays, livePlays, vodPlays, viewingMs, liveMs, vodMs}.count(r, edits.end(r), add)
			asset(r, add)
		case "order":
			switch e.Result {
			case "paid":
				add(attempts, 1, r.AtMs, r)
				add(orders, 1, r.AtMs, r)
				add(fen, e.Fen, r.AtMs, r)
			case "failed", "cancelled":
				add(attempts, 1, r.AtMs, r)
			case "refunded":
				add(fen, -e.Fen, r.AtMs, r)
			}
		case "impression":
			switch e.Sight {
			case "rendered":
				add(impressions, 1, r.AtMs, r)
			case "focus":
				add(focuses, 1, r.AtMs, r)
			}
		case "order_page":
			add(orderPages, 1, r.AtMs, r)
		case "playback":
			playback(r, add)
		case "outbox_lost":
			add(gone, e.Count, r.AtMs, r)
		case "dropped":
			switch e.Reason {
			case "rate_limit", "read_only", "memory": // the others nobody wanted
				add(gone, e.Count, r.AtMs, r)
			}
		}
	}
	t.timeOn(add)
	t.timeOnPages(add)
	t.wander(add)
	t.agents(add)
	for _, click := range t.clicksNear("rendered") {
		add(renderedClicks, 1, click.AtMs, click)
	}
	for _, click := range t.clicksNear("focus") {
		add(focusClicks, 1, click.AtMs, click)
	}
	for _, click := range t.ledClicks() {
		add(led, 1, click.AtMs, click)
	}
	t.credits(add)
	t.edited(edits).ratings(c, addAbout)
	return all
}

// valid reports whether a view is the start of a play that counts.
func valid(e *Event) bool {
	return e.Kind == "view" && e.Part == 0 && e.Speed > -300 && e.Speed < 300 && e.DurationMs > 3000
}

// viewed are the measures that views make.
type viewed struct{ plays, livePlays, vodPlays, ms, liveMs, vodMs measure }

// count counts a view that ends at some moment: a play where it begins, if more than
// three seconds of it are left, and its time in every hour it lies in.
func (m viewed) count(r *Record, end int64, add func(measure, int64, int64, *Record)) {
	e := &r.Event
	start := r.AtMs - e.DurationMs
	if valid(e) && end-start > 3000 {
		add(m.plays, 1, start, r)
		switch e.Mode {
		case "live":
			add(m.livePlays, 1, start, r)
		case "vod":
			add(m.vodPlays, 1, start, r)
		}
	}
	if e.Speed != 100 {
		return
	}
	for hour := hourStart(start); hour < end; hour += hourMs {
		ms := min(end, hour+hourMs) - max(start, hour)
		add(m.ms, ms, hour, r)
		switch e.Mode {
		case "live":
			add(m.liveMs, ms, hour, r)
		case "vod":
			add(m.vodMs, ms, hour, r)
		}
	}
}

// playback counts how a play went where it ends.
func playback(r *Record, add func(measure, int64, int64, *Record)) {
	e := &r.Event
	add(measured, 1, r.AtMs, r)
	if e.StartMs > 0 {
		add(started, 1, r.AtMs, r)
		add(startMs, e.StartMs, r.AtMs, r)
	}
	if e.Stalls > 0 {
		add(stalled, 1, r.AtMs, r)
		add(stalls, e.Stalls, r.AtMs, r)
	}
	if e.StallMs > 0 {
		add(stallMs, e.StallMs, r.AtMs, r)
	}
	if e.Errors > 0 {
		add(failed, 1, r.AtMs, r)
		add(playErrors, e.Errors, r.AtMs, r)
	}
}

// timeOn counts the time before whatever a box tells while it is on, back to what
// it told before, the moment at which it was switched on, or for as long as is
// known.
func (t *history) timeOn(add func(measure, int64, int64, *Record)) {
	type seat struct{ box, province string }
	told := make(map[seat]map[int64]*Record) // by time, what counts of each millisecond
	strength := map[string]int{"page_view": 1, "click": 1, "view": 1, "order": 1, "power_on": 2, "power_off": 3}
	for i := range t.Records {
		r := &t.Records[i]
		if strength[r.Event.Kind] == 0 {
			continue
		}
		s := seat{r.Box, r.Province}
		if told[s] == nil {
			told[s] = make(map[int64]*Record)
		}
		held := told[s][r.AtMs]
		if held == nil || strength[r.Event.Kind] > strength[held.Event.Kind] || strength[r.Event.Kind] == strength[held.Event.Kind] && r.City > held.City {
			told[s][r.AtMs] = r
		}
	}
	for _, moments := range told {
		var last int64
		for n, at := range slices.Sorted(maps.Keys(moments)) {
			since := at - onMemoryMs
			if n > 0 {
				since = max(since, last)
			}
			last = at
			if moments[at].Event.Kind == "power_on" {
				continue
			}
			for hour := hourStart(since); hour < at; hour += hourMs {
				add(onMs, min(at, hour+hourMs)-max(since, hour), hour, moments[at])
			}
		}
	}
}

// timeOnPages counts for how long pages stood, until the box entered another one,
// began to show something, or was switched off. In one millisecond what ends a page
// comes before the power-on, and this before the pages.
func (t *history) timeOnPages(add func(measure, int64, int64, *Record)) {
	type seat struct{ box, province string }
	type turn struct {
		atMs int64
		sort int // 0 ends a page, 1 a power-on, 2 a page
		of   *Record
	}
	turns := make(map[seat][]turn)
	for i := range t.Records {
		r := &t.Records[i]
		s := seat{r.Box, r.Province}
		switch e := &r.Event; {
		case e.Kind == "page_view":
			turns[s] = append(turns[s], turn{r.AtMs, 2, r})
		case e.Kind == "power_on":
			turns[s] = append(turns[s], turn{r.AtMs, 1, r})
		case e.Kind == "power_off":
			turns[s] = append(turns[s], turn{r.AtMs, 0, r})
		case e.Kind == "view" && e.Part == 0:
			turns[s] = append(turns[s], turn{r.AtMs - e.DurationMs, 0, r})
		}
	}
	for _, all := range turns {
		slices.SortStableFunc(all, func(a, b turn) int { return cmp.Or(cmp.Compare(a.atMs, b.atMs), a.sort-b.sort) })
		for i, p := range all[:len(all)-1] {
			next := all[i+1]
			ms := next.atMs - p.atMs
			switch {
			case p.sort != 2 || next.sort == 1 || ms > longestVisitMs:
			case ms < 1000:
				add(bounces, 1, p.atMs, p.of)
			default:
				add(stays, 1, p.atMs, p.of)
				add(dwellMs, ms, p.atMs, p.of)
			}
		}
	}
}

// clicksNear lists the clicks of boxes that told a sight of that sort, whatever
// it showed, in the hour of the click and in the province of the click.
func (t *history) clicksNear(sight string) []*Record {
	type stay struct {
		box, province string
		hourMs        int64
	}
	at := func(r *Record) stay { return stay{r.Box, r.Province, hourStart(r.AtMs)} }
	told := make(map[stay]bool)
	for i := range t.Records {
		if r := &t.Records[i]; r.Event.Kind == "impression" && r.Event.Sight == sight {
			told[at(r)] = true
		}
	}
	var all []*Record
	for i := range t.Records {
		if r := &t.Records[i]; r.Event.Kind == "click" && told[at(r)] {
			all = append(all, r)
		}
	}
	return all
}

// ledClicks lists the clicks that led to a play: the same box starts a play of
// what was clicked, not before the click, at most a minute after it, and before its
// next click.
func (t *history) ledClicks() []*Record {
	type doings struct{ clicks, plays []*Record }
	byBox := make(map[string]*doings)
	of := func(box string) *doings {
		if byBox[box] == nil {
			byBox[box] = &doings{}
		}
		return byBox[box]
	}
	for i := range t.Records {
		r := &t.Records[i]
		switch {
		case r.Event.Kind == "click":
			of(r.Box).clicks = append(of(r.Box).clicks, r)
		case valid(&r.Event):
			of(r.Box).plays = append(of(r.Box).plays, r)
		}
	}
	start := func(r *Record) int64 { return r.AtMs - r.Event.DurationMs }
	var all []*Record
	for _, d := range byBox {
		slices.SortStableFunc(d.clicks, func(a, b *Record) int { return int(a.AtMs - b.AtMs) })
		slices.SortStableFunc(d.plays, func(a, b *Record) int { return int(start(a) - start(b)) })
		for i, c := range d.clicks {
			if c.Event.Content == "" {
				continue
			}
			last := c.AtMs + ledMs // the last millisecond in which its play may start
			if i+1 < len(d.clicks) {
				last = min(last, d.clicks[i+1].AtMs-1)
			}
			if i > 0 && d.clicks[i-1].AtMs == c.AtMs {
				continue // of two clicks in one millisecond neither led
			}
			first, _ := slices.BinarySearchFunc(d.plays, c.AtMs, func(p *Record, at int64) int { return int(start(p) - at) })
			for _, p := range d.plays[first:] {
				if start(p) > last {
					break
				}
				if ofClick(&p.Event, &c.Event) {
					all = append(all, c)
					break
				}
			}
		}
	}
	return all
}

// ofClick reports whether a play is of what was clicked: of that content, of that
// channel, or, the box says so by the click's number, of an episode of it.
func ofClick(play, click *Event) bool {
	switch click.Content {
	case play.Content, play.Channel:
		return true
	}
	return play.Content != "" && click.Trace != 0 && click.Trace == play.Trace
}
