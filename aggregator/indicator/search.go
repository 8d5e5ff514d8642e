package indicator

import (
	"fmt"
	"slices"
	"sync/atomic"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// No event says what a page is for, so which pages are for searching is a list of
// their codes: DefaultSearchPages unless UseSearchPages puts another in force.

// DefaultSearchPages are the pages for searching if nobody names others.
var DefaultSearchPages = []string{"search"}

// maxSearchPages bounds the list: it goes into each question.
const maxSearchPages = 200

// searchPages are the keys of the list in force.
var searchPages = func() *atomic.Pointer[[]uint64] {
	p := &atomic.Pointer[[]uint64]{}
	p.Store(keysOf(DefaultSearchPages))
	return p
}()

func keysOf(codes []string) *[]uint64 {
	keys := make([]uint64, len(codes))
	for n, code := range codes {
		keys[n] = aggregator.TextKey(code)
	}
	return &keys
}

// CheckSearchPages reports what is wrong with a list.
func CheckSearchPages(codes []string) error {
	if len(codes) > maxSearchPages {
		return fmt.Errorf("%d codes of pages, allowed at most %d", len(codes), maxSearchPages)
	}
	for n, code := range codes {
		if code == "" {
			return fmt.Errorf("the code of page %d is empty; write it as the page tells it, without stars", n+1)
		}
		if slices.Contains(codes[:n], code) {
			return fmt.Errorf("the code %q stands twice; each may stand once", code)
		}
	}
	return nil
}

// UseSearchPages puts a list in force, from the next question on, for all days;
// an empty one is of no page. Safe for concurrent use.
func UseSearchPages(codes []string) error {
	if err := CheckSearchPages(codes); err != nil {
		return err
	}
	searchPages.Store(keysOf(codes))
	return nil
}

// ofSearch keeps the rows of pages for searching.
func ofSearch(t term) term { t.search = true; return t }

// searching is the filter of such terms; without pages it keeps none.
func searching() store.Filter { return store.Filter{Column: store.ColPage, In: *searchPages.Load()} }
