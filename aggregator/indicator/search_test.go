package indicator

import (
	"strings"
	"testing"

	"iptvdc/aggregator"
)

func TestSearchPages(t *testing.T) {
	defer func() {
		if err := UseSearchPages(DefaultSearchPages); err != nil {
			t.Error(err)
		}
	}()
	f := func(codes []string, wrong string) {
		t.Helper()
		before := searching()
		err := UseSearchPages(codes)
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Fatalf("UseSearchPages(%.3q) = %v; want %q", codes, err, wrong)
		}
		keys := searching().In
		if err != nil {
			if len(keys) != len(before.In) || keys[0] != before.In[0] {
				t.Errorf("a bad list took the place of the one in force")
			}
			return
		}
		if len(keys) != len(codes) {
			t.Fatalf("%d keys of %q", len(keys), codes)
		}
		for n, key := range keys {
			if key != aggregator.TextKey(codes[n]) {
				t.Errorf("the key of %q is %x", codes[n], key)
			}
		}
	}
	f([]string{"so/index", "search"}, "")
	f([]string{"so", ""}, "page 2 is empty")
	f([]string{"so", "so"}, `"so" stands twice`)
	f(make([]string, maxSearchPages+1), "allowed at most 200")
	f(nil, "") // of no page
}
