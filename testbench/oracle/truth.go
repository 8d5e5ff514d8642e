package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Event is one event as a box told it.
type Event struct {
	Kind       string `json:"kind"`
	Boot       int64  `json:"boot"`
	MonoMs     int64  `json:"mono_ms"`
	Page       string `json:"page"`
	From       string `json:"from"`
	Area       string `json:"area"`
	Slot       int64  `json:"slot"`
	Content    string `json:"content"`
	Mode       string `json:"mode"`
	Channel    string `json:"channel"`
	DurationMs int64  `json:"duration_ms"`
	Speed      int64  `json:"speed"`
	Part       int64  `json:"part"`
	Product    string `json:"product"`
	Provider   string `json:"provider"`
	Fen        int64  `json:"fen"`
	Result     string `json:"result"`
	Template   string `json:"template"`
	Sight      string `json:"sight"`
	StartMs    int64  `json:"start_ms"`
	Stalls     int64  `json:"stalls"`
	StallMs    int64  `json:"stall_ms"`
	Errors     int64  `json:"errors"`
	Reason     string `json:"reason"`
	Count      int64  `json:"count"`
	Cause      string `json:"cause"`
	Keys       int64  `json:"keys"`
	IdleMs     int64  `json:"idle_ms"`
	TV         string `json:"tv"`          // on, off; "": not known
	LengthS    int64  `json:"length_s"`    // of the asset; 0: not known
	PositionMs int64  `json:"position_ms"` // where in it, plus 1; 0: not known
}

// Record is one line of truth: an event, where and when it really happened.
type Record struct {
	Box      string
	Province string // two digits
	City     string // four digits
	AtMs     int64  // UTC milliseconds; of a view its end
	Event    Event
}

// Truth is all that really happened. It is unchanged once read.
type Truth struct {
	Records []Record
	Evicted map[string]int64 // events that boxes threw away for want of room
	Sent    map[string]int64 // of these, sent before: they may have arrived
	Cut     bool             // the last line was unfinished and left out
}

// Read adds the truth in r to t. A last line without its end, as a crash
// leaves it, is left out; any other fault is an error that names the line.
func (t *Truth) Read(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	same := make(map[string]string)
	one := func(s string) string { // each text is kept once
		if kept, ok := same[s]; ok {
			return kept
		}
		same[s] = s
		return s
	}
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(bytes.TrimSpace(line)) > 0 {
				t.Cut = true
			}
			if number == 1 {
				return errors.New("line 1: no truth file: its first line is missing")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if number == 1 {
			if err := checkHead(line); err != nil {
				return fmt.Errorf("line 1: %w", err)
			}
			continue
		}
		if err := t.add(line, one); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

func checkHead(line []byte) error {
	var head struct {
		Truth int `json:"truth"`
	}
	if err := json.Unmarshal(line, &head); err != nil || head.Truth == 0 {
		return fmt.Errorf(`no truth file: it begins with %.40q, not with {"truth":1,...}`, line)
	}
	if head.Truth != 1 {
		return fmt.Errorf("truth format %d; this program reads 1", head.Truth)
	}
	return nil
}

func (t *Truth) add(line []byte, one func(string) string) error {
	var l struct {
		Box      string `json:"b"`
		Province int    `json:"p"`
		City     int    `json:"c"`
		AtMs     int64  `json:"t"`
		Event    *Event `json:"e"`
		Evicted  int64  `json:"evicted"`
		Sent     int64  `json:"sent"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Box == "" {
		return errors.New(`"b", the box, is missing`)
	}
	if l.Evicted > 0 {
		if t.Evicted == nil {
			t.Evicted, t.Sent = make(map[string]int64), make(map[string]int64)
		}
		t.Evicted[l.Box] += l.Evicted
		t.Sent[l.Box] += l.Sent
		return nil
	}
	if l.Event == nil || l.Event.Kind == "" {
		return errors.New(`neither "e", an event, nor "evicted"`)
	}
	e := *l.Event
	for _, s := range []*string{&e.Kind, &e.Page, &e.From, &e.Area, &e.Content, &e.Mode, &e.Channel, &e.Product, &e.Provider, &e.Result,
		&e.Template, &e.Sight, &e.Reason, &e.Cause, &e.TV} {
		*s = one(*s)
	}
	t.Records = append(t.Records, Record{
		Box:      one(l.Box),
		Province: one(fmt.Sprintf("%02d", l.Province)),
		City:     one(fmt.Sprintf("%04d", l.City)),
		AtMs:     l.AtMs,
		Event:    e,
	})
	return nil
}

// Tally counts what a box has told of one kind.
type Tally struct {
	Events  int64
	MonoSum int64
}

// Tallies counts events by box and kind.
func (t *Truth) Tallies() map[string]map[string]Tally {
	all := make(map[string]map[string]Tally)
	for i := range t.Records {
		r := &t.Records[i]
		if all[r.Box] == nil {
			all[r.Box] = make(map[string]Tally)
		}
		n := all[r.Box][r.Event.Kind]
		n.Events++
		n.MonoSum += r.Event.MonoMs
		all[r.Box][r.Event.Kind] = n
	}
	return all
}

// cellOf returns what r says of a dimension.
func cellOf(r *Record, dimension string) string {
	switch dimension {
	case "province":
		return r.Province
	case "city":
		return r.City
	case "page":
		return r.Event.Page
	case "from_page":
		return r.Event.From
	case "area":
		return r.Event.Area
	case "slot":
		return strconv.FormatInt(r.Event.Slot, 10)
	case "content":
		return r.Event.Content
	case "mode":
		return r.Event.Mode
	case "channel":
		return r.Event.Channel
	case "product":
		return r.Event.Product
	case "provider":
		return r.Event.Provider
	case "template":
		return r.Event.Template
	}
	panic("oracle: no dimension " + dimension)
}
