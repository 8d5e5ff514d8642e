package loader

import "strings"

// generations is a bounded cache: two maps, of which the younger takes what is
// used. When it is full the older is dropped and the younger becomes it, so
// what was used since the last turn stays. At most 2*half entries.
type generations[V any] struct {
	half         int
	young, older map[string]V
}

func newGenerations[V any](limit int) *generations[V] {
	return &generations[V]{half: max(1, limit/2), young: map[string]V{}, older: map[string]V{}}
}

func (g *generations[V]) get(key string) (V, bool) {
	v, ok := g.young[key]
	if ok {
		return v, true
	}
	if v, ok = g.older[key]; ok {
		delete(g.older, key)
		g.put(key, v)
	}
	return v, ok
}

// put copies key if it is new: a key from a decoder pins its whole batch.
func (g *generations[V]) put(key string, v V) {
	if _, ok := g.young[key]; ok {
		g.young[key] = v
		return
	}
	delete(g.older, key)
	if len(g.young) >= g.half {
		g.older, g.young = g.young, make(map[string]V, g.half/4)
	}
	g.young[strings.Clone(key)] = v
}

func (g *generations[V]) remove(key string) {
	delete(g.young, key)
	delete(g.older, key)
}

func (g *generations[V]) len() int { return len(g.young) + len(g.older) }
