package normal

import (
	"strings"
	"unicode"
)

// fold brings a word into the form in which words are compared: letters small,
// full width as half width, no space around and one inside at most.
func fold(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case r == '　':
			r = ' '
		case '！' <= r && r <= '～':
			r -= '！' - '!'
		}
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// plain reports whether fold would change nothing, for the common case.
func plain(s string) bool {
	for _, r := range s {
		if r <= ' ' || 'A' <= r && r <= 'Z' || r > 0x7f && (r < 0x4e00 || r > 0x9fff) {
			return false
		}
	}
	return true
}

// separators stand between the values of one property.
const separators = "/,，、;；|·+＋／｜\t\n"

// each calls f with the folded values of a property, the whole of it first: a
// name may hold what elsewhere separates. It ends when f returns true.
func each(value string, f func(word string) bool) bool {
	whole := fold(value)
	if f(whole) {
		return true
	}
	pieces := strings.FieldsFunc(whole, func(r rune) bool { return strings.ContainsRune(separators, r) })
	for _, piece := range pieces {
		piece = strings.TrimSpace(piece)
		if piece != whole && f(piece) {
			return true
		}
		if strings.Contains(piece, " ") {
			for word := range strings.FieldsSeq(piece) {
				if f(word) {
					return true
				}
			}
		}
	}
	return false
}
