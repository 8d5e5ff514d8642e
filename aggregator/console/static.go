package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// static is the built page in memory, packed once at the start.
type static struct {
	files   map[string]*file
	version string // of all files together
	worker  *file  // nil: the page has none
}

// file is one of the page's files.
type file struct {
	name, media, etag string
	plain             []byte
	packed            []byte // nil: packing gains nothing
}

// mediaTypes are what the page is made of; the machine's own table may differ.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".map": "application/json",
}

func newStatic(page fs.FS) (*static, error) {
	s := &static{files: map[string]*file{}}
	err := fs.WalkDir(page, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(page, name)
		if err != nil {
			return err
		}
		s.files["/"+name], err = newFile(name, b)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("console: page: %w", err)
	}
	if index, ok := s.files["/index.html"]; ok {
		s.files["/"] = index
	}
	return s, s.addWorker()
}

func newFile(name string, b []byte) (*file, error) {
	sum := sha256.Sum256(b)
	f := &file{name: name, plain: b, etag: hex.EncodeToString(sum[:12]), media: mediaTypes[path.Ext(name)]}
	if f.media == "" {
		f.media = mime.TypeByExtension(path.Ext(name))
	}
	packed, err := pack(b, gzip.BestCompression)
	if err == nil && len(packed) < len(b)*9/10 {
		f.packed = packed
	}
	return f, err
}

func pack(b []byte, level int) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// page answers with the page's files. They need no sign-in: they hold no
// figure, and show how to sign in.
func (s *Console) page(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return &aggregator.Error{Code: "not_found", Message: "There is no " + r.Method + " " + clip(r.URL.Path) + "."}
	}
	return s.file(w, r, r.URL.Path)
}

// file answers with one of the page's files.
func (s *Console) file(w http.ResponseWriter, r *http.Request, name string) error {
	var f *file
	if s.static != nil {
		f = s.static.files[name]
	}
	if f == nil {
		return &aggregator.Error{Code: "not_found", Message: "There is no " + clip(r.URL.Path) + "."}
	}
	serveFile(w, r, f)
	return nil
}

func serveFile(w http.ResponseWriter, r *http.Request, f *file) {
	h := w.Header()
	h.Set("Content-Type", f.media)
	// Names carry no hash, so browsers ask each time; mostly they get 304.
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, f.etag
	if f.packed != nil && acceptsGzip(r) {
		body, etag = f.packed, f.etag+"-gz"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(body))
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" {
			return strings.TrimSpace(quality) != "q=0"
		}
	}
	return false
}
