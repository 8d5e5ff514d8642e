package indicator

import (
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Edit says which viewing counts: edited, after the store's EditRules, or raw.
type Edit string

const (
	// Edited is what figures of viewing are unless the raw ones are asked for.
	Edited Edit = "edited"
	Raw    Edit = "raw"
)

// Edits lists every Edit.
func Edits() []Edit { return []Edit{Edited, Raw} }

// editedFigures says of the figures that count viewing that they are edited.
func editedFigures(all []Indicator) []Indicator {
	all = slices.Clone(all)
	for n := range all {
		if i := &all[n]; i.Edits() {
			i.Formula.ZH += "；默认按清洗规则计（edit=raw 为原始值）"
			i.Formula.EN += "; by the edit rules unless asked for raw (edit=raw)"
		}
	}
	return all
}

// Edits reports whether the figure has an edited and a raw value.
func (i *Indicator) Edits() bool {
	_, edits := i.edited()
	return edits
}

// edited is the indicator by the edited measures; false: it has no other ones.
func (i Indicator) edited() (Indicator, bool) {
	edits := false
	swap := func(a amount) amount {
		a = slices.Clone(a)
		for n := range a {
			var other bool
			a[n].term, other = a[n].term.edited()
			edits = edits || other
		}
		return a
	}
	i.value, i.over, i.beside = swap(i.value), swap(i.over), swap(i.beside)
	if i.projected != nil {
		p := *i.projected
		var other bool
		p.value, other = p.value.edited()
		edits = edits || other
		i.projected = &p
	}
	return i, edits
}

// edited is the term by the edited measure. What a box watched in all is no edited
// measure of its own: it is the sum over the modes.
func (t term) edited() (term, bool) {
	m, ok := store.EditedOf[t.value.Measure]
	if !ok || t.clock || t.told {
		return t, false
	}
	if t.fact == store.FactBox {
		t.fact = store.FactMode
	}
	t.value.Measure = m
	return t, true
}

func (r *Request) checkEdit(q *question) error {
	if r.Edit != "" && !slices.Contains(Edits(), r.Edit) {
		return faultf("bad_edit", "edit: there is no %q; allowed: %s", clip(string(r.Edit)), joined(Edits()))
	}
	for n, i := range q.indicators {
		edited, edits := i.edited()
		switch {
		case !edits:
		case r.Edit == Raw:
			q.edit = Raw
		default:
			q.edit, q.indicators[n] = Edited, edited
		}
	}
	return nil
}

// hours are those from the first to the last whose facts the question reads, the
// latter not included: with what was broadcast in a period the days in which it was
// watched, with a comparison the time before.
func (q *question) hours() (from, to aggregator.Hour) {
	add := func(s store.Span) {
		first, last := aggregator.Hour(s.From), aggregator.Hour(s.To)
		if !q.hourly {
			first, last = aggregator.Day(s.From).FirstHour(), aggregator.Day(s.To).FirstHour()
		}
		if from == to {
			from, to = first, last
		}
		from, to = min(from, first), max(to, last)
	}
	for n, p := range q.periods {
		add(p.span)
		if q.before != nil {
			add(q.before[n])
		}
	}
	for _, i := range q.indicators {
		if slices.ContainsFunc(slices.Concat(i.amounts()...), func(p part) bool { return p.aired && p.fact == store.FactBroadcast }) {
			return from, to + (store.MaxLag+2)*24
		}
	}
	return from, to
}
