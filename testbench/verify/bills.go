package verify

import (
	"fmt"

	"iptvdc/testbench/feeds"
)

// ratios are questions whose answer is a quotient: what is above and below the
// line of each cell, while the truth is read. A cell with nothing below has no
// answer.
type ratios struct {
	q            *feedQuestion
	times        float64
	above, under map[feedCell]float64
}

func (t *feedTruth) ratio(times float64, indicator, grain string, dimensions ...string) *ratios {
	return &ratios{q: t.question(indicator, grain, dimensions...), times: times, above: map[feedCell]float64{}, under: map[feedCell]float64{}}
}

func (r *ratios) close() {
	for cell, n := range r.under {
		if n != 0 {
			r.q.want[cell] = r.times * r.above[cell] / n
		}
	}
}

// of names a cell by what its question splits by.
func (q *feedQuestion) of(day string, words map[string]string) feedCell {
	c := feedCell{period: day}
	if q.grain == "month" {
		c.period = day[:7]
	}
	for i, d := range q.dimensions {
		if i > 0 {
			c.values += "\t"
		}
		c.values += words[d]
	}
	return c
}

// billTruth is what orders say of buyers, refunds, providers' parts, renewals and how
// boxes and carriers agree.
type billTruth struct {
	buyers               []*feedQuestion
	met                  map[string]bool // who was counted in which cell
	perBuyer             []*ratios
	payRates             []*ratios
	refunds, refundsBy   *feedQuestion
	refundRates          []*ratios
	settled              []*feedQuestion
	due, renewed         []*feedQuestion
	renewalRates, churns []*ratios
	matched, gaps        []*feedQuestion
	confirmed            []*ratios
}

func askBills(t *feedTruth) *billTruth {
	sums := func(indicator string, splits ...[]string) (all []*feedQuestion) {
		for _, s := range splits {
			all = append(all, t.question(indicator, s[0], s[1:]...))
		}
		return all
	}
	quotients := func(times float64, indicator string, splits ...[]string) (all []*ratios) {
		for _, s := range splits {
			all = append(all, t.ratio(times, indicator, s[0], s[1:]...))
		}
		return all
	}
	place, month := []string{"day", "province"}, []string{"month", "province"}
	by := func(split []string, more ...string) []string { return append(append([]string{}, split...), more...) }
	return &billTruth{
		met:          map[string]bool{},
		buyers:       sums("buyers", place, month, by(place, "product"), by(month, "provider"), by(month, "product", "provider")),
		perBuyer:     quotients(1, "arppu", place, month, by(month, "product"), by(month, "provider")),
		payRates:     quotients(200, "pay_rate", place, month),
		refunds:      t.question("refunds", "day", "province", "product"),
		refundsBy:    t.question("refunds", "month", "province", "provider"),
		refundRates:  quotients(100, "refund_rate", place, month, by(month, "provider")),
		settled:      sums("settlement", by(place, "provider"), by(month, "provider"), by(month, "product")),
		due:          sums("renewals_due", by(place, "product"), by(month, "provider")),
		renewed:      sums("renewals", by(place, "product"), by(month, "provider")),
		renewalRates: quotients(100, "renewal_rate", place, month, by(month, "product")),
		churns:       quotients(100, "product_churn", month, by(month, "product")),
		matched:      sums("reconciled_orders", by(place, "verdict"), by(month, "product", "verdict")),
		confirmed:    quotients(100, "reconcile_rate", place, month, by(month, "product")),
		gaps:         sums("reconcile_gap", place, by(month, "verdict"), by(month, "product")),
	}
}

func (b *billTruth) bill(l *feeds.Bill) {
	words := map[string]string{"province": l.Province, "product": l.Product, "provider": l.Provider}
	fen, share := float64(l.Fen), float64(l.ShareFen)
	if l.Op == "refund" {
		fen, share = -fen, -share
		for _, q := range []*feedQuestion{b.refunds, b.refundsBy} {
			q.want[q.of(l.Day, words)] += float64(l.Orders)
		}
	}
	for _, r := range b.perBuyer {
		r.above[r.q.of(l.Day, words)] += fen
	}
	for _, r := range b.refundRates {
		if l.Op == "refund" {
			r.above[r.q.of(l.Day, words)] -= fen
		} else {
			r.under[r.q.of(l.Day, words)] += fen
		}
	}
	for _, q := range b.settled {
		q.want[q.of(l.Day, words)] += share
	}
}

// buyer counts somebody once a cell.
func (b *billTruth) buyer(l *feeds.Buyer) {
	words := map[string]string{"province": l.Province, "product": l.Product, "provider": l.Provider}
	once := func(n int, q *feedQuestion, counts map[feedCell]float64) {
		c := q.of(l.Day, words)
		if k := fmt.Sprint(n, "\t", c.period, "\t", c.values, "\t", l.Who); !b.met[k] {
			b.met[k] = true
			counts[c]++
		}
	}
	n := 0
	for _, q := range b.buyers {
		n++
		once(n, q, q.want)
	}
	for _, r := range b.perBuyer {
		n++
		once(n, r.q, r.under)
	}
	for _, r := range b.payRates {
		n++
		once(n, r.q, r.above)
	}
}

// stands tells how many accounts are active at the end of a day, and were at the
// end of the day before: 0 before the first.
func (b *billTruth) stands(l *feeds.Day, before int64, months map[feedCell]int64) {
	words := map[string]string{"province": l.Province}
	for _, r := range b.payRates {
		c := r.q.of(l.Day, words)
		if r.q.grain == "day" {
			r.under[c] = float64(before + l.States["active"])
			continue
		}
		if _, begun := months[c]; !begun {
			months[c] = before
		}
		r.under[c] = float64(months[c] + l.States["active"])
	}
}

func (b *billTruth) term(l *feeds.Due) {
	words := map[string]string{"province": l.Province, "product": l.Product, "provider": l.Provider}
	due, renewed := float64(l.Due), float64(l.Renewed)
	for i, q := range b.due {
		q.want[q.of(l.Day, words)] += due
		b.renewed[i].want[b.renewed[i].of(l.Day, words)] += renewed
	}
	for _, r := range b.renewalRates {
		r.above[r.q.of(l.Day, words)] += renewed
		r.under[r.q.of(l.Day, words)] += due
	}
	for _, r := range b.churns {
		r.above[r.q.of(l.Day, words)] += due - renewed
		r.under[r.q.of(l.Day, words)] += due
	}
}

func (b *billTruth) match(l *feeds.Match) {
	words := map[string]string{"province": l.Province, "product": l.Product, "verdict": l.Verdict}
	orders := float64(l.Orders)
	for _, q := range b.matched {
		q.want[q.of(l.Day, words)] += orders
	}
	if l.Verdict == "file_only" {
		return
	}
	for _, r := range b.confirmed {
		c := r.q.of(l.Day, words)
		r.under[c] += orders
		if l.Verdict == "equal" {
			r.above[c] += orders
		}
	}
	for _, q := range b.gaps {
		q.want[q.of(l.Day, words)] += float64(l.BoxFen - l.CarrierFen)
	}
}

func (b *billTruth) close() {
	for _, all := range [][]*ratios{b.perBuyer, b.payRates, b.refundRates, b.renewalRates, b.churns, b.confirmed} {
		for _, r := range all {
			r.close()
		}
	}
}
