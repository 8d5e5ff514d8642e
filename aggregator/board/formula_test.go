package board

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

func TestFormula(t *testing.T) {
	numbers := map[string]indicator.Number{"clicks": 200, "orders": 3, "revenue": 5970, "power_ons": 10, "viewing_minutes": 90, "hours_on": 2,
		"active_boxes": 8, "active_accounts": 0, "ctr": 5, "start_time": 1200}
	f := func(text string, unit indicator.Unit, want indicator.Number) {
		t.Helper()
		made, err := ParseFormula(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got := made.Of(numbers)
		if made.Unit() != unit || got.Valid() != want.Valid() || got.Valid() && math.Abs(float64(got-want)) > 1e-9 {
			t.Errorf("%s = %v %s, want %v %s", text, got, made.Unit(), want, unit)
		}
	}
	none := indicator.None()
	f("clicks", "count", 200)
	f("clicks + orders * 2", "count", 206)
	f("(clicks + orders) * 2", "count", 406)
	f("-clicks - -orders", "count", -197)
	f("clicks - orders - 1 * orders", "count", 194)
	f("orders / clicks", "ratio", 0.015)
	f("percent(orders / clicks)", "percent", 1.5)
	f("percent( orders / clicks ) - percent(orders/power_ons)", "percent", 1.5-30)
	f("100 * orders / clicks", "ratio", 1.5)
	f("revenue / orders", "fen/count", 1990)
	f("revenue / orders * orders", "fen", 5970)
	f("viewing_minutes / (hours_on)", "ratio", 0.75) // both are times
	f("viewing_minutes + hours_on", "minutes", 210)
	f("start_time", "minutes", 0.02)
	f("viewing_minutes / active_boxes", "minutes/boxes", 11.25)
	f("ctr", "ratio", 0.05) // formulas reckon percents as ratios
	f("percent(ctr)", "percent", 5)
	f("max(clicks, orders, 2 * power_ons)", "count", 200)
	f("min(clicks,orders)", "count", 3)
	f("abs(orders - clicks)", "count", 197)
	f("revenue / (clicks - 20 * power_ons)", "fen/count", none) // by 0
	f("plays + clicks", "count", none)                          // has no number
	f("clicks * 0.5 / .5", "count", 200)
	if made, err := ParseFormula("orders/clicks + orders / power_ons"); err != nil || strings.Join(made.Indicators(), " ") != "clicks orders power_ons" {
		t.Errorf("%v %v", made, err)
	}
}

func TestFormulaRefuses(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := ParseFormula(text)
		var fault *aggregator.Error
		if !errors.As(err, &fault) || fault.Code != "bad_formula" || !strings.Contains(fault.Message, want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("", "ends where a number")
	f("clicks +", "ends where a number")
	f("clicks + revenue", "at 8: count and fen cannot be added")
	f("clicks + 1", "cannot be added")
	f("clicks * clicks", "its unit would be count^2")
	f("1 / clicks", "its unit would be count^-1")
	f("clicks * revenue / active_boxes", "its unit would be")
	f("clicks)", `")" that does not belong`)
	f("(clicks", `")" is missing`)
	f("clicks orders", `"orders" that does not belong`)
	f("nothing", `no indicator "nothing"`)
	f("ctr:value", `":" that does not belong`)
	f("viewing_minutes_projected", "an estimate")
	f("percent(clicks)", "percent is of a ratio, not of count")
	f("max(clicks)", "two or more")
	f("max(clicks, revenue)", "one unit")
	f("max clicks", `"clicks" stands where "(" should`)
	f("1 + 2", "names no indicator")
	f("1.2.3 * clicks", "is no number")
	f("clicks $ 2", `"$"`)
	f(strings.Repeat("(", 40)+"clicks"+strings.Repeat(")", 40), "deeper than")
	f(strings.Repeat("clicks+", 100)+"clicks", "characters, allowed")
}

// FuzzFormula holds the parser to its promise: a formula or a fault with a reason,
// and numbers that can be written as JSON.
func FuzzFormula(f *testing.F) {
	for _, s := range []string{"clicks", "percent(orders / clicks)", "max(clicks,-orders)*2/(3-1)", "((((", "1e309*clicks", "clicks/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		made, err := ParseFormula(text)
		if err != nil {
			var fault *aggregator.Error
			if !errors.As(err, &fault) || fault.Code != "bad_formula" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		numbers := map[string]indicator.Number{}
		for n, id := range made.Indicators() {
			numbers[id] = indicator.Number(n) * 1e300
		}
		b, err := json.Marshal(made.Of(numbers))
		if err != nil || !json.Valid(b) {
			t.Fatalf("%q makes %s, %v", text, b, err)
		}
		again, err := ParseFormula(made.String())
		if err != nil || again.Unit() != made.Unit() {
			t.Fatalf("%q read again: %v", text, err)
		}
	})
}
