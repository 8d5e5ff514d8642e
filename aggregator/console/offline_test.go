package console

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// What browsers may keep is read, and is there.
func TestKeptRoutesAreThere(t *testing.T) {
	for name := range keptRoutes {
		g, ok := guards[name]
		if !ok {
			t.Errorf("%s may be kept and is no route", name)
		}
		if strings.HasPrefix(name, "POST ") && !g.reads {
			t.Errorf("%s may be kept and is not only read", name)
		}
		for _, d := range g.data {
			if d == accounts {
				t.Errorf("%s shows single accounts and may be kept", name)
			}
		}
	}
}

// The worker names every file with its digest, and another version when any changes.
func TestWorkerKnowsThePage(t *testing.T) {
	shellOf := func(body string) (version string, digests map[string]string) {
		t.Helper()
		s, err := newStatic(fstest.MapFS{
			"index.html": {Data: []byte("<p>")}, "main.js": {Data: []byte(body)}, "worker.js": {Data: []byte("work()")}, "licences.txt": {Data: []byte("L")},
		})
		if err != nil {
			t.Fatal(err)
		}
		text := string(s.worker.plain)
		line, rest, _ := strings.Cut(text, ";\n")
		var shell struct {
			Version string      `json:"version"`
			Files   [][2]string `json:"files"`
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "const SHELL = ")), &shell); err != nil {
			t.Fatal(err, text)
		}
		if rest != "work()" || shell.Version != s.version {
			t.Fatalf("the worker reads %q", text)
		}
		digests = map[string]string{}
		for _, f := range shell.Files {
			digests[f[0]] = f[1]
		}
		return shell.Version, digests
	}
	before, digests := shellOf("one()")
	sum := sha256.Sum256([]byte("one()"))
	if got, want := digests["/main.js"], "sha256-"+base64.StdEncoding.EncodeToString(sum[:]); got != want || len(digests) != 2 || digests["/"] == "" {
		t.Errorf("the shell is %v, want / and /main.js with %s", digests, want)
	}
	if after, _ := shellOf("two()"); after == before {
		t.Error("another file, and the same version")
	}
}

// Answers may be kept for whoever signed in, by what they hold; tokens and strangers
// keep nothing.
func TestAnswersAreKeptForOne(t *testing.T) {
	b := newBench(t)
	get := func(path string, sign func(*http.Request)) string {
		t.Helper()
		r := httptest.NewRequest("GET", path, nil)
		sign(r)
		w := httptest.NewRecorder()
		b.console.ServeHTTP(w, r)
		return w.Header().Get(keptFor)
	}
	key, err := b.settings.NewLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	b.console.ServeHTTP(w, httptest.NewRequest("GET", "/login?key="+key, nil))
	cookie := w.Result().Cookies()[0]
	signed := func(r *http.Request) { r.AddCookie(cookie) }
	if got := get("/api/v1/me", signed); len(got) != 32 {
		t.Errorf("a person's answer is kept for %q", got)
	}
	if got := get("/api/v1/people", signed); got != "" {
		t.Errorf("the list of people is kept for %q", got)
	}
	if got := get("/api/v1/me", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+b.admin) }); got != "" {
		t.Errorf("a token's answer is kept for %q", got)
	}
	if got := get("/api/v1/me", func(*http.Request) {}); got != "" {
		t.Errorf("a stranger's answer is kept for %q", got)
	}
}
