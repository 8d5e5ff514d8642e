package verify

import (
	"strings"
	"testing"
)

// What a truth of orders must be answered with: distinct buyers over any time, and
// quotients of sums, not sums of quotients.
func TestReadBills(t *testing.T) {
	truth := `{"feeds_truth":1,"from":"2026-04-30","to":"2026-05-02","provinces":["33"]}
{"day":{"province":"33","day":"2026-04-30","states":{"active":10,"suspended":5}}}
{"bill":{"province":"33","day":"2026-04-30","product":"a","provider":"x","op":"sub","orders":2,"fen":300,"share_fen":100}}
{"day":{"province":"33","day":"2026-05-01","states":{"active":20}}}
{"bill":{"province":"33","day":"2026-05-01","product":"a","provider":"x","op":"sub","orders":1,"fen":100,"share_fen":50}}
{"bill":{"province":"33","day":"2026-05-01","product":"b","provider":"x","op":"refund","orders":1,"fen":30,"share_fen":7}}
{"day":{"province":"33","day":"2026-05-02","states":{"active":30}}}
{"bill":{"province":"33","day":"2026-05-02","product":"b","provider":"y","op":"renew","orders":1,"fen":200,"share_fen":20}}
{"buyer":{"province":"33","day":"2026-04-30","who":1,"product":"a","provider":"x"}}
{"buyer":{"province":"33","day":"2026-04-30","who":2,"product":"a","provider":"x"}}
{"buyer":{"province":"33","day":"2026-05-01","who":1,"product":"a","provider":"x"}}
{"buyer":{"province":"33","day":"2026-05-02","who":1,"product":"b","provider":"y"}}
{"due":{"province":"33","day":"2026-05-01","product":"a","provider":"x","due":3,"renewed":1}}
{"due":{"province":"33","day":"2026-05-02","product":"b","provider":"y","due":1,"renewed":1}}
{"match":{"province":"33","day":"2026-05-01","product":"a","verdict":"equal","orders":3,"box_fen":300,"carrier_fen":300}}
{"match":{"province":"33","day":"2026-05-01","product":"a","verdict":"differs","orders":1,"box_fen":100,"carrier_fen":90}}
{"match":{"province":"33","day":"2026-05-02","product":"b","verdict":"box_only","orders":1,"box_fen":50,"carrier_fen":0}}
{"match":{"province":"33","day":"2026-05-02","product":"b","verdict":"file_only","orders":6,"box_fen":0,"carrier_fen":700}}
`
	got, err := readFeeds(strings.NewReader(truth))
	if err != nil {
		t.Fatal(err)
	}
	f := func(indicator, grain, split, period, values string, want float64) {
		t.Helper()
		for _, q := range got.asked {
			if q.indicator != indicator || q.grain != grain || strings.Join(q.dimensions, " ") != split {
				continue
			}
			if is, there := q.want[feedCell{period, strings.ReplaceAll(values, " ", "\t")}]; !there || !near(is, want) {
				t.Errorf("%s of %s %s: %v (%v), want %v", indicator, period, values, is, there, want)
			}
			return
		}
		t.Errorf("%s by %s and %s is not asked", indicator, grain, split)
	}
	f("buyers", "day", "province", "2026-04-30", "33", 2)
	f("buyers", "month", "province", "2026-05", "33", 1) // on two days, of two products
	f("buyers", "month", "province product provider", "2026-05", "33 b y", 1)
	f("arppu", "month", "province", "2026-05", "33", 270)
	f("arppu", "month", "province provider", "2026-05", "33 x", 70)
	f("pay_rate", "day", "province", "2026-04-30", "33", 40) // nobody stood the day before
	f("pay_rate", "day", "province", "2026-05-02", "33", 4)
	f("pay_rate", "month", "province", "2026-05", "33", 5) // 1 of (10 + 30) / 2
	f("refunds", "month", "province provider", "2026-05", "33 x", 1)
	f("refund_rate", "month", "province", "2026-05", "33", 10)
	f("settlement", "month", "province provider", "2026-05", "33 x", 43)
	f("settlement", "month", "province product", "2026-05", "33 b", 13)
	f("renewals_due", "month", "province provider", "2026-05", "33 x", 3)
	f("renewals", "day", "province product", "2026-05-02", "33 b", 1)
	f("renewal_rate", "month", "province", "2026-05", "33", 50)
	f("product_churn", "month", "province product", "2026-05", "33 a", 200.0/3)
	f("reconciled_orders", "day", "province verdict", "2026-05-02", "33 file_only", 6)
	f("reconcile_rate", "month", "province", "2026-05", "33", 60)
	f("reconcile_gap", "day", "province", "2026-05-01", "33", 10)
	f("reconcile_gap", "month", "province verdict", "2026-05", "33 differs", 10)
}
