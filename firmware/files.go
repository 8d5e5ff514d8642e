package firmware

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// files are the integrations as they lie beside this file.
//
//go:embed targets.yaml agent.conf android buildroot openwrt yocto systemd init image/init.sh
var files embed.FS

// DefaultConf is the agent.conf that a firmware engineer starts from.
func DefaultConf() []byte { return must("agent.conf") }

func must(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("BUG: embedded " + name + ": " + err.Error())
	}
	return text
}

// place is what is filled in when firmware is made: @NAME@.
var place = regexp.MustCompile(`@[A-Z][A-Z0-9_]*@`)

// Template returns an integration file with its places filled in by values,
// which are named without the @. A place without a value is an error: it would
// reach the box as it stands.
func Template(name string, values map[string]string) ([]byte, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("integration file: %w", err)
	}
	var unknown []string
	filled := place.ReplaceAllStringFunc(string(text), func(p string) string {
		v, ok := values[strings.Trim(p, "@")]
		if !ok {
			unknown = append(unknown, p)
		}
		return v
	})
	if unknown != nil {
		return nil, fmt.Errorf("%s: nothing is known for %s", name, strings.Join(unknown, ", "))
	}
	return []byte(filled), nil
}

// List names the integration files below a folder, as paths from there.
func List(folder string) (names []string, err error) {
	err = fs.WalkDir(files, folder, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(p, path.Clean(folder)+"/"))
		}
		return err
	})
	return names, err
}
