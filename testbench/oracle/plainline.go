package oracle

import (
	"bytes"
	"strconv"
)

// A truth has millions of lines, nearly all of one plain form: objects of texts
// without escapes and whole numbers, an event within. These are read here; whatever
// looks otherwise is left to encoding/json, so it means the same, or is refused
// there.

// plainLine is the fields of a line. ok is false if it is not plain.
type plainLine struct {
	rest []byte
	ok   bool
}

// line reads a plain line into r; false: it is another, or none.
func (p *plainLine) line(text []byte, words map[string]string, r *Record) bool {
	p.rest, p.ok = text, true
	told := false
	p.object(func(key []byte) {
		switch string(key) {
		case "b":
			r.Box = p.text(words)
		case "p":
			r.Province = p.code(words, 2)
		case "c":
			r.City = p.code(words, 4)
		case "t":
			r.AtMs = p.number()
		case "e":
			told = true
			p.event(words, &r.Event)
		default:
			p.ok = false
		}
	})
	p.blank()
	return p.ok && len(p.rest) == 0 && told && r.Box != "" && r.Event.Kind != ""
}

func (p *plainLine) event(words map[string]string, e *Event) {
	p.object(func(key []byte) {
		switch string(key) {
		case "kind":
			e.Kind = p.text(words)
		case "boot":
			e.Boot = p.number()
		case "mono_ms":
			e.MonoMs = p.number()
		case "page":
			e.Page = p.text(words)
		case "from":
			e.From = p.text(words)
		case "area":
			e.Area = p.text(words)
		case "slot":
			e.Slot = p.number()
		case "content":
			e.Content = p.text(words)
		case "trace":
			e.Trace = p.number()
		case "mode":
			e.Mode = p.text(words)
		case "channel":
			e.Channel = p.text(words)
		case "duration_ms":
			e.DurationMs = p.number()
		case "speed":
			e.Speed = p.number()
		case "part":
			e.Part = p.number()
		case "product":
			e.Product = p.text(words)
		case "provider":
			e.Provider = p.text(words)
		case "fen":
			e.Fen = p.number()
		case "result":
			e.Result = p.text(words)
		case "template":
			e.Template = p.text(words)
		case "sight":
			e.Sight = p.text(words)
		case "start_ms":
			e.StartMs = p.number()
		case "stalls":
			e.Stalls = p.number()
		case "stall_ms":
			e.StallMs = p.number()
		case "errors":
			e.Errors = p.number()
		case "reason":
			e.Reason = p.text(words)
		case "count":
			e.Count = p.number()
		case "cause":
			e.Cause = p.text(words)
		case "keys":
			e.Keys = p.number()
		case "idle_ms":
			e.IdleMs = p.number()
		case "tv":
			e.TV = p.text(words)
		case "end":
			e.End = p.text(words)
		case "account":
			e.Account = p.text(words)
		case "model":
			e.Model = p.text(words)
		case "agent":
			e.Agent = p.text(words)
		case "state":
			e.State = p.text(words)
		case "version":
			e.Version = p.number()
		case "why":
			e.Why = p.text(words)
		case "length_s":
			e.LengthS = p.number()
		case "position_ms":
			e.PositionMs = p.number()
		default:
			if bytes.ContainsAny(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				p.ok = false // encoding/json may know it in small letters
			}
			p.skip()
		}
	})
}

// object reads an object; f reads the value of each key.
func (p *plainLine) object(f func(key []byte)) {
	if !p.take('{') {
		return
	}
	if p.peek() == '}' {
		p.ok = false // empty ones are for encoding/json, too
		return
	}
	for p.ok {
		key := p.string()
		if !p.take(':') {
			return
		}
		f(key)
		if p.peek() == '}' {
			p.take('}')
			return
		}
		p.take(',')
	}
}

func (p *plainLine) blank() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\r' || p.rest[0] == '\t') {
		p.rest = p.rest[1:]
	}
}

// peek is the next byte that is not blank, 0 at the end.
func (p *plainLine) peek() byte {
	p.blank()
	if len(p.rest) == 0 {
		return 0
	}
	return p.rest[0]
}

func (p *plainLine) take(c byte) bool {
	if p.ok = p.ok && p.peek() == c; p.ok {
		p.rest = p.rest[1:]
	}
	return p.ok
}

// string is a text without escapes, of ASCII alone.
func (p *plainLine) string() []byte {
	if !p.take('"') {
		return nil
	}
	for i, c := range p.rest {
		switch {
		case c == '"':
			s := p.rest[:i]
			p.rest = p.rest[i+1:]
			return s
		case c == '\\' || c < ' ' || c >= 0x80:
			p.ok = false
			return nil
		}
	}
	p.ok = false
	return nil
}

func (p *plainLine) text(words map[string]string) string {
	s := p.string()
	kept, known := words[string(s)]
	if !known {
		kept = string(s)
		words[kept] = kept
	}
	return kept
}

// number is a whole number.
func (p *plainLine) number() int64 {
	p.blank()
	i := 0
	for i < len(p.rest) && (p.rest[i] == '-' || p.rest[i] >= '0' && p.rest[i] <= '9') {
		i++
	}
	digits := p.rest[:i]
	p.rest = p.rest[i:]
	if n := len(digits); n == 0 || n > 18 || digits[0] == '0' && n > 1 || digits[0] == '-' {
		p.ok = p.ok && n > 1 && digits[0] == '-' && digits[1] != '0' && n < 18
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	p.ok = p.ok && err == nil
	return n
}

// code is a number written with at least so many digits.
func (p *plainLine) code(words map[string]string, digits int) string {
	n := p.number()
	if n < 0 {
		p.ok = false
		return ""
	}
	var b [24]byte
	s := strconv.AppendInt(b[:0], n, 10)
	for len(s) < digits {
		s = append(s, 0)
		copy(s[1:], s)
		s[0] = '0'
	}
	kept, known := words[string(s)]
	if !known {
		kept = string(s)
		words[kept] = kept
	}
	return kept
}

// skip passes over a value that matters to nobody.
func (p *plainLine) skip() {
	switch p.peek() {
	case '"':
		p.string()
	case '{', '[', 't', 'f', 'n', 0:
		p.ok = false
	default:
		p.number()
	}
}
