package normal

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"iptvdc/aggregator"
)

// Unknowns collects what no dictionary knows. The zero Unknowns is ready. Not
// safe for concurrent use.
type Unknowns struct{ seen map[unknownKey]*Unknown }

type unknownKey struct{ file, raw string }

// Unknown is a value that no dictionary knows.
type Unknown struct {
	File      string // the dictionary that lacks it
	Raw       string
	Titles    int64
	Weight    int64 // as given to Add, as milliseconds watched
	Provinces []aggregator.Province
	// Near is the code of the entry whose word is most like it; "": none is.
	Near string
}

// maxUnknown bounds how many different values are collected; more are only
// counted with those that are there.
const maxUnknown = 100_000

// Add takes a title of a province with its weight; what is known of it is left
// out.
func (u *Unknowns) Add(p aggregator.Province, t *Title, weight int64) {
	if t.Genre == "" && t.RawGenre != "" {
		u.add(GenreFile, t.RawGenre, p, weight)
	}
	if t.Place == "" && t.RawPlace != "" {
		u.add(PlaceFile, t.RawPlace, p, weight)
	}
	if !t.Listed && t.RawProvider != "" {
		u.add(ProviderFile, t.RawProvider, p, weight)
	}
}

func (u *Unknowns) add(file, raw string, p aggregator.Province, weight int64) {
	if u.seen == nil {
		u.seen = map[unknownKey]*Unknown{}
	}
	key := unknownKey{file, fold(raw)}
	n := u.seen[key]
	if n == nil {
		if len(u.seen) >= maxUnknown {
			return
		}
		n = &Unknown{File: file, Raw: raw}
		u.seen[key] = n
	}
	n.Titles++
	n.Weight += weight
	if !slices.Contains(n.Provinces, p) {
		n.Provinces = append(n.Provinces, p)
	}
}

// List returns them, the heaviest first, each with the entry that it is most
// like.
func (u *Unknowns) List(d *Dictionary) []Unknown {
	all := make([]Unknown, 0, len(u.seen))
	for _, n := range u.seen {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b Unknown) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(b.Titles, a.Titles), cmp.Compare(a.File, b.File), cmp.Compare(a.Raw, b.Raw))
	})
	for i := range all[:min(len(all), 1000)] {
		switch all[i].File {
		case GenreFile:
			all[i].Near = d.genres.near(all[i].Raw)
		case PlaceFile:
			all[i].Near = d.places.near(all[i].Raw)
		}
		slices.Sort(all[i].Provinces)
	}
	return all
}

// near finds the entry with the word that is most like one, by letters changed,
// at most a third of them; of equal ones that with the smallest code.
func (t table) near(raw string) string {
	word := []rune(fold(raw))
	if len(word) > 40 {
		return ""
	}
	most := max(1, len(word)/3)
	best, code := most, ""
	for w, e := range t.byWord {
		n := distance(word, []rune(w), best+1)
		if n < best || n == best && (code == "" || e.Code < code) {
			best, code = n, e.Code
		}
	}
	return code
}

// distance is how many letters must change, go or come; limit if it is more.
func distance(a, b []rune, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}

// Print writes lines that an operator can paste into the dictionaries, with what
// to fill in.
func Print(w io.Writer, all []Unknown) error {
	file := ""
	for _, n := range all {
		if n.File != file {
			file = n.File
			if _, err := fmt.Fprintf(w, "# %s\n", file); err != nil {
				return err
			}
		}
		raw := strings.NewReplacer(",", " ", "|", " ", "\n", " ").Replace(n.Raw)
		code := cmp.Or(n.Near, "CODE")
		line := fmt.Sprintf("%s,,%s,%s,", code, raw, raw)
		if file == ProviderFile {
			line = fmt.Sprintf("CODE,,%s,", raw)
		}
		if _, err := fmt.Fprintf(w, "# %d titles, weight %d\n%s\n", n.Titles, n.Weight, line); err != nil {
			return err
		}
	}
	return nil
}
