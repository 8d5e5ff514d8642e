package board

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed templates/*.json
var templates embed.FS

// order is that in which departments are offered theirs.
var order = []string{"operation", "content", "ratings", "product", "cooperation", "marketing", "province", "wall"}

// Template is a ready board to start from.
type Template struct {
	Name  string `json:"name"`
	Board *Board `json:"board"`
}

// Templates returns the ready boards of every department, anew at each call. Files
// that are wrong are a mistake of this release, so they panic; a test reads them all.
func Templates() []Template {
	all := make([]Template, 0, len(order))
	for _, name := range order {
		b, err := templates.ReadFile(path.Join("templates", name+".json"))
		if err != nil {
			panic(err)
		}
		board, err := Read(b)
		if err != nil {
			panic(fmt.Sprintf("template %s: %v", name, err))
		}
		all = append(all, Template{name, board})
	}
	return all
}

// templateFiles are the names of all that are embedded.
func templateFiles() ([]string, error) {
	entries, err := templates.ReadDir("templates")
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names, err
}
