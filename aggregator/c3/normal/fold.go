package normal

import (
	"unicode"
	"unicode/utf8"
)

const (
	maxFold  = 512 // bytes of a folded value; what lies beyond is not read
	maxWords = 64
	maxRun   = 6 // words that together may be one alias
)

// text is a value as it is compared: half width, small letters, without dots and
// apostrophes. Between two words stands "," if a separator parted them, " " if
// blank space or a bracket did and both sides are ASCII, and nothing otherwise,
// so that 中国·香港 reads as 中国香港.
type text struct {
	words int
	size  int
	cut   bool // the value was longer than what is read
	word  [maxWords]word
	buf   [maxFold]byte
}

// word is a stretch without a separator.
type word struct {
	from, to       uint16 // in buf
	rawFrom, rawTo int32  // in the value
	hard           bool   // a separator stands before it, or it is the first
}

// run returns words i to j, j not included, as they are looked up.
func (t *text) run(i, j int) []byte { return t.buf[t.word[i].from:t.word[j-1].to] }

// pieceEnd is the word after the last that no separator parts from word i.
func (t *text) pieceEnd(i int) int {
	j := i + 1
	for j < t.words && !t.word[j].hard {
		j++
	}
	return j
}

type class uint8

const (
	letter class = iota
	dropped
	soft // blank space, brackets, dashes
	hard // a separator
)

// fold reads a value.
func (t *text) fold(s string) {
	t.words, t.size, t.cut = 0, 0, false
	gap := hard
	ascii := false // the last character written was
	for i, r := range s {
		var c class
		if r < utf8.RuneSelf {
			r, c = asciiFold[r], asciiClass[r]
		} else {
			r, c = foldRune(r)
		}
		if c == dropped {
			continue
		}
		if c != letter {
			if gap == letter {
				t.end(i)
			}
			gap = max(gap, c)
			continue
		}
		if t.size+1+utf8.UTFMax > maxFold || gap > letter && t.words == maxWords {
			t.cut = true
			if gap == letter {
				t.words-- // half a word is none
			}
			gap = soft
			break
		}
		if gap > letter {
			t.begin(i, gap, ascii && r < utf8.RuneSelf)
			gap = letter
		}
		if ascii = r < utf8.RuneSelf; ascii {
			t.buf[t.size] = byte(r)
			t.size++
		} else {
			t.size += utf8.EncodeRune(t.buf[t.size:], r)
		}
	}
	if gap == letter {
		t.end(len(s))
	}
	t.size = 0
	if t.words > 0 {
		t.size = int(t.word[t.words-1].to)
	}
}

// begin starts a word at i of the value.
func (t *text) begin(i int, gap class, blank bool) {
	if t.words > 0 && (gap == hard || blank) {
		t.buf[t.size] = ' '
		if gap == hard {
			t.buf[t.size] = ','
		}
		t.size++
	}
	t.word[t.words] = word{from: uint16(t.size), rawFrom: int32(i), hard: gap == hard}
	t.words++
}

// end ends the word at i of the value.
func (t *text) end(i int) {
	w := &t.word[t.words-1]
	w.to, w.rawTo = uint16(t.size), int32(i)
}

// whole returns the folded value.
func (t *text) whole() []byte { return t.buf[:t.size] }

// foldRune returns a character as it is compared, and what it does.
func foldRune(r rune) (rune, class) {
	if 0x4e00 <= r && r <= 0x9fff {
		return r, letter
	}
	if 0xff01 <= r && r <= 0xff5e { // full width
		r -= 0xff01 - '!'
	}
	if r < utf8.RuneSelf {
		return asciiFold[r], asciiClass[r]
	}
	switch {
	case r == '、' || r == '。' || r == '﹑' || r == '､' || r == '｡' || r == '\u2028' || r == '\u2029' || r == '\u0085':
		return r, hard
	case r == '’' || r == '‘' || unicode.Is(unicode.Cf, r):
		return r, dropped
	case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
		if r = unicode.ToLower(r); r < utf8.RuneSelf {
			return asciiFold[r], letter
		}
		return r, letter
	}
	return r, soft
}

var asciiFold, asciiClass = func() (fold [utf8.RuneSelf]rune, as [utf8.RuneSelf]class) {
	for r := range rune(utf8.RuneSelf) {
		fold[r] = r
		switch {
		case 'A' <= r && r <= 'Z':
			fold[r] = r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		case r == '.' || r == '\'':
			as[r] = dropped
		case r == '/' || r == ',' || r == ';' || r == '|' || r == '\\' || r == '+' || r == '#' || r == ':' || r == '\n' || r == '\r':
			as[r] = hard
		default:
			as[r] = soft
		}
	}
	return fold, as
}()
