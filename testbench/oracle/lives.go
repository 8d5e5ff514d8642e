package oracle

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// lifeLine is how a subscriber stands at the end of a day, and of those after it up
// to the next line of theirs.
type lifeLine struct {
	Province string `json:"province"`
	Who      int    `json:"who"`
	Day      string `json:"day"`
	State    string `json:"state"`
	Account  string `json:"account"`
	City     string `json:"city"`
	Opened   string `json:"opened"` // day; "": nobody told
	Flow     string `json:"flow"`   // of that day
}

// whoIs names a subscriber.
type whoIs struct {
	province string
	who      int
}

// subscriber is all that is known of one, by day, in order.
type subscriber struct {
	province string
	lines    []*lifeLine
}

// sortLives puts every subscriber's lines in order.
func (c *Catalogue) sortLives() {
	for _, s := range c.lives {
		slices.SortFunc(s.lines, func(a, b *lifeLine) int { return cmp.Compare(a.Day, b.Day) })
	}
}

// seen is what the boxes of an account told on a day.
type seen struct{ any, on bool }

// numberOf is an account of a province.
type numberOf struct{ province, account string }

const (
	reportingDays = 30
	silentDays    = 30
	suspendedDays = 60
)

// presentAs is how an account counts on a day.
type presentAs struct {
	day, province, city, state, tenure, recency, silence string
}

// live follows every subscriber from day to day, with what its boxes told.
func (o *Oracle) live() {
	if o.catalogue == nil || len(o.catalogue.lives) == 0 || o.from == "" {
		return
	}
	counts := make(map[presentAs]*[measures]int64)
	cohorts := make(map[cohortAs]*[measures]int64)
	for _, s := range o.catalogue.lives {
		told := o.catalogue.active[s.province]
		if len(told) == 0 {
			continue
		}
		o.follow(s, told[0].Day, told[len(told)-1].Day, counts, cohorts)
	}
	for k, n := range counts {
		say := func(d string) string {
			switch d {
			case "province":
				return k.province
			case "city":
				return k.city
			case "state":
				return k.state
			case "tenure":
				return k.tenure
			case "recency":
				return k.recency
			case "silence":
				return k.silence
			}
			panic("oracle: no dimension of accounts " + d)
		}
		o.addCounts(midnight(k.day), n, say)
	}
	for k, n := range cohorts {
		say := func(d string) string {
			switch d {
			case "province":
				return k.province
			case "city":
				return k.city
			case "cohort":
				return k.cohort
			case "age_months":
				return strconv.Itoa(k.age)
			}
			panic("oracle: no dimension of cohorts " + d)
		}
		o.addCounts(midnight(k.day), n, say)
	}
}

// addCounts makes rows of what was counted on a day.
func (o *Oracle) addCounts(atMs int64, n *[measures]int64, say func(string) string) {
	hour := hourStart(atMs)/hourMs - o.base
	for m := range measures {
		if n[m] == 0 {
			continue
		}
		f := o.of[m]
		var c combination
		for i, d := range f.dims {
			c[i] = o.words.number(say(d))
		}
		o.rows[m] = append(o.rows[m], row{keyOf(hour, f.numbered(c), 0), n[m]})
	}
}

// follow counts what one subscriber is on each day that was told.
func (o *Oracle) follow(s *subscriber, firstTold, lastTold string, counts map[presentAs]*[measures]int64, cohorts map[cohortAs]*[measures]int64) {
	at := func(day string) *lifeLine { // the line that holds at the end of a day; before the first one that
		n, found := slices.BinarySearchFunc(s.lines, day, func(l *lifeLine, day string) int { return cmp.Compare(l.Day, day) })
		if !found {
			n--
		}
		return s.lines[max(0, n)]
	}
	// What was heard under its numbers, each on the days on which it was its own.
	first := min(o.from, firstTold)
	days := DaysBetween(first, max(lastTold, o.to))
	heard := make([]seen, len(days))
	for n, day := range days {
		if of := o.heard[numberOf{s.province, at(day).Account}]; of != nil {
			heard[n] = of[day]
		}
	}
	const never = -1
	lastOn, lastAny, firstAny, since := never, never, never, 0
	state := ""
	// silent is for how many days it has been silent at the end of day n.
	silent := func(n int) int { return n - max(firstAny, since, lastOn) }
	for n, day := range days {
		wasSilent := firstAny != never && state == "active" && silent(n-1) >= silentDays
		told := firstTold <= day && day <= lastTold
		line := at(day)
		if line.Day > day {
			line = &lifeLine{} // is still to come
		}
		broke := !told || line.State != state || day == firstTold
		if heard[n].any {
			lastAny = n
			if firstAny == never {
				firstAny = n
			}
		}
		if heard[n].on {
			lastOn = n
		}
		if !told {
			continue
		}
		if broke {
			state, since = line.State, n
		}
		flow := line.Flow
		if line.Day != day {
			flow = ""
		}
		place := presentAs{day: day, province: s.province, city: line.City}
		if slices.Contains(leavingFlows, flow) {
			countAt(counts, place)[leftAccounts]++
		}
		if state != "active" && state != "suspended" {
			continue
		}
		countAt(counts, place)[baseAccounts]++
		k := place
		k.state, k.tenure = state, tenureOn(line.Opened, day)
		k.recency, k.silence = "suspended", "suspended"
		var as []measure
		if state == "suspended" {
			if n-since > suspendedDays {
				k.silence = "lost"
				as = append(as, softChurn)
			}
		} else {
			as = append(as, presentActive)
			k.recency, k.silence = recencyOn(n, lastOn, firstAny), "unseen"
			switch k.recency {
			case "day":
				as = append(as, onDay, onWeek, onMonth)
			case "week":
				as = append(as, onWeek, onMonth)
			case "month":
				as = append(as, onMonth)
			}
			if firstAny == never {
				as = append(as, unseen)
			} else {
				k.silence = "none"
				for _, l := range []struct {
					days int
					name string
					m    measure
				}{{7, "7", silent7}, {30, "30", silent30}, {90, "90", silent90}} {
					if silent(n) >= l.days {
						k.silence = l.name
						as = append(as, l.m)
					}
				}
				if k.silence == "90" {
					as = append(as, softChurn)
				}
				if n-lastAny < reportingDays {
					as = append(as, presentReporting)
				}
			}
			if wasSilent && !broke && heard[n].on {
				as = append(as, returned)
			}
		}
		c := countAt(counts, k)
		c[present]++
		for _, m := range as {
			c[m]++
		}
	}
	o.cohort(s, days, heard, at, firstTold, lastTold, cohorts)
}

func countAt[K comparable](counts map[K]*[measures]int64, k K) *[measures]int64 {
	if counts[k] == nil {
		counts[k] = new([measures]int64)
	}
	return counts[k]
}

// leavingFlows are those of who leaves.
var leavingFlows = []string{"cancelled", "moved_out", "suspended_cancelled", "suspended_moved_out"}

// recencyOn says when an active account was last switched on, on day n; below 0 is
// never.
func recencyOn(n, lastOn, firstAny int) string {
	switch {
	case firstAny < 0:
		return "unseen"
	case lastOn < 0:
		return "never"
	case lastOn == n:
		return "day"
	case n-lastOn < 7:
		return "week"
	case n-lastOn < 30:
		return "month"
	}
	return "longer"
}

// tenureOn says how old a subscription is on a day.
func tenureOn(opened, day string) string {
	if opened == "" {
		return "unknown"
	}
	name := "under_3m"
	for _, t := range []struct {
		months int
		name   string
	}{{3, "3m_1y"}, {12, "1y_2y"}, {24, "2y_5y"}, {60, "over_5y"}} {
		if day >= monthsAfter(opened, t.months) {
			name = t.name
		}
	}
	return name
}

// monthsAfter is the same date so many months later, or the last of a month that
// lacks it.
func monthsAfter(day string, months int) string {
	t := moment(midnight(day))
	month := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, shanghai)
	last := month.AddDate(0, 1, -1)
	if t.Day() > last.Day() {
		return last.Format("2006-01-02")
	}
	return month.AddDate(0, 0, t.Day()-1).Format("2006-01-02")
}

// cohortAs is where those who opened in a month count at the end of a later one.
type cohortAs struct {
	day, province, city, cohort string
	age                         int // months
}

// cohort counts what became of a subscriber since each month in which it opened.
func (o *Oracle) cohort(s *subscriber, days []string, heard []seen, at func(string) *lifeLine, firstTold, lastTold string, cohorts map[cohortAs]*[measures]int64) {
	opened := make(map[string]*lifeLine) // by month, the last
	for _, l := range s.lines {
		if l.Flow == "new" {
			opened[l.Day[:7]] = l
		}
	}
	for month, line := range opened {
		end := before(monthsAfter(month+"-01", 1), 1)
		for age := 0; end <= lastTold; age++ {
			if end >= firstTold {
				c := countAt(cohorts, cohortAs{end, s.province, line.City, month, age})
				c[members]++
				if at(end).State == "active" {
					c[retained]++
				}
				c[cohortObserved]++
				for n, h := range heard {
					if h.on && days[n][:7] == end[:7] {
						c[engaged]++
						break
					}
				}
			}
			end = before(monthsAfter(month+"-01", age+2), 1)
		}
	}
}
