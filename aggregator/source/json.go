package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// jsonRecords reads a list of records out of a JSON document: objects, whose fields in
// the order in which they come first are the columns, or lists, of which the first has
// the names. path leads there, names with dots between them.
func jsonRecords(doc []byte, path string) records {
	return func(each func(int64, []string, error) error) error {
		at := json.RawMessage(doc)
		for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(at, &object); err != nil || object[name] == nil {
				return faultf("bad_file", "path: the answer has no %q there; it must lead to a list of records.", clip(name))
			}
			at = object[name]
		}
		var list []json.RawMessage
		if err := json.Unmarshal(at, &list); err != nil {
			return faultf("bad_file", "The answer is no JSON list there; path must lead to a list of records, as data.items does to {\"data\":{\"items\":[…]}}.")
		}
		if len(list) == 0 {
			return faultf("bad_file", "The list of records is empty.")
		}
		if len(list) > MaxRows {
			return faultf("too_large", "The list has %d records, allowed %d.", len(list), MaxRows)
		}
		if bytes.HasPrefix(bytes.TrimSpace(list[0]), []byte("[")) {
			return eachList(list, each)
		}
		return eachObject(list, each)
	}
}

func eachList(list []json.RawMessage, each func(int64, []string, error) error) error {
	for n, raw := range list {
		var cells []json.RawMessage
		if err := json.Unmarshal(raw, &cells); err != nil {
			if err := each(int64(n+1), nil, &badCell{badWidth, "The record is no list as the first is."}); err != nil {
				return err
			}
			continue
		}
		fields := make([]string, len(cells))
		for i, c := range cells {
			fields[i] = jsonText(c)
		}
		if err := each(int64(n+1), fields, nil); err != nil {
			return err
		}
	}
	return nil
}

func eachObject(list []json.RawMessage, each func(int64, []string, error) error) error {
	var names []string
	places := map[string]int{}
	rows := make([][]string, len(list))
	for n, raw := range list {
		fields, err := object(raw)
		if err != nil {
			continue // told below, when the names are known
		}
		row := make([]string, len(names))
		for _, f := range fields {
			at, ok := places[f[0]]
			if !ok {
				if len(names) == MaxColumns {
					return faultf("too_large", "The records have more than %d fields.", MaxColumns)
				}
				at = len(names)
				places[f[0]], names = at, append(names, f[0])
			}
			for len(row) <= at {
				row = append(row, "")
			}
			row[at] = f[1]
		}
		rows[n] = row
	}
	if err := each(1, slices.Clone(names), nil); err != nil {
		return err
	}
	for n, row := range rows {
		var wrong error
		if row == nil {
			wrong = &badCell{badWidth, "The record is no object as the first is."}
		}
		for len(row) < len(names) {
			row = append(row, "")
		}
		if err := each(int64(n+1), row, wrong); err != nil {
			return err
		}
	}
	return nil
}

// object reads the fields of an object in their order, as name and text.
func object(raw json.RawMessage) ([][2]string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("source: no object")
	}
	var all [][2]string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		all = append(all, [2]string{fmt.Sprint(name), jsonText(value)})
	}
	return all, nil
}

// jsonText is a value as text: a string's letters, null as nothing, all else as written.
func jsonText(raw json.RawMessage) string {
	var s string
	switch {
	case string(raw) == "null":
		return ""
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}
