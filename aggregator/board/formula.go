package board

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator/indicator"
)

// Formula is a figure that people make of indicators:
//
//	formula = sum
//	sum     = product { ("+" | "-") product }
//	product = factor { ("*" | "/") factor }
//	factor  = ["-"] ( number | indicator | function "(" sum { "," sum } ")" | "(" sum ")" )
//
// Functions are percent(x), which is 100 × x and must be of a ratio, abs(x), min and
// max of two or more of one unit. Units are checked: what is added has one unit, times
// are brought to minutes. What is divided by 0, or has no number, has none. The zero
// Formula is not valid; ParseFormula makes them. It is unchanged once made.
type Formula struct {
	text string
	root node
	unit units
	ids  []string
}

// Limits of a formula.
const (
	maxFormula = 500 // bytes
	maxDepth   = 30
)

// ParseFormula reads a formula; its fault is an *aggregator.Error that says where.
func ParseFormula(text string) (*Formula, error) {
	if len(text) > maxFormula {
		return nil, faultf("bad_formula", "formula: %d characters, allowed %d", len(text), maxFormula)
	}
	p := parser{text: text, ids: map[string]bool{}}
	p.next()
	n, u, err := p.sum(0)
	if err == nil && p.token != "" {
		err = p.fault("there is a %q that does not belong here", p.token)
	}
	if err != nil {
		return nil, err
	}
	f := &Formula{text: text, root: n, unit: u, ids: slices.Sorted(maps.Keys(p.ids))}
	if len(f.ids) == 0 {
		return nil, faultf("bad_formula", "formula: %q names no indicator; write ids as /api/v1/indicators lists them", clip(text))
	}
	if len(f.ids) > indicator.MaxIndicators {
		return nil, faultf("bad_formula", "formula: %d indicators, allowed %d", len(f.ids), indicator.MaxIndicators)
	}
	if _, ok := u.name(); !ok {
		return nil, faultf("bad_formula", "formula: its unit would be %s; divide so that one unit, or one by another, is left", u)
	}
	return f, nil
}

// String is the text it was read from.
func (f *Formula) String() string { return f.text }

// Indicators are the ids it needs, sorted, each once.
func (f *Formula) Indicators() []string { return f.ids }

// Unit is that of the result: one of indicator's, or two of them as fen/accounts.
func (f *Formula) Unit() indicator.Unit { u, _ := f.unit.name(); return u }

// Of reckons the figure of the indicators' numbers; one that is missing is none.
func (f *Formula) Of(numbers map[string]indicator.Number) indicator.Number {
	v := f.root.of(numbers)
	if math.IsInf(v, 0) {
		return indicator.None()
	}
	return indicator.Number(v)
}

// node is a part of a formula; NaN is no number.
type node interface {
	of(map[string]indicator.Number) float64
}

type constant float64

func (c constant) of(map[string]indicator.Number) float64 { return float64(c) }

// figure is an indicator, brought to the unit that formulas reckon in.
type figure struct {
	id    string
	times float64
}

func (f figure) of(numbers map[string]indicator.Number) float64 {
	if n, ok := numbers[f.id]; ok {
		return float64(n) * f.times
	}
	return math.NaN()
}

type operation struct {
	do   func(a, b float64) float64
	a, b node
}

func (o operation) of(numbers map[string]indicator.Number) float64 {
	return o.do(o.a.of(numbers), o.b.of(numbers))
}

func divide(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

// units are how often each base stands above the line of a fraction, less how often
// below.
type units map[indicator.Unit]int

// bases are what units are made of, and what brings a figure to it: times are
// reckoned in minutes, percents as ratios.
var bases = map[indicator.Unit]struct {
	base  indicator.Unit // "": a plain number
	times float64
}{
	indicator.Count: {indicator.Count, 1}, indicator.Boxes: {indicator.Boxes, 1}, indicator.People: {indicator.People, 1},
	indicator.Fen: {indicator.Fen, 1}, indicator.Minutes: {indicator.Minutes, 1}, indicator.Hours: {indicator.Minutes, 60},
	indicator.Seconds: {indicator.Minutes, 1.0 / 60}, indicator.Millis: {indicator.Minutes, 1.0 / 60_000},
	indicator.Percent: {"", 0.01}, indicator.Ratio: {"", 1},
}

// percents marks what was made a percentage, so that it is shown as one.
const percents indicator.Unit = "percent"

func (u units) equal(o units) bool { return maps.Equal(u, o) }

// times multiplies, or with sign -1 divides.
func (u units) times(o units, sign int) units {
	out := maps.Clone(u)
	if out == nil {
		out = units{}
	}
	delete(out, percents)
	for base, n := range o {
		if base == percents {
			continue
		}
		if out[base] += sign * n; out[base] == 0 {
			delete(out, base)
		}
	}
	return out
}

// name is the unit as people know it: one, or one by another.
func (u units) name() (indicator.Unit, bool) {
	var above, below []string
	for base, n := range u {
		switch n {
		case 1:
			above = append(above, string(base))
		case -1:
			below = append(below, string(base))
		default:
			return "", false
		}
	}
	switch {
	case len(above) == 0 && len(below) == 0:
		return indicator.Ratio, true
	case len(above) == 1 && len(below) == 0:
		return indicator.Unit(above[0]), true
	case len(above) == 1 && len(below) == 1:
		return indicator.Unit(above[0] + "/" + below[0]), true
	}
	return "", false
}

func (u units) String() string {
	if len(u) == 0 {
		return "a plain number"
	}
	var parts []string
	for _, base := range slices.Sorted(maps.Keys(u)) {
		part := string(base)
		if n := u[base]; n != 1 {
			part += "^" + strconv.Itoa(n)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "·")
}

// parser reads a formula by recursive descent.
type parser struct {
	text  string
	at    int    // behind token
	token string // "": the end
	ids   map[string]bool
}

func (p *parser) next() {
	for p.at < len(p.text) && strings.ContainsRune(" \t\n\r", rune(p.text[p.at])) {
		p.at++
	}
	from := p.at
	if p.at < len(p.text) {
		p.at++
		if isWord(p.text[from]) {
			for p.at < len(p.text) && isWord(p.text[p.at]) {
				p.at++
			}
		}
	}
	p.token = p.text[from:p.at]
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
}

func (p *parser) fault(format string, args ...any) error {
	return p.faultAt(p.place(), format, args...)
}

// place is where the token stands, from 1.
func (p *parser) place() int { return p.at - len(p.token) + 1 }

func (p *parser) faultAt(place int, format string, args ...any) error {
	err := faultf("bad_formula", format, args...)
	err.Message = "formula: at " + strconv.Itoa(place) + ": " + err.Message
	return err
}

func (p *parser) sum(depth int) (node, units, error) {
	a, u, err := p.product(depth)
	for err == nil && (p.token == "+" || p.token == "-") {
		sign, place := p.token, p.place()
		p.next()
		var b node
		var v units
		if b, v, err = p.product(depth); err != nil {
			break
		}
		if !u.equal(v) {
			return nil, nil, p.faultAt(place, "%s and %s cannot be added; only what has one unit can", u, v)
		}
		do := func(a, b float64) float64 { return a + b }
		if sign == "-" {
			do = func(a, b float64) float64 { return a - b }
		}
		a = operation{do, a, b}
	}
	return a, u, err
}

func (p *parser) product(depth int) (node, units, error) {
	a, u, err := p.factor(depth)
	for err == nil && (p.token == "*" || p.token == "/") {
		sign, do := 1, func(a, b float64) float64 { return a * b }
		if p.token == "/" {
			sign, do = -1, divide
		}
		p.next()
		var b node
		var v units
		if b, v, err = p.factor(depth); err != nil {
			break
		}
		a, u = operation{do, a, b}, u.times(v, sign)
	}
	return a, u, err
}

func (p *parser) factor(depth int) (node, units, error) {
	if depth > maxDepth {
		return nil, nil, p.fault("brackets go deeper than %d", maxDepth)
	}
	token := p.token
	switch {
	case token == "":
		return nil, nil, p.fault("it ends where a number or an indicator should stand")
	case token == "-":
		p.next()
		a, u, err := p.factor(depth + 1)
		return operation{func(a, b float64) float64 { return a - b }, constant(0), a}, u, err
	case token == "(":
		p.next()
		a, u, err := p.sum(depth + 1)
		if err == nil {
			err = p.expect(")")
		}
		return a, u, err
	case token[0] >= '0' && token[0] <= '9' || token[0] == '.':
		v, err := strconv.ParseFloat(token, 64)
		if err != nil || math.IsInf(v, 0) {
			return nil, nil, p.fault("%q is no number", clip(token))
		}
		p.next()
		return constant(v), units{}, nil
	case !isWord(token[0]):
		return nil, nil, p.fault("%q is neither a number nor an indicator", token)
	}
	if f, ok := functions[token]; ok {
		p.next()
		return p.call(token, f, depth+1)
	}
	i, ok := indicator.Find(token)
	if !ok || strings.Contains(token, ":") {
		return nil, nil, p.fault("there is no indicator %q; functions are %v", clip(token), slices.Sorted(maps.Keys(functions)))
	}
	if i.Projected() {
		return nil, nil, p.fault("%s is an estimate with an error of its own; formulas are of what was counted", token)
	}
	p.ids[token] = true
	p.next()
	base := bases[i.Unit]
	u := units{}
	if base.base != "" {
		u[base.base] = 1
	}
	return figure{i.ID, base.times}, u, nil
}

// functions are by name; those of one argument take exactly one.
var functions = map[string]struct {
	one bool
	do  func(a, b float64) float64
}{
	"abs":     {true, func(a, _ float64) float64 { return math.Abs(a) }},
	"percent": {true, func(a, _ float64) float64 { return 100 * a }},
	"min":     {false, math.Min},
	"max":     {false, math.Max},
}

func (p *parser) call(name string, f struct {
	one bool
	do  func(a, b float64) float64
}, depth int) (node, units, error) {
	if err := p.expect("("); err != nil {
		return nil, nil, err
	}
	a, u, err := p.sum(depth)
	if err != nil {
		return nil, nil, err
	}
	if f.one {
		a = operation{f.do, a, constant(0)}
		if name == "percent" {
			if _, is := u[percents]; len(u) > 0 || is {
				return nil, nil, p.fault("percent is of a ratio, not of %s", u)
			}
			u = units{percents: 1}
		}
		return a, u, p.expect(")")
	}
	if p.token != "," {
		return nil, nil, p.fault("%s is of two or more", name)
	}
	for p.token == "," {
		place := p.place()
		p.next()
		b, v, err := p.sum(depth)
		if err != nil {
			return nil, nil, err
		}
		if !u.equal(v) {
			return nil, nil, p.faultAt(place, "%s of %s and %s: all must have one unit", name, u, v)
		}
		a = operation{f.do, a, b}
	}
	return a, u, p.expect(")")
}

func (p *parser) expect(token string) error {
	if p.token != token {
		if p.token == "" {
			return p.fault("a %q is missing at the end", token)
		}
		return p.fault("%q stands where %q should", clip(p.token), token)
	}
	p.next()
	return nil
}
