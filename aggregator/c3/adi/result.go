package adi

import (
	"io"
	"strconv"

	"iptvdc/aggregator/c3"
)

// ResultWriter writes the answer to a catalogue: each object and mapping again,
// by its keys, with the properties Result (0 is success) and ErrorDescription in
// place of its own. Records may be answered in any order. Not safe for concurrent
// use.
type ResultWriter struct{ w *Writer }

// NewResultWriter writes the begin of an answer.
func NewResultWriter(w io.Writer, s Style) (*ResultWriter, error) {
	out, err := NewWriter(w, s)
	return &ResultWriter{out}, err
}

// Answer answers the record of an item, a fault too. A header is not answered,
// nor a fault of what is neither object nor mapping.
func (w *ResultWriter) Answer(item *Item, result int, description string) error {
	switch item.Of {
	case KindObject:
		return w.Object(&item.Object, result, description)
	case KindMapping:
		return w.Mapping(&item.Mapping, result, description)
	}
	return nil
}

// Object answers an object.
func (w *ResultWriter) Object(o *c3.Object, result int, description string) error {
	answered := *o
	answered.Properties = answer(result, description)
	return w.w.Object(&answered)
}

// Mapping answers a mapping.
func (w *ResultWriter) Mapping(m *c3.Mapping, result int, description string) error {
	answered := *m
	answered.Properties = answer(result, description)
	return w.w.Mapping(&answered)
}

// Close writes the end.
func (w *ResultWriter) Close() error { return w.w.Close() }

func answer(result int, description string) []c3.Property {
	return []c3.Property{{Name: "Result", Value: strconv.Itoa(result)}, {Name: "ErrorDescription", Value: description}}
}
