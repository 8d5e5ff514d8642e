package insight

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Kind is what a rule asks of a figure.
type Kind string

const (
	// Above and Below hold the figure against a level, in the indicator's unit.
	Above Kind = "above"
	Below Kind = "below"
	// Rise and Fall hold its change since the same weekday (and hour) a week before
	// against a percentage.
	Rise Kind = "rise"
	Fall Kind = "fall"
	// Odd fires at anomalies; the level is how many deviations it takes, 0: Unusual.
	Odd Kind = "anomaly"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Above, Below, Rise, Fall, Odd} }

// Grain is how often a rule is judged.
type Grain string

const (
	ByDay  Grain = "day"
	ByHour Grain = "hour"
)

const (
	// MaxRules is the greatest number of rules of one owner.
	MaxRules = 100
	// MaxHold is the longest hold, in days or hours.
	MaxHold = 30
	// MaxReceivers is the greatest number of people told beside the owner.
	MaxReceivers = 50
	maxName      = 100
)

// Rule says when somebody wants to be told.
type Rule struct {
	ID int64 `json:"id"`
	// Owner is who made it; Scope what that person could see then. The rule is judged
	// in this scope, and told to readers only of provinces that they see now.
	Owner string           `json:"owner"`
	Scope aggregator.Scope `json:"-"`
	Name  string           `json:"name"`
	// Indicator is a figure that has provinces.
	Indicator string `json:"indicator"`
	// Provinces are codes of two digits; none: all of the scope, each for itself.
	Provinces []string `json:"provinces"`
	Grain     Grain    `json:"grain"`
	Kind      Kind     `json:"kind"`
	Level     float64  `json:"level"`
	// Hold is for how many days or hours in a row it must be so, at least 1.
	Hold  int   `json:"hold"`
	SetMs int64 `json:"set_ms"` // when it was made, UTC milliseconds
	// Receivers are names of people who are told beside the owner, each of provinces in
	// which the figure is open to them alone.
	Receivers []string `json:"receivers"`
}

// Check fills what was left out and reports what is wrong, as an
// *aggregator.Error. Every province of the rule must lie in its scope.
func (r *Rule) Check() error {
	r.Grain, r.Kind, r.Hold = cmp.Or(r.Grain, ByDay), cmp.Or(r.Kind, Odd), cmp.Or(r.Hold, 1)
	if r.Kind == Odd && r.Level == 0 {
		r.Level = Unusual
	}
	i, ok := indicator.Find(r.Indicator)
	switch {
	case !ok || !i.Has(store.ColProvince):
		return faultf("bad_indicator", "indicator: there is no %q by province; /api/v1/indicators lists them", clip(r.Indicator))
	case i.Curved():
		return curved(&i)
	case r.Grain != ByDay && r.Grain != ByHour:
		return faultf("bad_grain", "grain: there is no %q; allowed: day, hour", clip(string(r.Grain)))
	case r.Grain == ByHour && i.Daily():
		return faultf("bad_grain", "grain: %s is known by day, not by hour", i.ID)
	case !slices.Contains(Kinds(), r.Kind):
		return faultf("bad_kind", "kind: there is no %q; allowed: above, below, rise, fall, anomaly", clip(string(r.Kind)))
	case math.IsNaN(r.Level) || math.Abs(r.Level) > 1e15:
		return faultf("bad_level", "level: must be a number")
	case r.Kind != Above && r.Kind != Below && r.Level <= 0:
		return faultf("bad_level", "level: %v; of rise and fall it is a percentage, of anomaly how many deviations, above 0", r.Level)
	case r.Hold < 1 || r.Hold > MaxHold:
		return faultf("bad_hold", "hold: %d, allowed 1 to %d", r.Hold, MaxHold)
	case len(r.Name) > maxName || !utf8.ValidString(r.Name):
		return faultf("bad_name", "name: at most %d bytes of text", maxName)
	case len(r.Receivers) > MaxReceivers:
		return faultf("bad_receivers", "receivers: %d, allowed %d", len(r.Receivers), MaxReceivers)
	case !r.Scope.All && len(r.Scope.Provinces) == 0:
		return faultf("bad_scope", "provinces: you may see none")
	}
	for _, code := range r.Provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return err
		}
		if !r.Scope.Sees(p) {
			return faultf("bad_scope", "provinces: %s is not open to you", code)
		}
	}
	slices.Sort(r.Provinces)
	r.Provinces = slices.Compact(r.Provinces)
	if r.Name == "" {
		r.Name = i.Title.EN
	}
	return nil
}

// scope is what the rule is judged in.
func (r *Rule) scope() aggregator.Scope {
	if len(r.Provinces) == 0 {
		return r.Scope
	}
	var s aggregator.Scope
	for _, code := range r.Provinces {
		if p, err := aggregator.ParseProvince(code); err == nil && r.Scope.Sees(p) {
			s.Provinces = append(s.Provinces, p)
		}
	}
	return s
}

// State is how a rule stands in a province. The zero State is quiet.
type State struct {
	Province string
	// Through is the last day or hour judged, as numbered by aggregator.
	Through int64
	// Run is for how many in a row it has been so, Since the first of them.
	Run    int
	Since  int64
	Firing bool
}

// Notice is one change of a rule in a province: it began to fire, or stopped.
type Notice struct {
	ID       int64          `json:"id"`
	Rule     int64          `json:"rule"`
	Owner    string         `json:"owner"`
	Name     string         `json:"name"`
	Province string         `json:"province"`
	Firing   bool           `json:"firing"`
	Period   string         `json:"period"` // 2026-05-03 or 2026-05-03T20
	Since    string         `json:"since"`  // the first period of the run
	Value    float64        `json:"value"`
	Text     indicator.Text `json:"text"`
	AtMs     int64          `json:"at_ms"` // when it was noticed, UTC milliseconds
	// Receivers are those of its rule, while there is one.
	Receivers []string `json:"receivers,omitempty"`
}

// finding is what a rule is told of a period.
type finding struct {
	value float64
	bad   bool
	text  indicator.Text
}

// step takes the state over one period and reports whether there is something to
// tell. A period that was judged before changes nothing: nobody is told twice.
func (s *State) step(period int64, hold int, bad bool) (tell bool) {
	if period <= s.Through {
		return false
	}
	gap := s.Through != 0 && period != s.Through+1
	s.Through = period
	if !bad {
		tell = s.Firing
		s.Run, s.Since, s.Firing = 0, 0, false
		return tell
	}
	if s.Run == 0 || gap && !s.Firing {
		s.Run, s.Since = 0, period
	}
	s.Run++
	if !s.Firing && s.Run >= hold {
		s.Firing = true
		return true
	}
	return false
}

// period writes a day's or hour's number.
func (g Grain) period(n int64) string {
	if n == 0 {
		return ""
	}
	if g == ByDay {
		return aggregator.Day(n).String()
	}
	h := aggregator.Hour(n)
	return h.Day().String() + "T" + twoDigits(int(h-h.Day().FirstHour()))
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// split is a period's day, and its hour or -1.
func (g Grain) split(n int64) (aggregator.Day, int) {
	if g == ByDay {
		return aggregator.Day(n), -1
	}
	h := aggregator.Hour(n)
	return h.Day(), int(h - h.Day().FirstHour())
}
