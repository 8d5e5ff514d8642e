package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
)

const (
	// MaxBody is the greatest request body, in bytes.
	MaxBody = 64 << 10
	// MaxAuditBody is that of an audit: MaxAuditBoxes ids of 32 letters.
	MaxAuditBody = 96 << 10
)

// bodyPatience is how long a request may take to arrive.
const bodyPatience = 15 * time.Second

// decode reads one JSON value strictly: no unknown field, nothing after it, at
// most limit bytes. Errors name the field and what is allowed.
func decode(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	// Who sends slowly holds a connection, not for long.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyPatience))
	body := http.MaxBytesReader(w, r.Body, limit)
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badBody(err, into)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badBody(err, into)
	}
	return nil
}

func badBody(err error, into any) error {
	var large *http.MaxBytesError
	var typed *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	fault := &aggregator.Error{Code: "bad_body", Cause: err}
	switch {
	case err == nil:
		fault.Message = "body: there is something after the JSON object; send one object."
	case errors.As(err, &large):
		fault.Code = "body_too_large"
		fault.Message = fmt.Sprintf("body: more than %d bytes.", large.Limit)
	case errors.Is(err, io.EOF):
		fault.Message = "body: empty; send a JSON object with the fields " + fields(into) + "."
	case errors.As(err, &typed):
		fault.Message = fmt.Sprintf("%s: %s does not fit; must be %s.", orBody(typed.Field), typed.Value, kindWord(typed.Type))
	case errors.As(err, &syntax):
		fault.Message = fmt.Sprintf("body: not JSON at byte %d.", syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		fault.Message = "body: the JSON ends in the middle."
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		fault.Message = "body: there is no field " + clip(strings.TrimPrefix(err.Error(), "json: unknown field ")) + "; allowed: " + fields(into) + "."
	default:
		fault.Message = "body: cannot be read."
	}
	return fault
}

func orBody(field string) string {
	if field == "" {
		return "body"
	}
	return field
}

// fields lists the names of a request's fields and of those one level below.
func fields(into any) string {
	var names []string
	t := reflect.TypeOf(into).Elem()
	for _, f := range namedFields(t) {
		names = append(names, jsonName(f))
	}
	for i := range t.NumField() {
		ft := t.Field(i).Type
		if ft.Kind() != reflect.Slice || ft.Elem().Kind() != reflect.Struct {
			continue
		}
		for _, f := range namedFields(ft.Elem()) {
			names = append(names, jsonName(t.Field(i))+"."+jsonName(f))
		}
	}
	return strings.Join(names, ", ")
}

// namedFields are those that JSON names, also those of structs within.
func namedFields(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Anonymous || jsonName(f) == "" || jsonName(f) == "-" })
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func kindWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
