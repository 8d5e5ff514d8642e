package insight

import (
	"math"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// say fills the holes {name} of a text in both languages. Values that differ by
// language are indicator.Texts, all others strings.
func say(zh, en string, holes map[string]any) indicator.Text {
	fill := func(text string, pick func(indicator.Text) string) string {
		var all []string
		for name, v := range holes {
			word, ok := v.(string)
			if !ok {
				word = pick(v.(indicator.Text)) // nothing else is passed
			}
			all = append(all, "{"+name+"}", word)
		}
		return strings.NewReplacer(all...).Replace(text)
	}
	return indicator.Text{
		ZH: fill(zh, func(t indicator.Text) string { return t.ZH }),
		EN: fill(en, func(t indicator.Text) string { return t.EN }),
	}
}

// figure writes a number of a unit for people, with as many digits as tell.
func figure(v float64, u indicator.Unit) string {
	switch u {
	case indicator.Fen:
		return sign(v) + "¥" + grouped(math.Abs(v)/100, 2)
	case indicator.Percent:
		return rate(v) + "%"
	case indicator.Ratio:
		return sign(v) + grouped(math.Abs(v), 2)
	}
	if math.Abs(v) < 10 {
		return sign(v) + grouped(math.Abs(v), 1)
	}
	return sign(v) + grouped(math.Abs(v), 0)
}

// rate writes a percentage: more digits the smaller it is, down to a thousandth.
func rate(v float64) string {
	digits := 1
	switch a := math.Abs(v); {
	case a > 0 && a < 0.0005:
		return "< 0.001"
	case a >= 100:
		digits = 0
	case a < 0.1 && a > 0:
		digits = 3
	case a < 1:
		digits = 2
	}
	return sign(v) + grouped(math.Abs(v), digits)
}

// signed is rate with a sign before what grows too.
func signed(v float64) string {
	if v >= 0.0005 {
		return "+" + rate(v)
	}
	return rate(v)
}

func sign(v float64) string {
	if v < 0 {
		return "−"
	}
	return ""
}

// grouped writes at most so many digits behind the point and puts commas between
// thousands.
func grouped(v float64, digits int) string {
	scale := math.Pow10(digits)
	text := strconv.FormatFloat(math.Round(v*scale)/scale, 'f', -1, 64)
	integer, fraction, has := strings.Cut(text, ".")
	for at := len(integer) - 3; at > 0; at -= 3 {
		integer = integer[:at] + "," + integer[at:]
	}
	if has {
		return integer + "." + fraction
	}
	return integer
}

var weekdays = [...]indicator.Text{
	{ZH: "星期日", EN: "Sunday"}, {ZH: "星期一", EN: "Monday"}, {ZH: "星期二", EN: "Tuesday"}, {ZH: "星期三", EN: "Wednesday"},
	{ZH: "星期四", EN: "Thursday"}, {ZH: "星期五", EN: "Friday"}, {ZH: "星期六", EN: "Saturday"},
}

// weekday is the name of a day's weekday.
func weekday(d aggregator.Day) indicator.Text { return weekdays[d.Time().Weekday()] }

// change is by how many percent a figure moved; of nothing there is none.
func change(now, before float64) indicator.Number {
	if before == 0 {
		return indicator.None()
	}
	return indicator.Number(100 * (now - before) / math.Abs(before))
}
