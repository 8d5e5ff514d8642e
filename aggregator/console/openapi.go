package console

import (
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
)

// document writes the OpenAPI document from the declared routes, so that it
// cannot differ from what is served.
func document(routes []route, version string) ([]byte, error) {
	d := describer{schemas: map[string]any{}, types: map[string]reflect.Type{}}
	paths := map[string]map[string]any{}
	for _, rt := range routes {
		if paths[rt.path] == nil {
			paths[rt.path] = map[string]any{}
		}
		paths[rt.path][strings.ToLower(rt.method)] = d.operation(rt)
	}
	return json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title":       "IPTV behaviour data: figures",
			"version":     version,
			"description": "Days are civil days in Asia/Shanghai. Every answer holds only what is open to the token or person: by data set, in provinces. Where not everything that a question needs is open, the answer is 403 not_granted and says what is missing. Messages of errors are in Chinese for requests whose Accept-Language prefers it to English, else in English, as Content-Language says; their codes are the same in both.",
		},
		"paths": paths,
		"components": map[string]any{
			"schemas": d.schemas,
			"securitySchemes": map[string]any{
				"token":   map[string]any{"type": "http", "scheme": "bearer", "description": "made by: aggregator token"},
				"session": map[string]any{"type": "apiKey", "in": "cookie", "name": SessionCookie, "description": "made by signing in, or by opening a one-time link"},
			},
		},
	}, "", " ")
}

// describer turns Go types into schemas.
type describer struct {
	schemas map[string]any
	types   map[string]reflect.Type // of the schemas, by name
}

var pathValue = regexp.MustCompile(`\{(\w+)\}`)

func (d describer) operation(rt route) map[string]any {
	op := map[string]any{"summary": rt.summary, "responses": d.responses(rt)}
	if rt.access != anyone {
		op["security"] = []any{map[string]any{"token": []string{}}, map[string]any{"session": []string{}}}
	}
	if rt.access == admin {
		op["description"] = "Administrators of all provinces only."
	}
	if rt.body != nil {
		op["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": d.schema(reflect.TypeOf(rt.body))}}}
	}
	var parameters []any
	for _, m := range pathValue.FindAllStringSubmatch(rt.path, -1) {
		parameters = append(parameters, map[string]any{"name": m[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	for _, p := range rt.takes {
		schema := map[string]any{"type": "string"}
		if p.def != "" {
			schema["default"] = p.def
		}
		parameters = append(parameters, map[string]any{"name": p.name, "in": "query", "required": p.required, "description": p.about, "schema": schema})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	return op
}

func (d describer) responses(rt route) map[string]any {
	ok := map[string]any{"description": "As asked"}
	media := rt.media
	if media == "" {
		media = "application/json"
	}
	schema := map[string]any{"type": "string"}
	if rt.answer != nil {
		schema = d.schema(reflect.TypeOf(rt.answer))
	}
	ok["content"] = map[string]any{media: map[string]any{"schema": schema}}
	status := "200"
	if rt.media == "text/html" {
		status, ok = "303", map[string]any{"description": "To the page"}
	}
	fault := map[string]any{"description": "What is wrong, and what is allowed", "content": map[string]any{"application/json": map[string]any{"schema": d.schema(reflect.TypeFor[errorBody]())}}}
	return map[string]any{status: ok, "default": fault}
}

// special are types whose JSON is not what their fields say.
var special = map[reflect.Type]map[string]any{
	reflect.TypeFor[indicator.Moment](): {"type": []string{"string", "null"}, "format": "date-time", "description": "in Asia/Shanghai; null: none"},
	reflect.TypeFor[indicator.Number](): {"type": []string{"number", "null"}},
	reflect.TypeFor[indicator.Row](): {"type": "array", "items": map[string]any{"type": []string{"string", "number", "null"}},
		"description": "a cell a column: the period and dimensions as text, figures as numbers, null: none"},
	reflect.TypeFor[indicator.Grain]():    {"type": "string", "enum": indicator.Grains(), "default": indicator.Total},
	reflect.TypeFor[indicator.Compare]():  {"type": "string", "enum": indicator.Compares()},
	reflect.TypeFor[indicator.Align]():    {"type": "string", "enum": indicator.Aligns()},
	reflect.TypeFor[time.Time]():          {"type": "string", "format": "date-time"},
	reflect.TypeFor[board.Kind]():         {"type": "string", "enum": board.Kinds()},
	reflect.TypeFor[settings.Powers]():    {"type": "array", "items": map[string]any{"type": "string", "enum": settings.PowerNames()}},
	reflect.TypeFor[aggregator.DataSet](): {"type": "string", "description": "one of " + dataSetNames() + ", or src.NAME for one own data source"},
	reflect.TypeFor[indicator.Why]():      {"type": "string", "enum": indicator.Whys()},
}

func dataSetNames() string {
	var names []string
	for _, d := range aggregator.DataSets() {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}

func (d describer) schema(t reflect.Type) map[string]any {
	if s, ok := special[t]; ok {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.schema(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return map[string]any{"type": "object"}
		}
		return map[string]any{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Struct:
		return d.object(t)
	}
	return map[string]any{"type": "integer"}
}

// object describes a struct once, under its name.
func (d describer) object(t reflect.Type) map[string]any {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if taken, ok := d.types[name]; ok && taken != t { // of two packages
		of := path.Base(t.PkgPath())
		name = strings.ToUpper(of[:1]) + of[1:] + name
	}
	d.types[name] = t
	ref := map[string]any{"$ref": "#/components/schemas/" + name}
	if _, done := d.schemas[name]; done {
		return ref
	}
	properties := map[string]any{}
	required := []string{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || f.Tag.Get("json") == "-" {
			continue // its fields stand beside those of t; or it is nobody's outside
		}
		property := jsonName(f)
		properties[property] = d.schema(f.Type)
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if strings.Contains(options, "string") {
			properties[property] = map[string]any{"type": "string"}
		}
		if !strings.Contains(options, "omitempty") {
			required = append(required, property)
		}
	}
	d.schemas[name] = map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	return ref
}

func (s *Console) serveDocument(w http.ResponseWriter, _ *http.Request) error {
	return writeBytes(w, http.StatusOK, s.openAPI)
}
