package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"iptvdc/aggregator"
)

// keptRoutes are those whose answers a browser may keep, to show them while it is
// offline: the reader's own boards and figures. Lists of people, of single accounts and
// of boxes are not among them.
var keptRoutes = map[string]bool{
	"GET /api/v1/me":                  true,
	"GET /api/v1/indicators":          true,
	"GET /api/v1/status":              true,
	"GET /api/v1/map":                 true,
	"GET /api/v1/quality":             true,
	"POST /api/v1/query":              true,
	"GET /api/v1/boards":              true,
	"GET /api/v1/boards/templates":    true,
	"GET /api/v1/boards/{board}":      true,
	"POST /api/v1/boards/answer":      true,
	"GET /api/v1/insights/movers":     true,
	"GET /api/v1/insights/posters":    true,
	"GET /api/v1/insights/positions":  true,
	"GET /api/v1/insights/taste":      true,
	"GET /api/v1/insights/offer":      true,
	"GET /api/v1/insights/anomalies":  true,
	"GET /api/v1/insights/products":   true,
	"GET /api/v1/insights/alerts":     true,
	"GET /api/v1/insights/risk":       true,
	"GET /api/v1/insights/departures": true,
}

// keptFor is the header that lets the page's service worker keep an answer, and says for
// whom. Its value tells people apart and what they hold, and nothing else: whoever holds
// less from now on has no answers of before.
const keptFor = "Kept-For"

// mayBeKept says so of an answer that a person gets for themselves. Who looks through
// others' eyes, has not signed in to the end, or asks with a token keeps nothing.
func (s *Console) mayBeKept(w http.ResponseWriter, r *http.Request, rt *route) {
	if !keptRoutes[rt.method+" "+rt.path] {
		return
	}
	p := principal(r)
	if p.Person == 0 || p.By != "" || p.Needs != "" {
		return
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %d", p.Name, p.Person, p.Powers)
	for _, d := range slices.Sorted(maps.Keys(p.Grants)) {
		g := p.Grants[d]
		provinces := slices.Sorted(slices.Values(g.Provinces))
		fmt.Fprintf(h, " %s %t %v", d, g.All, provinces)
	}
	w.Header().Set(keptFor, hex.EncodeToString(h.Sum(nil)[:16]))
}

// workerFile is the page's service worker as it was built; it lacks the list of files.
const workerFile = "/worker.js"

// notInShell are files that nobody needs without the network.
var notInShell = map[string]bool{workerFile: true, "/index.html": true, "/licences.txt": true}

// addWorker puts the list of the page's files before the service worker. Its text, and so
// the version that browsers see, changes with every one of them.
func (s *static) addWorker() error {
	sum := sha256.New()
	files := [][2]string{}
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		f := s.files[path]
		one := sha256.Sum256(f.plain)
		fmt.Fprintf(sum, "%s %x\n", path, one)
		if !notInShell[path] {
			files = append(files, [2]string{path, "sha256-" + base64.StdEncoding.EncodeToString(one[:])})
		}
	}
	s.version = hex.EncodeToString(sum.Sum(nil)[:8])
	built, ok := s.files[workerFile]
	if !ok {
		return nil
	}
	shell, err := json.Marshal(map[string]any{"version": s.version, "files": files})
	if err != nil {
		return err
	}
	s.worker, err = newFile("sw.js", bytes.Join([][]byte{[]byte("const SHELL = "), shell, []byte(";\n"), built.plain}, nil))
	return err
}

// worker answers with the page's service worker. It stands at the root, so that it
// serves all of the page.
func (s *Console) worker(w http.ResponseWriter, r *http.Request) error {
	if s.static == nil || s.static.worker == nil {
		return &aggregator.Error{Code: "not_found", Message: "There is no /sw.js."}
	}
	serveFile(w, r, s.static.worker)
	return nil
}
