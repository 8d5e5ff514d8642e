package localapi

import "testing"

// TestSetOrigins: the next request goes by the new list.
func TestSetOrigins(t *testing.T) {
	a := newAPI(t, &taker{})
	f := func(origin string, want int) {
		t.Helper()
		if code, got := call(a, "/v1/events", `{"kind":"click","page":"home"}`, "Origin", origin); code != want {
			t.Errorf("a page of %s: %d %s, want %d", origin, code, got, want)
		}
	}
	const other = "http://10.9.9.9"
	f(goodPage, 202)
	f(other, 403)
	a.SetOrigins([]string{other})
	f(goodPage, 403)
	f(other, 202)
	a.SetOrigins(nil)
	f(other, 403)
}
