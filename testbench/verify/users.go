package verify

import "iptvdc/testbench/feeds"

// userTruth is what accounts and their movements say beside their plain counts.
type userTruth struct {
	active []*feedQuestion
	flows  map[string][]*feedQuestion // by the figure
	arpu   []*ratios
	months map[feedCell]int64 // active before the month's first day
}

// leaving are the movements of accounts that leave.
var leaving = []string{"cancelled", "moved_out", "suspended_cancelled", "suspended_moved_out"}

func askUsers(t *feedTruth) *userTruth {
	u := &userTruth{flows: map[string][]*feedQuestion{}, months: map[feedCell]int64{}}
	for _, grain := range []string{"day", "month"} {
		u.active = append(u.active, t.question("active_accounts", grain, "province"))
		for _, figure := range []string{"new_accounts", "left_accounts"} {
			u.flows[figure] = append(u.flows[figure], t.question(figure, grain, "province"))
		}
		t.question("balance_error", grain, "province") // which must be 0 everywhere
		u.arpu = append(u.arpu, t.ratio(2, "arpu", grain, "province"))
	}
	return u
}

// day counts a day of a province; before is how many accounts were active the day
// before.
func (u *userTruth) day(d *feeds.Day, before int64) {
	words := map[string]string{"province": d.Province}
	for _, q := range u.active { // of a month its last day
		q.want[q.of(d.Day, words)] = float64(d.States["active"])
	}
	for _, q := range u.flows["new_accounts"] {
		q.want[q.of(d.Day, words)] += float64(d.Flows["new"])
	}
	for _, q := range u.flows["left_accounts"] {
		for _, flow := range leaving {
			q.want[q.of(d.Day, words)] += float64(d.Flows[flow])
		}
	}
	for _, r := range u.arpu {
		c := r.q.of(d.Day, words)
		if _, begun := u.months[c]; !begun {
			u.months[c] = before
		}
		r.under[c] = float64(u.months[c] + d.States["active"])
	}
}

func (u *userTruth) bill(b *feeds.Bill) {
	fen := float64(b.Fen)
	if b.Op == "refund" {
		fen = -fen
	}
	for _, r := range u.arpu {
		r.above[r.q.of(b.Day, map[string]string{"province": b.Province})] += fen
	}
}

func (u *userTruth) close() {
	for _, r := range u.arpu {
		r.close()
	}
}
