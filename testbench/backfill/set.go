package backfill

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Config says which past to make. The zero values of EventsPerBoxDay and Days
// mean 100 and 31.
type Config struct {
	Boxes           int
	EventsPerBoxDay int // on the mean of all boxes and days
	Days            int // closed ones
	Seed            uint64
	// EndMs is where the past ends, UTC milliseconds: Days before its day, and of
	// its day what lies before it.
	EndMs int64
	// YearBefore makes the same days a year earlier too: a tenth fewer orders,
	// fewer boxes on.
	YearBefore bool
	// Box turns a box's id into its key; nil: keys of no platform.
	Box func(id string) uint64
}

func (c *Config) defaults() {
	if c.EventsPerBoxDay == 0 {
		c.EventsPerBoxDay = 100
	}
	if c.Days == 0 {
		c.Days = 31
	}
}

// Check says what is wrong with a Config, and what is allowed.
func (c *Config) Check() error {
	switch {
	case c.Boxes < 1 || c.Boxes > 20_000_000:
		return fmt.Errorf("boxes: %d, allowed 1..20000000", c.Boxes)
	case c.Days < 1 || c.Days > 400:
		return fmt.Errorf("days: %d, allowed 1..400", c.Days)
	case c.EventsPerBoxDay < 10 || c.EventsPerBoxDay > 1000:
		return fmt.Errorf("events-per-box-day: %d, allowed 10..1000", c.EventsPerBoxDay)
	}
	return nil
}

// Set makes the blocks of a past. It is unchanged once made; all its methods are
// safe for concurrent use.
type Set struct {
	Config
	world *world
	keys  []uint64
	today aggregator.Day
}

// New returns the set of a Config.
func New(c Config) (*Set, error) {
	c.defaults()
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Box == nil {
		c.Box = func(id string) uint64 { return aggregator.TextKey(id) }
	}
	s := &Set{Config: c, world: newWorld(), keys: make([]uint64, c.Boxes), today: aggregator.DayOf(c.EndMs - 1)}
	part := (c.Boxes + runtime.NumCPU() - 1) / runtime.NumCPU()
	var all sync.WaitGroup
	for from := 0; from < c.Boxes; from += part {
		all.Go(func() {
			for i := from; i < min(from+part, c.Boxes); i++ {
				s.keys[i] = c.Box(fmt.Sprintf("backfill%012d", i))
			}
		})
	}
	all.Wait()
	return s, nil
}

// Key is the key of box i, of 0..Boxes-1.
func (s *Set) Key(i int) uint64 { return s.keys[i] }

// Home is where box i stands.
func (s *Set) Home(i int) (aggregator.Province, aggregator.City) {
	b := s.box(i)
	return b.province, b.city
}

// DaysOf returns the days of the set, rising: those of the year before if asked
// for, then the closed ones, then the one under way.
func (s *Set) DaysOf() []aggregator.Day {
	var days []aggregator.Day
	if s.YearBefore {
		for d := s.today - aggregator.Day(s.Days); d <= s.today; d++ {
			days = append(days, yearBefore(d))
		}
		days = slices.Compact(days) // 28 February stands for the 29th too
	}
	for d := s.today - aggregator.Day(s.Days); d <= s.today; d++ {
		days = append(days, d)
	}
	return days
}

func yearBefore(d aggregator.Day) aggregator.Day {
	t := d.Time().AddDate(-1, 0, 0)
	if t.Day() != d.Time().Day() { // there was no 29 February
		t = t.AddDate(0, 0, -t.Day())
	}
	return aggregator.DayOf(t.UnixMilli())
}

// Expected is about how many events a day has: so many the whole set, one day.
func (s *Set) Expected() (all, day int64) {
	day = int64(s.Boxes) * int64(s.EventsPerBoxDay)
	all = day * int64(s.Days)
	if s.YearBefore {
		all *= 2
	}
	return all + day*(s.EndMs-s.today.Start())/aggregator.DayMs, day
}

// Part is a block of a set that is yet to be made: the sittings that begin in
// the hours from Hour up to Until, itself not among them, of the boxes
// From..To-1.
type Part struct {
	Hour, Until aggregator.Hour
	From, To    int
	ID          [16]byte
}

// blockEvents is about how many events a block has.
const blockEvents = 400_000

// Parts lists a day's blocks in the order of their hours. Hours in which little
// happens share one.
func (s *Set) Parts(day aggregator.Day) []Part {
	hours, sum := weekdayHours, 0.0
	if weekend(day) {
		hours = weekendHours
	}
	for _, w := range hours {
		sum += w
	}
	var parts []Part
	events, from := 0.0, day.FirstHour()
	for h, w := range hours {
		events += float64(s.Boxes) * float64(s.EventsPerBoxDay) * w / sum
		until := day.FirstHour() + aggregator.Hour(h) + 1
		if events < blockEvents && h < len(hours)-1 {
			continue
		}
		n := max(1, int(events/blockEvents))
		size := (s.Boxes + n - 1) / n
		for box := 0; box < s.Boxes && from.Start() < s.EndMs; box += size {
			p := Part{Hour: from, Until: until, From: box, To: min(box+size, s.Boxes)}
			id := sha256.Sum256(fmt.Appendf(nil, "backfill 2 %d %d %d %d %d %d %d %d %v", s.Seed, s.Boxes, s.EventsPerBoxDay, s.Days, s.EndMs, p.Hour, p.From, p.To, s.YearBefore))
			copy(p.ID[:], id[:])
			parts = append(parts, p)
		}
		events, from = 0, until
	}
	return parts
}

// First reports whether a part is the first of its set: it carries the texts of
// all keys.
func (s *Set) First(p Part) bool {
	return p.From == 0 && p.Hour == s.DaysOf()[0].FirstHour()
}

// Fill makes a part's block in b, whose slices are used again.
func (s *Set) Fill(p Part, b *store.Block) {
	*b = store.Block{ID: p.ID, Powers: b.Powers[:0], PageViews: b.PageViews[:0], Clicks: b.Clicks[:0], Views: b.Views[:0],
		Orders: b.Orders[:0], Impressions: b.Impressions[:0], OrderPages: b.OrderPages[:0], Playbacks: b.Playbacks[:0],
		Healths: b.Healths[:0], Notices: b.Notices[:0]}
	if s.First(p) {
		b.Codes = s.world.codes
	}
	day := p.Hour.Day()
	e := s.evening(day)
	for i := p.From; i < p.To; i++ {
		d := roll(s.Seed, uint64(i), uint64(uint32(day)))
		var starts [maxSittings]int64
		drawn := false // most boxes have no sitting in this hour
		for k, at := range e.sittings(s, i, &d, starts[:0]) {
			if h := aggregator.HourOf(at); h < p.Hour || h >= p.Until {
				continue
			}
			if !drawn {
				e.box, drawn = s.box(i), true
			}
			sit := roll(s.Seed^0x5177, uint64(i), uint64(uint32(day))<<8|uint64(k))
			e.sit(s, b, k, at, &sit)
		}
	}
}

// Codes returns the texts of all keys of pages, contents, channels and products.
func (s *Set) Codes() []store.Code { return s.world.codes }
