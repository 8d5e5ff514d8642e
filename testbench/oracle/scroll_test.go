package oracle

import (
	"fmt"
	"reflect"
	"testing"
)

// What is packed comes out as it went in, whatever field it is in.
func TestScroll(t *testing.T) {
	var truth Truth
	var want []Record
	of := reflect.TypeFor[Event]()
	for n := range of.NumField() {
		r := Record{Box: "a", Province: "33", City: "3301", AtMs: int64(1000 - n), Event: Event{Kind: "click"}}
		switch field := reflect.ValueOf(&r.Event).Elem().Field(n); field.Kind() {
		case reflect.String:
			field.SetString(fmt.Sprint("word ", n))
		case reflect.Int64:
			field.SetInt(int64(-n) << 40)
		default:
			t.Fatalf("%s is neither text nor number", of.Field(n).Name)
		}
		truth.Add(&r)
		want = append(want, r)
	}
	truth.Add(&Record{Box: "b", Event: Event{Kind: "view"}})
	got := truth.Of("a")
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %+v, must be %+v", of.Field(i).Name, got[i], want[i])
		}
	}
	if truth.Len() != len(want)+1 || fmt.Sprint(truth.Boxes()) != "[a b]" || len(truth.Of("c")) != 0 {
		t.Errorf("%d records of %v", truth.Len(), truth.Boxes())
	}
}
