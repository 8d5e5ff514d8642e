package main

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"iptvdc/agent/daemon"
	"iptvdc/agent/update"
)

// FuzzReadConf: lines NAME=value, as agent.conf has them and init hands them on. Whatever
// they say, the agent reads them or says what is wrong, and reads the same from flags; what
// a launcher is said to have set is believed only if it is of the form that it sets.
func FuzzReadConf(f *testing.F) {
	f.Add("STBAGENT_DATA=/data/stbagent\nSTBAGENT_BROKER=tcp://a:1883,tls://b:8883\nSTBAGENT_PROVINCE=33\nSTBAGENT_CITY=3301\nSTBAGENT_FIRST_SPREAD=2m")
	f.Add("STBAGENT_UPDATE_KEYS=/etc/keys\nSTBAGENT_UPDATE_URL=http://10.1.2.3:8090\nSTBAGENT_UPDATE_HOURS=all\nSTBAGENT_UPDATE_SILENT=-1s\nSTBAGENT_UPDATE_SLOT=b\nSTBAGENT_UPDATE_IMAGE=1.0.0 2 1 26\nSTBAGENT_UPDATE_ALIVE=5")
	f.Add("STBAGENT_METRICS=yes\nSTBAGENT_QUOTA=1e9\nSTBAGENT_ORIGIN= , \nSTBAGENT_LOG=\x00\nSTBAGENT_HELP=1\nSTBAGENT_=x\nx")
	f.Fuzz(func(t *testing.T, text string) {
		env := map[string]string{}
		for line := range strings.SplitSeq(text, "\n") {
			if name, value, ok := strings.Cut(line, "="); ok {
				env[name] = value
			}
		}
		getenv := func(name string) string { return env[name] }
		said, _, err := read(flags("run", io.Discard), nil, getenv)
		if err == nil {
			_ = said.Validate() // explains, whatever was said
		}

		known := flags("run", io.Discard)
		_, _, _ = read(known, nil, func(string) string { return "" }) // defines them
		var args []string
		for _, name := range slices.Sorted(maps.Keys(env)) {
			flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "STBAGENT_"), "_", "-"))
			variable := "STBAGENT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
			if variable == name && env[name] != "" && known.Lookup(flag) != nil {
				args = append(args, "--"+flag+"="+env[name])
			}
		}
		// What is no flag, as the launcher's word, comes by the environment alone.
		place := func(name string) string {
			if strings.HasPrefix(name, "STBAGENT_UPDATE_") && known.Lookup(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "STBAGENT_"), "_", "-"))) == nil {
				return env[name]
			}
			return ""
		}
		flagged, _, err2 := read(flags("run", io.Discard), args, place)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%q: by variables %v, by flags %q %v", text, err, args, err2)
		}
		if a, b := plainOf(said), plainOf(flagged); err == nil && !reflect.DeepEqual(a, b) {
			t.Errorf("%q: by variables\n%s\nby flags\n%s", text, a, b)
		}

		p, err := update.PlaceOf(getenv)
		if err != nil && p.Launched || err == nil && p.Launched && (p.Image.Agent == "" || p.Slot != "" && p.Slot != "a" && p.Slot != "b" || p.Alive != 0 && p.Alive < 3) {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	})
}

// plainOf is what settings say, as text: what stands behind pointers too.
func plainOf(c daemon.Config) string {
	hours := c.Update.Hours
	c.Log, c.Update.Hours, c.HealthEvery = nil, nil, nil
	return fmt.Sprintf("%+v %+v", c, hours)
}
