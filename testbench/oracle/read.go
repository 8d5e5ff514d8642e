package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// pageLines is how many lines are parsed together.
const pageLines = 2048

// page is some lines on their way from the file, through a parser, to the truth, in
// the order of the file.
type page struct {
	first   int // number of the first line
	text    []byte
	records []Record
	evicted []eviction
	err     error
	done    chan struct{}
}

type eviction struct {
	box          string
	events, sent int64
}

// Read adds the truth in r to t. A last line without its end, as a crash
// leaves it, is left out; any other fault is an error that names the line.
func (t *Truth) Read(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	head, err := in.ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF):
		t.Cut = t.Cut || len(bytes.TrimSpace(head)) > 0
		return errors.New("line 1: no truth file: its first line is missing")
	case err != nil:
		return err
	}
	if err := checkHead(head); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	pages, order := make(chan *page), make(chan *page, 4*runtime.NumCPU())
	var parsers sync.WaitGroup
	for range runtime.NumCPU() {
		parsers.Go(func() {
			for p := range pages {
				p.parse()
				close(p.done)
			}
		})
	}
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		failed <- t.cut(in, pages, order, stop)
		close(pages)
		close(order)
	}()
	err = nil
	for p := range order {
		<-p.done
		if err != nil {
			continue // what was under way is let go
		}
		if err = p.err; err != nil {
			close(stop)
		}
		t.take(p)
	}
	parsers.Wait()
	if failure := <-failed; err == nil {
		err = failure
	}
	return err
}

// cut cuts the text into pages until it ends or stop is closed.
func (t *Truth) cut(in *bufio.Reader, pages, order chan<- *page, stop <-chan struct{}) error {
	for first := 2; ; first += pageLines {
		p := &page{first: first, done: make(chan struct{})}
		var err error
		for range pageLines {
			var line []byte
			line, err = in.ReadSlice('\n')
			for errors.Is(err, bufio.ErrBufferFull) {
				p.text = append(p.text, line...)
				line, err = in.ReadSlice('\n')
			}
			if err != nil {
				if whole := bytes.LastIndexByte(p.text, '\n') + 1; len(bytes.TrimSpace(p.text[whole:]))+len(bytes.TrimSpace(line)) > 0 {
					t.Cut = errors.Is(err, io.EOF)
					p.text = p.text[:whole]
				}
				break
			}
			p.text = append(p.text, line...)
		}
		select {
		case order <- p:
		case <-stop:
			return nil
		}
		pages <- p
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
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

// parse parses the lines up to the first that is wrong.
func (p *page) parse() {
	number := p.first
	words := make(map[string]string) // so that each text is kept once
	for line := range bytes.Lines(p.text) {
		if err := p.line(line, words); err != nil {
			p.err = fmt.Errorf("line %d: %w", number, err)
			return
		}
		number++
	}
}

func (p *page) line(line []byte, words map[string]string) error {
	var plain plainLine
	p.records = append(p.records, Record{})
	if plain.line(line, words, &p.records[len(p.records)-1]) {
		return nil
	}
	p.records = p.records[:len(p.records)-1]
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
		p.evicted = append(p.evicted, eviction{l.Box, l.Evicted, l.Sent})
		return nil
	}
	if l.Event == nil || l.Event.Kind == "" {
		return errors.New(`neither "e", an event, nor "evicted"`)
	}
	p.records = append(p.records, Record{Box: l.Box, Province: fmt.Sprintf("%02d", l.Province), City: fmt.Sprintf("%04d", l.City), AtMs: l.AtMs, Event: *l.Event})
	return nil
}

// take adds what was parsed.
func (t *Truth) take(p *page) {
	for i := range p.records {
		t.Add(&p.records[i])
	}
	for _, e := range p.evicted {
		if t.Evicted == nil {
			t.Evicted, t.Sent = make(map[string]int64), make(map[string]int64)
		}
		t.Evicted[e.box] += e.events
		t.Sent[e.box] += e.sent
	}
}
