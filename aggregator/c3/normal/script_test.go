package normal

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

var elements = map[string]c3.Element{
	"program": c3.ElementProgram, "series": c3.ElementSeries, "movie": c3.ElementMovie,
	"channel": c3.ElementChannel, "schedule": c3.ElementSchedule,
}

// TestScripts runs testdata/*.txt: examples that a business person can read.
//
//	own Line            a line of the operator's dictionary
//	province 43         whose catalogue; none if not said
//	program Name=Value  an object and its properties; "" around a value with spaces
//	  Name=Value        more properties, indented
//	want genre=movie    what comes of it; - for unknown
//	inherit             the last object takes over from the last series
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	d := Default()
	var own []string
	var province aggregator.Province
	var object c3.Object
	var title, series Title
	wants := 0
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if command == "" || command[0] == '#' {
			continue
		}
		fatal := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("%s:%d: "+format, append([]any{filepath.Base(file), n}, args...)...)
		}
		if line[0] == ' ' {
			object.Properties = append(object.Properties, properties(fatal, strings.TrimSpace(line))...)
			title = d.Normalise(province, &object)
			if object.Element == c3.ElementSeries {
				series = title
			}
			continue
		}
		switch command {
		case "own":
			own = append(own, rest)
			if d, err = Load(fstest.MapFS{"own.csv": {Data: []byte(strings.Join(own, "\n"))}}); err != nil {
				fatal("%v", err)
			}
		case "province":
			if province, err = aggregator.ParseProvince(rest); err != nil {
				fatal("%v", err)
			}
		case "program", "series", "movie", "channel", "schedule":
			object = c3.Object{Element: elements[command], Code: command + "-code", Properties: properties(fatal, rest)}
			title = d.Normalise(province, &object)
			if object.Element == c3.ElementSeries {
				series = title
			}
		case "inherit":
			title = Inherit(title, series)
			if again := Inherit(title, series); !same(again, title) {
				fatal("inherited twice: %+v, once: %+v", again, title)
			}
		case "want":
			wants++
			for _, p := range properties(fatal, rest) {
				if got := show(fatal, &title, p.Name); got != p.Value {
					t.Errorf("%s:%d: %s is %s, want %s", filepath.Base(file), n, p.Name, got, p.Value)
				}
			}
		default:
			fatal("no command %q", command)
		}
	}
	if wants == 0 {
		t.Fatalf("%s wants nothing", file)
	}
}

// properties reads Name=Value Name="a value".
func properties(fatal func(string, ...any), s string) (all []c3.Property) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			fatal("no = in %q", s)
		}
		value := ""
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				fatal("%v in %q", err, rest)
			}
			value, _ = strconv.Unquote(quoted)
			s = rest[len(quoted):]
		} else {
			value, s, _ = strings.Cut(rest, " ")
		}
		all = append(all, c3.Property{Name: name, Value: value})
	}
	return all
}

func show(fatal func(string, ...any), t *Title, name string) string {
	s := ""
	switch name {
	case "name":
		s = t.Name
	case "series":
		s = t.SeriesCode
	case "genre":
		s = t.Genre
	case "sub":
		s = t.SubGenre
	case "place":
		s = t.Place
	case "region":
		s = t.Region
	case "places":
		s = strings.Join(t.PlacesBy(All), ",")
	case "provider":
		s = t.Provider
	case "definition":
		s = t.Definition
	case "director":
		s = t.Director
	case "seconds":
		return strconv.Itoa(int(t.DurationS))
	case "episode":
		return strconv.Itoa(int(t.EpisodeNo))
	case "guessed":
		return strconv.FormatBool(t.Guessed)
	case "unlisted":
		return strconv.FormatBool(t.Unlisted)
	case "unknown":
		s = fields(t.Unknown)
	case "inherited":
		s = fields(t.Inherited)
	case "raw.genre":
		s = t.Raw[Genre]
	case "raw.place":
		s = t.Raw[Place]
	case "raw.provider":
		s = t.Raw[Provider]
	default:
		fatal("no figure %q", name)
	}
	if s == "" {
		return "-"
	}
	return s
}

func fields(s Set) string {
	var names []string
	for f := range Field(NumFields) {
		if s.Has(f) {
			names = append(names, f.String())
		}
	}
	return strings.Join(names, ",")
}
