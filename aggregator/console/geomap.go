package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/durable"
)

// Limits of a map.
const (
	MaxMap         = 16 << 20
	maxMapPoints   = 500_000
	maxMapFeatures = 200
	mapWidth       = 1000 // the page's units
)

// CountryMap is the provinces as the page draws them; the zero CountryMap is none: the
// page draws tiles.
type CountryMap struct {
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	Approval string  `json:"approval"` // the map's approval number, as its file has it
	Shapes   []Shape `json:"shapes"`
}

// Shape is a province, as the path of an SVG.
type Shape struct {
	Province string `json:"province"`
	Path     string `json:"path"`
}

// geoMap keeps the map of the operator. Safe for concurrent use.
type geoMap struct {
	path string // "": there is no place for one
	mu   sync.RWMutex
	now  CountryMap
}

type geoFile struct {
	Type     string `json:"type"`
	Approval string `json:"approval"`
	Features []struct {
		Properties struct {
			Adcode json.RawMessage `json:"adcode"`
			Name   string          `json:"name"`
		} `json:"properties"`
		ID       json.RawMessage `json:"id"`
		Geometry struct {
			Type        string          `json:"type"`
			Coordinates json.RawMessage `json:"coordinates"`
		} `json:"geometry"`
	} `json:"features"`
}

func badMap(format string, args ...any) error {
	return &aggregator.Error{Code: "bad_map", Message: fmt.Sprintf(format, args...)}
}

// provinceOf finds the province of a feature by its code, of which the first two digits
// count if the rest are zeros, or else by its name.
func provinceOf(name string, codes ...json.RawMessage) string {
	for _, raw := range codes {
		code := strings.Trim(string(raw), `"`)
		if len(code) == 6 && strings.HasSuffix(code, "0000") || len(code) == 2 {
			if _, err := aggregator.ParseProvince(code[:2]); err == nil {
				return code[:2]
			}
		}
	}
	for _, r := range aggregator.Regions() {
		if len(r.Code) == 2 && (name == r.EN || name != "" && strings.HasPrefix(name, r.ZH)) {
			return r.Code
		}
	}
	return ""
}

// ParseMap reads GeoJSON and says what is wrong with it. Features that are no province,
// as a country's outline, are left out; a province may have several.
func ParseMap(b []byte) (CountryMap, error) {
	var m CountryMap
	if len(b) > MaxMap {
		return m, badMap("The file has %d bytes; at most %d.", len(b), MaxMap)
	}
	var f geoFile
	if err := json.Unmarshal(b, &f); err != nil {
		return m, badMap("This is no GeoJSON: %v.", err)
	}
	if f.Type != "FeatureCollection" || len(f.Features) == 0 {
		return m, badMap("type: %q; must be a FeatureCollection with a feature a province.", clip(f.Type))
	}
	if len(f.Features) > maxMapFeatures {
		return m, badMap("%d features; at most %d.", len(f.Features), maxMapFeatures)
	}
	if len(f.Approval) > 100 || !utf8.ValidString(f.Approval) {
		return m, badMap("approval: at most 100 bytes of text.")
	}
	type ring [][]float64
	rings := map[string][]ring{}
	points := 0
	west, east, south, north := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for n, one := range f.Features {
		name := clip(one.Properties.Name)
		code := provinceOf(one.Properties.Name, one.Properties.Adcode, one.ID)
		if code == "" {
			continue
		}
		var polygons [][]ring
		var err error
		switch one.Geometry.Type {
		case "Polygon":
			var p []ring
			err = json.Unmarshal(one.Geometry.Coordinates, &p)
			polygons = [][]ring{p}
		case "MultiPolygon":
			err = json.Unmarshal(one.Geometry.Coordinates, &polygons)
		default:
			return m, badMap("Feature %d (%s) is a %q; provinces are Polygon or MultiPolygon.", n+1, name, clip(one.Geometry.Type))
		}
		if err != nil {
			return m, badMap("Feature %d (%s): its coordinates are no rings of [longitude, latitude].", n+1, name)
		}
		for _, p := range polygons {
			for _, r := range p {
				if points += len(r); points > maxMapPoints {
					return m, badMap("More than %d points; simplify the map.", maxMapPoints)
				}
				if len(r) < 4 {
					return m, badMap("Feature %d (%s) has a ring of %d points; a ring has 4 and ends where it begins.", n+1, name, len(r))
				}
				for _, at := range r {
					if len(at) < 2 || !(at[0] >= 60 && at[0] <= 150 && at[1] >= 0 && at[1] <= 60) {
						return m, badMap("Feature %d (%s) has a point %v; longitudes of 60 to 150 and latitudes of 0 to 60 are the country's.", n+1, name, at)
					}
					west, east, south, north = min(west, at[0]), max(east, at[0]), min(south, at[1]), max(north, at[1])
				}
				rings[code] = append(rings[code], r)
			}
		}
	}
	if len(rings) == 0 {
		return m, badMap("No feature is a province: properties.adcode must be as 330000, or properties.name as 浙江.")
	}
	// degrees of longitude shrink towards the north: right in the middle, near enough elsewhere
	squeeze := math.Cos((south + north) / 2 * math.Pi / 180)
	scale := mapWidth / max((east-west)*squeeze, (north-south)*0.5, 1e-6)
	m = CountryMap{Width: int(math.Ceil((east - west) * squeeze * scale)), Height: int(math.Ceil((north - south) * scale)), Approval: f.Approval}
	for code, all := range rings {
		var path strings.Builder
		for _, r := range all {
			lastX, lastY, drawn := math.MinInt, math.MinInt, 0
			for _, at := range r {
				x, y := int(math.Round((at[0]-west)*squeeze*scale)), int(math.Round((north-at[1])*scale))
				if x == lastX && y == lastY {
					continue // finer than the page draws
				}
				op := "L"
				if drawn == 0 {
					op = "M"
				}
				fmt.Fprintf(&path, "%s%d %d", op, x, y)
				lastX, lastY = x, y
				drawn++
			}
			path.WriteString("Z")
		}
		m.Shapes = append(m.Shapes, Shape{code, path.String()})
	}
	slices.SortFunc(m.Shapes, func(a, b Shape) int { return strings.Compare(a.Province, b.Province) })
	return m, nil
}

// open reads the operator's file; there may be none.
func (g *geoMap) open() error {
	b, err := os.ReadFile(g.path)
	if errors.Is(err, fs.ErrNotExist) || g.path == "" {
		return nil
	}
	if err == nil {
		g.now, err = ParseMap(b)
	}
	return err
}

func (s *Console) mapRoutes() []route {
	return []route{
		{"PUT", "/api/v1/map", admin, "Gives the provinces' map: the body is GeoJSON, at most 16 MiB", map[string]any{}, CountryMap{}, "", s.setMap, nil},
		{"GET", "/api/v1/map", reader, "The provinces as paths; no shapes: there is no map", nil, CountryMap{}, "", s.getMap, nil},
		{"GET", "/api/v1/shared/map", anyone, "The same, for readers of share links and embedded boards", nil, CountryMap{}, "", s.getMap, nil},
		{"DELETE", "/api/v1/map", admin, "Takes the map away: the page draws tiles", nil, Done{}, "", s.dropMap, nil},
	}
}

func (s *Console) getMap(w http.ResponseWriter, _ *http.Request) error {
	s.geo.mu.RLock()
	defer s.geo.mu.RUnlock()
	m := s.geo.now
	m.Shapes = orEmpty(m.Shapes)
	return writeJSON(w, http.StatusOK, m)
}

func (s *Console) setMap(w http.ResponseWriter, r *http.Request) error {
	if s.geo.path == "" {
		return errNoSetup
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(answerPatience))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxMap))
	if err != nil {
		return badBody(err, &struct{}{})
	}
	m, err := ParseMap(b)
	if err != nil {
		return err
	}
	if err := s.putMap(m, func() error { return durable.WriteFile(s.geo.path, b) }); err != nil {
		return err
	}
	if err := s.Identities.Note(r.Context(), principal(r), "map_set", "", fmt.Sprintf("provinces=%d", len(m.Shapes))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, m)
}

func (s *Console) putMap(m CountryMap, keep func() error) error {
	s.geo.mu.Lock()
	defer s.geo.mu.Unlock()
	if err := keep(); err != nil {
		return err
	}
	s.geo.now = m
	return nil
}

func (s *Console) dropMap(w http.ResponseWriter, r *http.Request) error {
	err := s.putMap(CountryMap{}, func() error {
		if err := os.Remove(s.geo.path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return done(w, s.Identities.Note(r.Context(), principal(r), "map_removed", "", ""))
}
