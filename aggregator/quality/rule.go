package quality

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/indicator"
)

// Thresholds of the rules. Shares are percentages; from each on the verdict
// holds.
const (
	// RejectedAttention and RejectedBad are the share of a day's records of a feed
	// that were rejected. A dialect refuses a whole file at a share of its own.
	RejectedAttention, RejectedBad = 0.1, 2.0
	// UntoldAttention and UntoldBad are changes that no change told, of the active
	// accounts.
	UntoldAttention, UntoldBad = 0.1, 1.0
	// UnknownAttention and UnknownBad are the viewing time of contents whose genre
	// or place of production is unknown, where the province has a catalogue.
	UnknownAttention, UnknownBad = 10.0, 30.0
	// CoverageAttention and CoverageBad are reporting boxes of active accounts,
	// below which figures of boxes say little of accounts (30: no projection).
	// CoverageMost is above what several boxes an account explain.
	CoverageAttention, CoverageBad, CoverageMost = 30.0, 5.0, 150.0
	// UnsyncedAttention and UnsyncedBad are events of boots that never knew the
	// time. SyncedAttention is below which share events rest on a synced clock: what
	// comes before a boot's first sync leaves a tenth, boxes that cannot reach NTP
	// and hear no ack leave most.
	UnsyncedAttention, UnsyncedBad, SyncedAttention = 1.0, 10.0, 50.0
	// LostAttention and LostBad are events that will never come, of all that boxes
	// of a province ever had, or had on a day.
	LostAttention, LostBad = 0.1, 1.0
)

// holes are what a rule's text is filled with.
type holes map[string]string

// found is one way in which a rule is broken.
type found struct {
	verdict Verdict
	feed    c3.Feed
	holes   holes
}

// rule is one thing that can be wrong with a province's day.
type rule struct {
	code  string
	text  indicator.Text // {feed} and other holes
	judge func(r *Row) []found
}

// rules is every rule; what breaks none is good.
var rules = []rule{
	// A file that is overdue is bad where figures of the day hang on it; products
	// and catalogues change slowly, so yesterday's still do.
	{"file_missing", indicator.Text{ZH: "{feed}：应到 {due} 个文件，缺 {n} 个", EN: "{feed}: missing, {n} of {due}"},
		eachFeed(func(f *FeedDay) (Verdict, holes) {
			if f.Lacking == 0 || f.Refused >= f.Lacking {
				return None, nil // that it was refused says more
			}
			v := Bad
			if f.Feed == c3.FeedProducts || f.Feed == c3.FeedCatalogue {
				v = Attention
			}
			return v, holes{"n": strconv.Itoa(f.Lacking), "due": strconv.Itoa(f.Due)}
		})},
	{"file_late", indicator.Text{ZH: "{feed}：文件晚到", EN: "{feed}: came late"},
		eachFeed(func(f *FeedDay) (Verdict, holes) { return when(f.State == Late, Attention), nil })},
	// A refused file is bad unless others took its place.
	{"file_refused", indicator.Text{ZH: "{feed}：{n} 个文件被拒收", EN: "{feed}: {n} refused"},
		eachFeed(func(f *FeedDay) (Verdict, holes) {
			v := when(f.Refused > 0, Attention)
			if f.Refused > 0 && (f.Lacking > 0 || f.Files == f.Refused) {
				v = Bad
			}
			return v, holes{"n": strconv.Itoa(f.Refused)}
		})},
	{"file_waiting", indicator.Text{ZH: "{feed}：{n} 个文件等待人工确认", EN: "{feed}: {n} waiting for an operator"},
		eachFeed(func(f *FeedDay) (Verdict, holes) {
			return when(f.Waiting > 0, Attention), holes{"n": strconv.Itoa(f.Waiting)}
		})},
	{"records_rejected", indicator.Text{ZH: "{feed}：{all} 条记录中 {n} 条被拒（{share}%）", EN: "{feed}: {n} of {all} records rejected ({share}%)"},
		eachFeed(func(f *FeedDay) (Verdict, holes) {
			s := share(f.Rejected, f.Records)
			return from(s, RejectedAttention, RejectedBad), holes{"n": whole(f.Rejected), "all": whole(f.Records), "share": figure(s)}
		})},
	// Accounts that come or go without a reason are a fault of files or of ours.
	{"unbalanced", indicator.Text{ZH: "用户平衡差 {n} 户", EN: "the balance of accounts is out by {n}"},
		func(r *Row) []found {
			if r.Balance == nil || r.Balance.Error == 0 {
				return nil
			}
			return []found{{Bad, 0, holes{"n": whole(r.Balance.Error)}}}
		}},
	{"untold", indicator.Text{ZH: "{n} 户的状态变化在变更数据中没有记录（{share}%）", EN: "changes of accounts that no file of changes told: {n} ({share}%)"},
		func(r *Row) []found {
			if r.Untold == nil || r.Balance == nil {
				return nil
			}
			s := share(*r.Untold, r.Balance.After)
			return []found{{from(s, UntoldAttention, UntoldBad), 0, holes{"n": whole(*r.Untold), "share": figure(s)}}}
		}},
	{"genre_unknown", indicator.Text{ZH: "{share}% 的收视时长题材未知", EN: "genre unknown for {share}% of viewing time"},
		func(r *Row) []found { return unknown(r, r.GenreUnknown) }},
	{"place_unknown", indicator.Text{ZH: "{share}% 的收视时长产地未知", EN: "place of production unknown for {share}% of viewing time"},
		func(r *Row) []found { return unknown(r, r.PlaceUnknown) }},
	{"coverage_low", indicator.Text{ZH: "上报机顶盒仅覆盖 {share}% 的在用账户", EN: "reporting boxes cover only {share}% of active accounts"},
		func(r *Row) []found {
			if !(r.BoxCoverage > 0) { // a province without any box is not connected yet
				return nil
			}
			return []found{{below(float64(r.BoxCoverage), CoverageAttention, CoverageBad), 0, holes{"share": figure(float64(r.BoxCoverage))}}}
		}},
	{"coverage_high", indicator.Text{ZH: "上报机顶盒为在用账户的 {share}%：账户数据可能不全", EN: "reporting boxes are {share}% of active accounts: accounts may be missing"},
		func(r *Row) []found {
			return []found{{when(r.BoxCoverage > CoverageMost, Attention), 0, holes{"share": figure(float64(r.BoxCoverage))}}}
		}},
	{lostEvents.code, lostEvents.text, ofBoxes(func(b *BoxDay) (Verdict, holes) {
		if !b.LossRate.Valid() {
			return None, nil
		}
		return from(float64(b.LossRate), LostAttention, LostBad), holes{"n": whole(b.Lost), "share": figure(float64(b.LossRate))}
	})},
	{"clock_unsynced", indicator.Text{ZH: "{share}% 的事件时间未知：机顶盒从未对时", EN: "the time of {share}% of the events is a guess: their boxes never knew it"},
		ofBoxes(func(b *BoxDay) (Verdict, holes) {
			if !b.ClockUnsynced.Valid() {
				return None, nil
			}
			return from(float64(b.ClockUnsynced), UnsyncedAttention, UnsyncedBad), holes{"share": figure(float64(b.ClockUnsynced))}
		})},
	{"clock_doubtful", indicator.Text{ZH: "仅 {share}% 的事件时间来自已对时的时钟", EN: "only {share}% of the events have the time of a synced clock"},
		ofBoxes(func(b *BoxDay) (Verdict, holes) {
			return when(b.ClockSynced < SyncedAttention, Attention), holes{"share": figure(float64(b.ClockSynced))}
		})},
}

// judge sets the verdict and its reasons.
func (r *Row) judge() {
	if r.judged() {
		r.Verdict = Good
	}
	for i := range rules {
		for _, f := range rules[i].judge(r) {
			if f.verdict > Good {
				r.Reasons = append(r.Reasons, rules[i].reason(f))
				r.Verdict = max(r.Verdict, f.verdict)
			}
		}
	}
	slices.SortStableFunc(r.Reasons, func(a, b Reason) int { return cmp.Compare(b.Verdict, a.Verdict) })
}

// judged reports whether there is anything to judge: what is only pending is not,
// and what boxes told does not make up for files.
func (r *Row) judged() bool {
	return r.Boxes != nil && len(r.Feeds) == 0 || r.Balance != nil || r.BoxCoverage.Valid() || r.catalogued() && (r.GenreUnknown.Valid() || r.PlaceUnknown.Valid()) ||
		slices.ContainsFunc(r.Feeds, func(f FeedDay) bool { return f.Files > 0 || f.Lacking > 0 })
}

// catalogued reports whether the province could know what its contents are.
func (r *Row) catalogued() bool {
	return r.GenreUnknown < 100 || r.PlaceUnknown < 100 ||
		slices.ContainsFunc(r.Feeds, func(f FeedDay) bool { return f.Feed == c3.FeedCatalogue })
}

func (u *rule) reason(f found) Reason {
	fill := func(text, feed string) string {
		all := []string{"{feed}", feed}
		for hole, v := range f.holes {
			all = append(all, "{"+hole+"}", v)
		}
		return strings.NewReplacer(all...).Replace(text)
	}
	name := FeedTitle(f.feed)
	return Reason{f.verdict, u.code, f.feed, indicator.Text{ZH: fill(u.text.ZH, name.ZH), EN: fill(u.text.EN, name.EN)}}
}

// JudgeEvents judges what boxes of a province sent since the beginning.
func JudgeEvents(received, lost, quarantined uint64) (Verdict, []Reason) {
	if received+lost+quarantined == 0 {
		return None, nil
	}
	verdict := Good
	var reasons []Reason
	say := func(v Verdict, u rule, h holes) {
		if v > Good {
			verdict = max(verdict, v)
			reasons = append(reasons, u.reason(found{v, 0, h}))
		}
	}
	s := share(int64(lost), int64(received+lost))
	say(from(s, LostAttention, LostBad), lostEvents, holes{"n": whole(int64(lost)), "share": figure(s)})
	say(when(quarantined > 0, Attention), heldEvents, holes{"n": whole(int64(quarantined))})
	return verdict, reasons
}

var (
	lostEvents = rule{code: "events_lost", text: indicator.Text{ZH: "{n} 个事件丢失（{share}%）", EN: "{n} events lost ({share}%)"}}
	heldEvents = rule{code: "events_quarantined", text: indicator.Text{ZH: "{n} 个事件被隔离，未入库", EN: "{n} events quarantined, not in the figures"}}
)

var feedTitles = map[c3.Feed]indicator.Text{
	c3.FeedSubscribers: {ZH: "用户全量", EN: "Subscribers"}, c3.FeedChanges: {ZH: "用户变更", EN: "Changes"},
	c3.FeedOrders: {ZH: "订单", EN: "Orders"}, c3.FeedProducts: {ZH: "产品", EN: "Products"}, c3.FeedCatalogue: {ZH: "内容目录", EN: "Catalogue"},
}

// FeedTitle is a feed's name for people.
func FeedTitle(f c3.Feed) indicator.Text { return feedTitles[f] }

// feedOrder is the order in which people read feeds.
func feedOrder(f c3.Feed) int {
	return slices.Index([]c3.Feed{c3.FeedSubscribers, c3.FeedChanges, c3.FeedOrders, c3.FeedProducts, c3.FeedCatalogue}, f)
}

var noExpect dialect.Expect

func eachFeed(judge func(*FeedDay) (Verdict, holes)) func(*Row) []found {
	return func(r *Row) []found {
		var all []found
		for i := range r.Feeds {
			v, h := judge(&r.Feeds[i])
			all = append(all, found{v, r.Feeds[i].Feed, h})
		}
		return all
	}
}

func ofBoxes(judge func(*BoxDay) (Verdict, holes)) func(*Row) []found {
	return func(r *Row) []found {
		if r.Boxes == nil {
			return nil
		}
		v, h := judge(r.Boxes)
		return []found{{v, 0, h}}
	}
}

func unknown(r *Row, n indicator.Number) []found {
	if !n.Valid() || !r.catalogued() {
		return nil
	}
	return []found{{from(float64(n), UnknownAttention, UnknownBad), 0, holes{"share": figure(float64(n))}}}
}

// from is the verdict on a figure that is worse the greater it is.
func from(v, attention, bad float64) Verdict {
	switch {
	case v >= bad:
		return Bad
	case v >= attention:
		return Attention
	}
	return Good
}

// below is the verdict on a figure that is worse the smaller it is.
func below(v, attention, bad float64) Verdict {
	switch {
	case v < bad:
		return Bad
	case v < attention:
		return Attention
	}
	return Good
}

func when(yes bool, v Verdict) Verdict {
	if yes {
		return v
	}
	return Good
}

// share is a percentage; of nothing it is 0.
func share(n, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(n) / float64(all)
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

// figure writes a percentage with one digit after the point, two below 1.
func figure(v float64) string {
	scale := 10.0
	if math.Abs(v) < 1 {
		scale = 100
	}
	return strconv.FormatFloat(math.Round(v*scale)/scale, 'f', -1, 64)
}
