package source

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"iptvdc/aggregator/c3/charset"
)

// records hands out the rows of something, the names of the columns first. Rows count
// from 1. fields are valid until the next call; wrong is what is wrong with the row, nil
// mostly. An error of each ends it and is returned.
type records func(each func(row int64, fields []string, wrong error) error) error

// errEnough ends a reading that has seen what it wanted.
var errEnough = errors.New("source: enough")

// csvRecords reads a CSV file: UTF-8, UTF-16 or GBK as it looks, with commas, semicolons
// or tabs as the first line has them.
func csvRecords(src io.Reader) records {
	return func(each func(int64, []string, error) error) error {
		text := bufio.NewReaderSize(charset.NewReader(src, charset.Auto, ""), 64<<10)
		head, err := text.Peek(64 << 10)
		if err != nil && !errors.Is(err, io.EOF) {
			return unreadable(err)
		}
		r := csv.NewReader(text)
		r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(string(head)), -1, true
		for first := true; ; first = false {
			fields, err := r.Read()
			var syntax *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				if first {
					return faultf("bad_file", "The file is empty.")
				}
				return nil
			case errors.As(err, &syntax):
				if first {
					return faultf("bad_file", "The first row cannot be read: a quote stands where none may.")
				}
				text := "A quote stands inside of a field; write it twice, and quotes around the field."
				if syntax.StartLine != syntax.Line {
					text = "A quote is opened and never closed; what follows is no rows."
				}
				if err := each(int64(syntax.StartLine), nil, &badCell{badQuote, text}); err != nil {
					return err
				}
				continue
			case err != nil:
				return unreadable(err)
			}
			line, _ := r.FieldPos(0)
			if first {
				for n, f := range fields {
					if fields[n] = strings.TrimSpace(f); strings.ContainsRune(f, rune(charset.Broken)) {
						return faultf("bad_file", "The name of column %d is no text in the file's character set; save the file as UTF-8.", n+1)
					}
				}
			}
			if err := each(int64(line), fields, nil); err != nil {
				return err
			}
		}
	}
}

// separator is the one of comma, semicolon and tab that stands most often in the first
// line, outside of quotes.
func separator(head string) rune {
	counts, quoted := map[rune]int{}, false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if (c == '\n' || c == '\r') && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range []rune{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// unreadable wraps an error of the file itself.
func unreadable(err error) error {
	f := faultf("bad_file", "The file cannot be read to its end.")
	f.Cause = err
	return f
}
