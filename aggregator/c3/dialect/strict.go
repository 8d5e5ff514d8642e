package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// strict turns YAML into structs and lets nothing pass that is not in them:
// every mistake is kept with its line, and decoding goes on, so that a person
// sees all of them at once.
type strict struct {
	faults []fault
	lines  map[string]int // of a path as feeds[0].name
}

type fault struct {
	line int
	text string
}

// special is a value that may be written in more than one form.
type special interface {
	decode(s *strict, n *yaml.Node, path string)
}

// parse returns the root of the only document in text.
func parse(text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("line 1: the profile is empty; start with version: 1")
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document; put everything into one")
	}
	return doc.Content[0], nil
}

func (s *strict) add(line int, format string, args ...any) {
	s.faults = append(s.faults, fault{line, fmt.Sprintf(format, args...)})
}

// at adds a fault at the line of a path, or of the nearest part of it.
func (s *strict) at(path, format string, args ...any) {
	s.add(s.line(path), path+": "+format, args...)
}

func (s *strict) line(path string) int {
	for path != "" {
		if line, ok := s.lines[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

// err is all faults in the order of their lines; nil: there are none.
func (s *strict) err() error {
	slices.SortStableFunc(s.faults, func(a, b fault) int { return a.line - b.line })
	var all []error
	for i, f := range s.faults {
		if i == 50 {
			all = append(all, fmt.Errorf("and %d more", len(s.faults)-i))
			break
		}
		text := f.text
		if f.line > 0 {
			text = "line " + strconv.Itoa(f.line) + ": " + text
		}
		all = append(all, errors.New(text))
	}
	return errors.Join(all...)
}

// value decodes n into v, over what v holds.
func (s *strict) value(n *yaml.Node, v reflect.Value, path string) {
	s.lines[path] = n.Line
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		s.add(n.Line, "%s: anchors and aliases are not read here; write what all feeds share under defaults", path)
		return
	}
	if sp, ok := v.Addr().Interface().(special); ok {
		sp.decode(s, n, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		s.value(n, v.Elem(), path)
	case reflect.Struct:
		s.mapping(n, v, path)
	case reflect.Map:
		if !s.is(n, yaml.MappingNode, path, "a list of key: value") {
			return
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for key, val := range s.pairs(n, path) {
			e := reflect.New(v.Type().Elem()).Elem()
			s.value(val, e, path+"."+key)
			v.SetMapIndex(reflect.ValueOf(key), e)
		}
	case reflect.Slice:
		list := []*yaml.Node{n} // one value stands for a list of one
		if n.Kind == yaml.SequenceNode {
			list = n.Content
		}
		out := reflect.MakeSlice(v.Type(), len(list), len(list))
		for i, e := range list {
			s.value(e, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
		v.Set(out)
	default:
		s.scalar(n, v, path)
	}
}

func (s *strict) scalar(n *yaml.Node, v reflect.Value, path string) {
	if !s.is(n, yaml.ScalarNode, path, "one value") {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
		if n.Tag == "!!null" {
			v.SetString("")
		}
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 32)
		if err != nil {
			s.at(path, "%q is not a whole number", n.Value)
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || f != f {
			s.at(path, "%q is not a number", n.Value)
			return
		}
		v.SetFloat(f)
	case reflect.Bool:
		if n.Value != "true" && n.Value != "false" {
			s.at(path, "%q, allowed true, false", n.Value)
			return
		}
		v.SetBool(n.Value == "true")
	}
}

// mapping decodes n into a struct, whose keys are its fields' yaml names.
func (s *strict) mapping(n *yaml.Node, v reflect.Value, path string) {
	names, index := keysOf(v.Type())
	if !s.is(n, yaml.MappingNode, path, "one or more of "+strings.Join(names, ", ")) {
		return
	}
	for key, val := range s.pairs(n, path) {
		sub := key
		if path != "" {
			sub = path + "." + key
		}
		i, ok := index[key]
		if !ok {
			s.add(val.Line, "%s: there is no such key; allowed here: %s", sub, strings.Join(names, ", "))
			continue
		}
		s.value(val, v.Field(i), sub)
	}
}

// pairs yields the keys and values of a mapping, and finds fault with keys that
// come twice.
func (s *strict) pairs(n *yaml.Node, path string) func(func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				s.add(k.Line, "%s: a key must be one word", path)
				continue
			}
			if seen[k.Value] {
				s.add(k.Line, "%s: %s comes twice; keep one", path, k.Value)
				continue
			}
			seen[k.Value] = true
			if !yield(k.Value, n.Content[i+1]) {
				return
			}
		}
	}
}

func (s *strict) is(n *yaml.Node, kind yaml.Kind, path, want string) bool {
	if n.Kind == kind {
		return true
	}
	s.add(n.Line, "%s: must be %s", path, want)
	return false
}

func keysOf(t reflect.Type) (names []string, index map[string]int) {
	index = map[string]int{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" {
			names = append(names, name)
			index[name] = i
		}
	}
	return names, index
}

// decodePlain decodes a struct whose type has no decode of its own.
func decodePlain[T any](s *strict, n *yaml.Node, v *T, path string) {
	s.mapping(n, reflect.ValueOf(v).Elem(), path)
}

func (s *strict) lists(n *yaml.Node, v *[]string, path string) {
	s.value(n, reflect.ValueOf(v).Elem(), path)
}
