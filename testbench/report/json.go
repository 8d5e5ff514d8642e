package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// WriteJSON writes the run, indented. A figure that JSON has no form for, as an
// endless latency, is an error; nothing is written then.
func (r *Run) WriteJSON(w io.Writer) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("run as JSON: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ReadJSON reads what WriteJSON wrote. It refuses unknown fields, a second
// value, samples or faults that are not in order of time, and times before the
// start.
func ReadJSON(in io.Reader) (*Run, error) {
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	var r *Run
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if r == nil {
		return nil, errors.New("run: null")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("more after the end")
		}
		return nil, fmt.Errorf("run: %w", err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	return r, nil
}

// check says what no run can have been.
func (r *Run) check() error {
	if r.TookMs < 0 {
		return fmt.Errorf("took_ms: %d is negative", r.TookMs)
	}
	last := int64(0)
	for i := range r.Samples {
		at := r.Samples[i].AtMs
		if at < last {
			return fmt.Errorf("samples[%d]: at_ms %d lies before %d", i, at, last)
		}
		last = at
	}
	last = 0
	for i := range r.Faults {
		f := &r.Faults[i]
		if f.FromMs < last {
			return fmt.Errorf("faults[%d]: from_ms %d lies before %d", i, f.FromMs, last)
		}
		if f.ToMs < f.FromMs {
			return fmt.Errorf("faults[%d]: ends at %d, before it begins at %d", i, f.ToMs, f.FromMs)
		}
		last = f.FromMs
	}
	if r.Verify != nil {
		for i, l := range r.Verify.Lines {
			if l == nil {
				return fmt.Errorf("verify.indicators[%d]: null", i)
			}
		}
	}
	return nil
}
