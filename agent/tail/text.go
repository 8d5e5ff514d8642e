package tail

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Read hands each line of a stream to each, as it came and as what it says,
// until the stream ends or each fails.
func Read(r io.Reader, each func(raw []byte, l Line) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<10) // an event has a dozen texts of 256 bytes
	for lines.Scan() {
		var l Line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("tail: %.80q is no line of a stream: %w", lines.Text(), err)
		}
		if err := each(lines.Bytes(), l); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Text is l as a person reads it: time in zone, kind, and what happened, as
//
//	20:15:04.120  click       page=home slot=3 content=film (page)
func Text(l Line, zone *time.Location) string {
	if l.Event == nil {
		return fmt.Sprintf("... %d events are not shown: they came faster than this was read", l.Lost)
	}
	at := "--:--:--.---"
	if l.WallMs > 0 {
		at = time.UnixMilli(int64(l.WallMs)).In(zone).Format("15:04:05.000")
	}
	kind, what, source := fields(l.Event)
	if source != "" && source != "agent" {
		what = append(what, "("+source+")")
	}
	return strings.TrimRight(fmt.Sprintf("%s  %-11s %s", at, kind, strings.Join(what, " ")), " ")
}

// fields lists an event's fields in their order, without those that every event
// has.
func fields(event []byte) (kind string, what []string, source string) {
	d := json.NewDecoder(bytes.NewReader(event))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "?", nil, ""
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		var value any
		if d.Decode(&value) != nil {
			break
		}
		switch name {
		case "kind":
			kind = fmt.Sprint(value)
		case "source":
			source = fmt.Sprint(value)
		case "boot", "mono_ms", "serial":
		default:
			what = append(what, fmt.Sprintf("%v=%s", name, shown(value)))
		}
	}
	return kind, what, source
}

// shown quotes a text that would not read as one word, or that would move the
// terminal's cursor.
func shown(value any) string {
	s := fmt.Sprint(value)
	odd := strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' })
	if odd || s == "" {
		return fmt.Sprintf("%q", s)
	}
	return s
}
