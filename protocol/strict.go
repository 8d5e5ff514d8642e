package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// strictJSON reads one JSON object into a struct and refuses, by name, what
// encoding/json lets pass: names in another case, names that stand twice, null,
// and anything behind the object.
func strictJSON(text []byte, into any) error {
	if len(text) > MaxPacketDown {
		return faultf(BadLimit, "payload", "%d bytes, at most %d", len(text), MaxPacketDown)
	}
	if !utf8.Valid(text) {
		return faultf(Malformed, "payload", "not UTF-8")
	}
	if err := checkNames(text); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return plainFault(err)
	}
	return nil
}

// plainFault says a decoder's error without the names of Go's types.
func plainFault(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := wrong.Field
		if field == "" {
			field = "payload"
		}
		return faultf(Malformed, field, "%s, must be %s", wrong.Value, wanted(wrong.Type.Kind()))
	}
	why := strings.TrimPrefix(err.Error(), "json: ")
	if name, ok := strings.CutPrefix(why, "unknown field "); ok {
		return faultf(Malformed, strings.Trim(name, `"`), "not a field of it")
	}
	return faultf(Malformed, "payload", "%s", why)
}

func wanted(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number that is not negative and fits"
}

// checkNames walks over a document without keeping it.
func checkNames(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	w := walker{dec: dec}
	if err := w.value("payload", 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return faultf(Malformed, "payload", "something stands behind the object")
	}
	return nil
}

type walker struct{ dec *json.Decoder }

func (w *walker) token() (json.Token, error) {
	t, err := w.dec.Token()
	if err != nil {
		return nil, faultf(Malformed, "payload", "not JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return t, nil
}

func (w *walker) value(name string, depth int) error {
	t, err := w.token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return w.object(depth)
	case json.Delim('['):
		if depth == 0 {
			return faultf(Malformed, name, "an array, must be an object")
		}
		for i := 0; w.dec.More(); i++ {
			if err := w.deeper(name, depth); err != nil {
				return err
			}
			if err := w.value(fmt.Sprintf("%s[%d]", name, i), depth+1); err != nil {
				return err
			}
		}
		_, err := w.token()
		return err
	case nil:
		return faultf(Malformed, name, "null; leave it out")
	}
	if depth == 0 {
		return faultf(Malformed, name, "must be an object")
	}
	return nil
}

func (w *walker) object(depth int) error {
	seen := map[string]bool{}
	for w.dec.More() {
		t, err := w.token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		switch {
		case !isName(name):
			return faultf(Malformed, shown(name), "not a field of it")
		case seen[name]:
			return faultf(Malformed, name, "stands twice")
		}
		seen[name] = true
		if err := w.deeper(name, depth); err != nil {
			return err
		}
		if err := w.value(name, depth+1); err != nil {
			return err
		}
	}
	_, err := w.token()
	return err
}

func (w *walker) deeper(name string, depth int) error {
	if depth >= 2*MaxDepth {
		return faultf(BadLimit, name, "nested too deep")
	}
	return nil
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != ""
}
