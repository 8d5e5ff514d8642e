package dialect

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"iptvdc/aggregator"
)

// ready/ has dialects to start from: what is known of published interfaces (vac,
// ismp, boss, warehouse), and one of each province of the demonstration (p33).
// The latter are made up, each different from the others.
//
//go:embed ready/*.yaml
var ready embed.FS

// Ready lists the names of the ready dialects, in alphabetical order.
func Ready() []string {
	files, _ := ready.ReadDir("ready") // embedded: it is there
	var all []string
	for _, f := range files {
		all = append(all, strings.TrimSuffix(f.Name(), path.Ext(f.Name())))
	}
	return all
}

// ReadyText is the profile of a ready dialect.
func ReadyText(name string) ([]byte, error) {
	text, err := ready.ReadFile("ready/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no ready dialect %q; there are %s", name, strings.Join(Ready(), ", "))
	}
	return text, nil
}

// LoadReady compiles a ready dialect.
func LoadReady(name string) (*Dialect, error) {
	text, err := ReadyText(name)
	if err != nil {
		return nil, err
	}
	d, err := Compile(text)
	if err != nil {
		return nil, fmt.Errorf("ready dialect %s: %w", name, err)
	}
	return d, nil
}

// ReadyFor compiles the ready dialect of a province; an error if there is none.
func ReadyFor(p aggregator.Province) (*Dialect, error) { return LoadReady("p" + p.String()) }
