package armvm

import (
	"errors"
	"strings"
	"testing"
)

func TestLoadOrder(t *testing.T) {
	tree := map[string][]string{"ext4": {"jbd2", "mbcache"}, "jbd2": {"crc16"}, "virtio_rng": nil, "mbcache": nil, "crc16": nil, "lost": {"gone"}}
	depends := func(name string) ([]string, error) {
		before, ok := tree[name]
		if !ok {
			return nil, errors.New(name)
		}
		return before, nil
	}
	f := func(names, want string) {
		t.Helper()
		got, err := loadOrder(strings.Fields(names), depends)
		if err != nil {
			got = []string{"error", err.Error()}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("loadOrder(%s) = %v, want %s", names, got, want)
		}
	}
	f("virtio-rng ext4 jbd2", "virtio_rng crc16 jbd2 mbcache ext4")
	f("lost", "error gone")
}

func TestWithoutSecurity(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		if got := withoutSecurity(name, text); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f("debian.sources", "Types: deb\nURIs: http://m/debian\nSuites: s s-updates\n\nTypes: deb\nURIs: http://m/debian-security\nSuites: s-security\n",
		"Types: deb\nURIs: http://m/debian\nSuites: s s-updates")
	f("sources.list", "deb http://m/debian s main\ndeb http://m/debian-security s-security main\n", "deb http://m/debian s main\n")
}
