package firmware

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// strict reads a YAML node into v, a pointer to a struct, slice, map of numbers
// or scalar. Whatever v has no place for, what comes twice and what is of
// another kind is an error that names line and field.
func strict(file string, n *yaml.Node, v reflect.Value, field string) error {
	wrong := func(n *yaml.Node, field, format string, args ...any) error {
		return fmt.Errorf("%s:%d: %s: %s", file, n.Line, field, fmt.Sprintf(format, args...))
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		if n.Kind != yaml.MappingNode {
			return wrong(n, field, "want fields, as name: value")
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			name := key.Value
			at := strings.TrimPrefix(field+"."+name, ".")
			if seen[name] {
				return wrong(key, at, "stands here twice")
			}
			seen[name] = true
			if v.Kind() == reflect.Map {
				if v.IsNil() {
					v.Set(reflect.MakeMap(v.Type()))
				}
				e := reflect.New(v.Type().Elem()).Elem()
				if err := strict(file, value, e, at); err != nil {
					return err
				}
				v.SetMapIndex(reflect.ValueOf(name), e)
				continue
			}
			known := fieldNames(v.Type())
			j := slices.Index(known, name)
			if j < 0 {
				return wrong(key, at, "no such field; known: %s", strings.Join(known, ", "))
			}
			if err := strict(file, value, v.Field(j), at); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return wrong(n, field, "want a list")
		}
		for i, item := range n.Content {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := strict(file, item, e, fmt.Sprintf("%s[%d]", field, i)); err != nil {
				return err
			}
			v.Set(reflect.Append(v, e))
		}
	default:
		if n.Kind != yaml.ScalarNode {
			return wrong(n, field, "want one value")
		}
		if n.Decode(v.Addr().Interface()) != nil {
			return wrong(n, field, "%q is no whole number", n.Value)
		}
	}
	return nil
}

func fieldNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("yaml"))
	}
	return names
}
