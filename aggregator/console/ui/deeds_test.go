package ui

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What is written into the audit log is read by people: each code has words in both
// languages. Codes are found where they are written, and by their form where a variable
// stands between.
func TestDeedsHaveWords(t *testing.T) {
	page, err := os.ReadFile("src/people/deeds.ts")
	if err != nil {
		t.Fatal(err)
	}
	worded := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z_]+): \{ zh: '[^']+', en: '[^']+' \},$`).FindAllStringSubmatch(string(page), -1) {
		worded[m[1]] = true
	}
	written := []*regexp.Regexp{
		regexp.MustCompile(`\b(?:record|Note|noteList|noted|moved|noteOf|changedApp|changePerson|changeSource)\([^"\n]*"([a-z]+(?:_[a-z]+)*)"`),
		regexp.MustCompile(`\bwhat(?:, \w+)* :?= (?:p, )?"([a-z]+(?:_[a-z]+)*)"`),
		regexp.MustCompile(`return "((?:update|claim|box)_[a-z]+)", `),
	}
	found := map[string]bool{}
	for _, folder := range []string{"../../settings", "..", "../../cmd/aggregator"} {
		names, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(names), err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range written {
				for _, m := range form.FindAllStringSubmatch(string(source), -1) {
					found[m[1]] = true
				}
			}
		}
	}
	if len(found) < 60 {
		t.Fatalf("only %d codes found: %v", len(found), found)
	}
	for code := range found {
		if !worded[code] {
			t.Errorf("the audit log's %q has no words in src/people/deeds.ts", code)
		}
	}
}
