package duckdb

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"iptvdc/aggregator/c3"
)

// appendProperties appends properties as JSON: [["Name","Language","Value"],...],
// byte for byte as encoding/json writes it, so that what was sent again is known
// as such, whichever wrote it.
func appendProperties(to []byte, all []c3.Property) []byte {
	to = append(to, '[')
	for i := range all {
		p := &all[i]
		if i > 0 {
			to = append(to, ',')
		}
		to = appendQuoted(append(to, '['), p.Name)
		to = appendQuoted(append(to, ','), p.Language)
		to = append(appendQuoted(append(to, ','), p.Value), ']')
	}
	return append(to, ']')
}

// appendQuoted appends a text as JSON.
func appendQuoted(to []byte, s string) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	from := 0 // s is in to up to here
	for i := 0; i < len(s); {
		c := s[i]
		if plainInJSON[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			to = append(to, s[from:i]...)
			switch c {
			case '"', '\\':
				to = append(to, '\\', c)
			case '\b':
				to = append(to, '\\', 'b')
			case '\f':
				to = append(to, '\\', 'f')
			case '\n':
				to = append(to, '\\', 'n')
			case '\r':
				to = append(to, '\\', 'r')
			case '\t':
				to = append(to, '\\', 't')
			default:
				to = append(to, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			}
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			to = append(append(to, s[from:i]...), `\ufffd`...)
			from = i + size
		case r == '\u2028' || r == '\u2029':
			to = append(append(to, s[from:i]...), '\\', 'u', '2', '0', '2', digits[r&15])
			from = i + size
		}
		i += size
	}
	return append(append(to, s[from:]...), '"')
}

// plainInJSON are the bytes that encoding/json writes as they are.
var plainInJSON = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return plain
}()

func unpackProperties(text string) ([]c3.Property, error) {
	var rows [][3]string
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("properties: %w", err)
	}
	all := make([]c3.Property, len(rows))
	for i, r := range rows {
		all[i] = c3.Property{Name: r[0], Language: r[1], Value: r[2]}
	}
	return all, nil
}
