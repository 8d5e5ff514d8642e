package normal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
)

// hash makes the version: of what the dictionary says, not of its files.
func (d *Dictionary) hash() string {
	h := sha256.New()
	for f := range Field(NumFields) {
		v := &d.field[f]
		fmt.Fprintf(h, "field %q\n", f.String())
		for _, e := range v.entries {
			fmt.Fprintf(h, "entry %q %q %q %q\n", e.Code, e.ZH, e.EN, strings.Join(e.Parents, "|"))
		}
		v.hashAliases(h, v.all)
		for _, s := range v.scoped {
			fmt.Fprintf(h, "where %s %q\n", s.province, slotNames[s.property])
			v.hashAliases(h, s.alias)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (v *vocabulary) hashAliases(h hash.Hash, all map[string]target) {
	for _, alias := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(h, "alias %q %q\n", alias, v.name(all[alias]))
	}
}

// name is a target as a dictionary writes it.
func (v *vocabulary) name(t target) string {
	switch {
	case t.entry < 0:
		return placeholder
	case t.top < 0 || t.top == t.entry:
		return v.entries[t.entry].Code
	}
	return v.entries[t.top].Code + "/" + v.entries[t.entry].Code
}
