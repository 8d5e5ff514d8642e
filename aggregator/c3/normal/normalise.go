package normal

import (
	"slices"
	"strings"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Normalise returns an object of a province's catalogue in the dictionary's
// vocabulary. The object is not changed.
func (d *Dictionary) Normalise(p aggregator.Province, o *c3.Object) Title {
	var s sheet
	s.read(p, o)
	t := Title{Element: o.Element, Code: o.Code, Name: s.value(slotName)}
	t.DurationS = duration(s.value(slotDuration))
	t.EpisodeNo = number(s.value(slotSeriesItemNo))
	d.genre(&s, &t)
	d.place(&s, &t)
	d.provider(&s, &t)
	d.definition(&s, &t)
	t.Director = d.director(&s)
	return t
}

// sheet is an object's properties by slot, and room to read a value.
type sheet struct {
	object   *c3.Object
	province aggregator.Province
	first    [slots]int32 // index in Properties from 1; 0: none
	again    [slots]bool  // it comes more than once
	text     text
	hits     [maxWords]target
}

func (s *sheet) read(p aggregator.Province, o *c3.Object) {
	s.object, s.province = o, p
	for i := range o.Properties {
		switch k := slotOf(o.Properties[i].Name); {
		case k == slotNone:
		case s.first[k] == 0:
			s.first[k] = int32(i + 1)
		default:
			s.again[k] = true
		}
	}
}

// value returns the first value of a property that is not blank.
func (s *sheet) value(k slot) string {
	for i := s.next(k, 0); i > 0; i = s.next(k, i) {
		if v := s.at(i); v != "" {
			return v
		}
	}
	return ""
}

// next returns where the property comes next after i, both counted from 1; 0 if
// it does not. A property may come once for each language.
func (s *sheet) next(k slot, i int32) int32 {
	if i == 0 {
		return s.first[k]
	}
	if s.again[k] {
		for int(i) < len(s.object.Properties) {
			if i++; slotOf(s.object.Properties[i-1].Name) == k {
				return i
			}
		}
	}
	return 0
}

func (s *sheet) at(i int32) string { return trim(s.object.Properties[i-1].Value) }

// trim is strings.TrimSpace, faster for the texts of a catalogue.
func trim(s string) string {
	if n := len(s); n > 0 && (ink(s[0]) || han(s[0])) && (ink(s[n-1]) || n >= 3 && han(s[n-3]) && s[n-2]&0xc0 == 0x80 && s[n-1]&0xc0 == 0x80) {
		return s
	}
	return strings.TrimSpace(s)
}

// ink reports whether the byte is a visible character of ASCII, han whether a
// character from U+4000 to U+9FFF begins with it; no blank does.
func ink(b byte) bool { return '!' <= b && b <= '~' }
func han(b byte) bool { return 0xe4 <= b && b <= 0xe9 }

// belongs reports whether the source is a property of such an object.
func (s *sheet) belongs(src *source) bool {
	return src.elements == nil || slices.Contains(src.elements, s.object.Element)
}

// reading is what the values of one field said so far.
type reading struct {
	said  string // the first value that says something
	first string // the first that is not blank
}

func (r *reading) note(src *source, value string, says bool) {
	if src.borrowed {
		return
	}
	if r.first == "" {
		r.first = value
	}
	if says && r.said == "" {
		r.said = value
	}
}

func (r *reading) raw() string {
	if r.said != "" {
		return r.said
	}
	return r.first
}

// scan finds a field's known values in one value: n of them in s.hits, in their
// order. says is false if the value holds nothing but placeholders.
func (s *sheet) scan(v *vocabulary, src *source, value string) (n int, says bool) {
	t := &s.text
	t.fold(value)
	if t.words == 0 {
		return 0, false
	}
	at := where{s.province, src.property}
	if !t.cut && !(src.short == shortNever && t.words == 1 && t.brief(0)) {
		if hit, ok := v.lookUp(at, t.whole()); ok {
			s.hits[0] = hit
			if hit.entry < 0 {
				return 0, false
			}
			return 1, true
		}
	}
	for i := 0; i < t.words; {
		end := t.pieceEnd(i)
		codes := src.short == shortAlways || src.short == shortAmongCodes && t.allCodes(i, end)
		for i < end {
			hit, used := s.match(v, at, i, end, codes)
			switch {
			case used == 0:
				says = true
				i++
			default:
				if hit.entry >= 0 {
					says = true
					s.hits[n] = hit
					n++
				}
				i += used
			}
		}
	}
	return n, says
}

// match returns what the longest run of words from i leads to, and how many
// words that are; 0 if none leads anywhere.
func (s *sheet) match(v *vocabulary, at where, i, end int, codes bool) (target, int) {
	t := &s.text
	for j := min(end, i+maxRun); j > i; j-- {
		if j == i+1 && !codes && t.brief(i) {
			break
		}
		if hit, ok := v.lookUp(at, t.run(i, j)); ok {
			return hit, j - i
		}
	}
	return target{}, 0
}

// brief reports whether word i is one character, or one or two of ASCII.
func (t *text) brief(i int) bool {
	w := t.run(i, i+1)
	if w[0] < 0x80 {
		return len(w) < 2 || len(w) == 2 && w[1] < 0x80
	}
	_, size := utf8.DecodeRune(w)
	return size == len(w)
}

// allCodes reports whether no ASCII word of i to end is longer than three
// letters.
func (t *text) allCodes(i, end int) bool {
	for ; i < end; i++ {
		if w := t.run(i, i+1); w[0] < 0x80 && len(w) > 3 {
			return false
		}
	}
	return true
}

// genre finds the upper level and the sub-genre. The first that tells the upper
// level is believed, but a later property must agree with the sub-genres of an
// earlier one; the first sub-genre below it is taken.
func (d *Dictionary) genre(s *sheet, t *Title) {
	v := &d.field[Genre]
	var r reading
	var subs [8]int16
	var raw string // the first value with a genre in it
	top, nsubs, earlier := int16(-1), 0, 0
	for i := range sources[Genre] {
		src := &sources[Genre][i]
		if !s.belongs(src) {
			continue
		}
		for at := s.next(src.property, 0); at > 0; at = s.next(src.property, at) {
			value := s.at(at)
			n, says := s.scan(v, src, value)
			r.note(src, value, says)
			for _, hit := range s.hits[:n] {
				if hit.entry != hit.top && nsubs < len(subs) {
					subs[nsubs] = hit.entry
					nsubs++
				}
				if top < 0 && hit.top >= 0 && (earlier == 0 || v.below(subs[0], hit.top)) {
					top = hit.top
				}
			}
			if raw == "" && (top >= 0 || nsubs > 0) {
				raw = value
			}
			earlier = nsubs
		}
		if top >= 0 && v.sub(subs[:nsubs], top) >= 0 {
			break
		}
	}
	if top < 0 && nsubs > 0 {
		top = s.guess(v, subs[0])
		t.Guessed = true
	}
	if top < 0 {
		t.Unknown, t.Raw[Genre] = t.Unknown.with(Genre), r.raw()
		return
	}
	t.Genre, t.Raw[Genre] = v.entries[top].Code, raw
	if sub := v.sub(subs[:nsubs], top); sub >= 0 {
		t.SubGenre = v.entries[sub].Code
	}
}

// below reports whether sub may stand below top.
func (v *vocabulary) below(sub, top int16) bool { return slices.Contains(v.entries[sub].upper, top) }

// sub returns the first that stands below top, -1 if none does.
func (v *vocabulary) sub(subs []int16, top int16) int16 {
	for _, s := range subs {
		if v.below(s, top) {
			return s
		}
	}
	return -1
}

// guess chooses among the upper levels of a sub-genre: drama for what comes in
// episodes if it is one of them, else the first.
func (s *sheet) guess(v *vocabulary, sub int16) int16 {
	upper := v.entries[sub].upper
	if s.object.Element == c3.ElementSeries || s.value(slotSeriesFlag) == "1" || number(s.value(slotSeriesItemNo)) > 0 {
		if drama, ok := v.find("drama"); ok && slices.Contains(upper, int16(drama)) {
			return int16(drama)
		}
	}
	return upper[0]
}

func (d *Dictionary) place(s *sheet, t *Title) {
	v := &d.field[Place]
	var r reading
	for i := range sources[Place] {
		src := &sources[Place][i]
		for at := s.next(src.property, 0); at > 0; at = s.next(src.property, at) {
			value := s.at(at)
			n, says := s.scan(v, src, value)
			r.note(src, value, says)
			if n > 0 {
				t.Raw[Place] = value
				v.places(s.hits[:n], t)
				return
			}
		}
	}
	t.Unknown, t.Raw[Place] = t.Unknown.with(Place), r.raw()
}

// places sets the title's from what was named, at least one. Regions count only
// if no country is named.
func (v *vocabulary) places(hits []target, t *Title) {
	first, several := -1, false
	country := slices.ContainsFunc(hits, func(h target) bool { return h.entry != h.top })
	counts := func(h target) bool { return !country || h.entry != h.top }
	for i, h := range hits {
		if !counts(h) {
			continue
		}
		if first < 0 {
			first = i
		} else if h.entry != hits[first].entry {
			several = true
		}
	}
	e := &v.entries[hits[first].entry]
	t.Place, t.Region, t.Places = e.Code, v.entries[hits[first].top].Code, e.alone
	if !several {
		return
	}
	t.Places = make([]string, 0, len(hits))
	for _, h := range hits {
		if code := v.entries[h.entry].Code; counts(h) && !slices.Contains(t.Places, code) {
			t.Places = append(t.Places, code)
		}
	}
}

// provider takes the first property that says anything, listed or not: a holder
// of rights whom the dictionary knows must not displace a provider it does not
// know. Names are not split.
func (d *Dictionary) provider(s *sheet, t *Title) {
	v := &d.field[Provider]
	var r reading
	for i := range sources[Provider] {
		src := &sources[Provider][i]
		for at := s.next(src.property, 0); at > 0; at = s.next(src.property, at) {
			value := s.at(at)
			s.text.fold(value)
			hit, listed := target{}, false
			if !s.text.cut {
				hit, listed = v.lookUp(where{s.province, src.property}, s.text.whole())
			}
			if s.text.words == 0 || listed && hit.entry < 0 {
				r.note(src, value, false)
				continue
			}
			t.Raw[Provider] = value
			if listed {
				t.Provider = v.entries[hit.entry].Code
			} else {
				t.Provider, t.Unlisted = value, true
			}
			return
		}
	}
	t.Unknown, t.Raw[Provider] = t.Unknown.with(Provider), r.raw()
}

func (d *Dictionary) definition(s *sheet, t *Title) {
	v := &d.field[Definition]
	var r reading
	for i := range sources[Definition] {
		src := &sources[Definition][i]
		for at := s.next(src.property, 0); at > 0; at = s.next(src.property, at) {
			value := s.at(at)
			n, says := s.scan(v, src, value)
			r.note(src, value, says)
			if n > 0 {
				t.Definition, t.Raw[Definition] = v.entries[s.hits[0].entry].Code, value
				return
			}
		}
	}
	t.Unknown, t.Raw[Definition] = t.Unknown.with(Definition), r.raw()
}

// director returns the first name that is no placeholder. Many senders write the
// director in WriterDisplay.
func (d *Dictionary) director(s *sheet) string {
	for _, k := range [...]slot{slotDirector, slotWriterDisplay} {
		for at := s.next(k, 0); at > 0; at = s.next(k, at) {
			value := s.at(at)
			s.text.fold(value)
			if s.text.words == 0 {
				continue
			}
			// What says nothing of a provider says nothing of a person either.
			if hit, ok := d.field[Provider].lookUp(where{}, s.text.whole()); !ok || hit.entry >= 0 || s.text.cut {
				return value
			}
		}
	}
	return ""
}

// duration reads HHmmss, HHmmssff (frames are left out) and either with colons,
// in seconds; 0 if it is none of them. A plain number may be minutes or seconds,
// and is not believed.
func duration(s string) int32 {
	part := [3]int32{}
	switch {
	case strings.Contains(s, ":"):
		fields := 0
		for p := range strings.SplitSeq(s, ":") {
			if len(p) == 0 || len(p) > 2 || fields > 3 {
				return 0
			}
			n, ok := digits(p)
			if !ok {
				return 0
			}
			if fields < 3 {
				part[fields] = n
			}
			fields++
		}
		if fields < 3 {
			return 0
		}
	case len(s) == 6 || len(s) == 8:
		if _, ok := digits(s); !ok {
			return 0
		}
		for i := range part {
			part[i], _ = digits(s[2*i : 2*i+2])
		}
	}
	if part[1] > 59 || part[2] > 59 {
		return 0
	}
	return part[0]*3600 + part[1]*60 + part[2]
}

// number reads a number of an episode; 0 if it is none.
func number(s string) int32 {
	if len(s) > 6 {
		return 0
	}
	n, _ := digits(s)
	return n
}

func digits(s string) (n int32, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int32(s[i]-'0')
	}
	return n, s != ""
}
