package settings

import (
	"slices"
	"strings"

	"iptvdc/aggregator"
)

// Permit is one thing given to somebody: a role or a data set, in a scope.
type Permit struct {
	Role  string             // "": a data set
	Data  aggregator.DataSet // "": a role
	Scope aggregator.Scope
	// By is who gave it, a person's id.
	By int64
	// Mapped: it follows from what a sign-on provider says, and is taken there alone.
	Mapped bool
}

// holding is what somebody has, and the part of it that they may pass on: what came
// together with the power to manage people. The zero holding has nothing.
type holding struct {
	grants, pass       aggregator.Grants
	powers, passPowers Powers
}

// rootHolding is the built-in administrator's.
func rootHolding() holding {
	all := Powers(1<<len(powerNames) - 1)
	return holding{aggregator.Everything(), aggregator.Everything(), all, all}
}

// meaning is what a permit says, whoever gave it. A role that is gone says nothing.
func (p *Permit) meaning(roles map[string]Role) (aggregator.Grants, Powers) {
	if p.Role == "" {
		return aggregator.GrantsOf(p.Scope, p.Data), readerPowers
	}
	r, ok := roles[p.Role]
	if !ok {
		return nil, 0
	}
	return aggregator.GrantsOf(p.Scope, r.Data...), r.Powers
}

// mayGive reports whether somebody may give what grants and powers say: it is no more
// than they may pass on. It is the one place where this is decided; what was given
// holds only as far as it still says yes, see hold.
func (h *holding) mayGive(grants aggregator.Grants, powers Powers) bool {
	return grants.Within(h.pass) && h.passPowers.Has(powers)
}

// receive adds what a permit is worth from a giver: never more than the giver may pass
// on now.
func (h *holding) receive(giver *holding, grants aggregator.Grants, powers Powers) {
	grants, powers = grants.And(giver.pass), powers&giver.passPowers
	if grants.Empty() {
		return
	}
	if powers.Has(Administer) && !grants.All() {
		powers &^= Administer // it comes with everything or not at all
	}
	h.grants, h.powers = h.grants.Or(grants), h.powers|powers
	if powers.Has(ManagePeople) {
		h.pass, h.passPowers = h.pass.Or(grants), h.passPowers|powers
	}
}

// root is the id of the built-in administrator.
const root = 1

// hold finds what everybody has: the least that satisfies that each permit is worth
// what its giver may pass on, beginning with root, who has everything. So two who
// give to each other have nothing of it, and what is taken from a giver is gone from
// all who had it of them.
func hold(permits map[int64][]Permit, roles map[string]Role) map[int64]*holding {
	all := map[int64]*holding{}
	for changed := true; changed; {
		next := map[int64]*holding{root: ptr(rootHolding())}
		for id, list := range permits {
			if id == root {
				continue
			}
			h := &holding{}
			for n := range list {
				giver := all[list[n].By]
				if list[n].By == root {
					giver = next[root]
				}
				if giver != nil {
					grants, powers := list[n].meaning(roles)
					h.receive(giver, grants, powers)
				}
			}
			next[id] = h
		}
		changed = len(next) != len(all)
		for id, h := range next {
			changed = changed || all[id] == nil || !h.equal(all[id])
		}
		all = next
	}
	return all
}

func ptr[T any](v T) *T { return &v }

func (h *holding) equal(o *holding) bool {
	return h.powers == o.powers && h.passPowers == o.passPowers && h.grants.Equal(o.grants) && h.pass.Equal(o.pass)
}

// beyond says in words what of something somebody may not give.
func (h *holding) beyond(grants aggregator.Grants, powers Powers) string {
	var parts []string
	for _, d := range grants.Sets() {
		if s, has := grants[d], h.pass.Of(d); !s.Within(has) {
			missing := "all provinces"
			if !s.All {
				missing = ScopeText(aggregator.Scope{Provinces: slices.DeleteFunc(slices.Clone(s.Provinces), has.Sees)})
			}
			parts = append(parts, string(d)+" in "+missing)
		}
	}
	if over := powers &^ h.passPowers; over != 0 {
		parts = append(parts, "the powers "+strings.Join(over.Names(), ", "))
	}
	return strings.Join(parts, "; ")
}
