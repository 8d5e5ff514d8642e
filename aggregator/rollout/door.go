package rollout

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

const (
	// lookEvery is how old a Door's knowledge of the folder may be.
	lookEvery = time.Second
	// MaxStreams is how many boxes may fetch at one moment.
	MaxStreams = 256
)

// Door answers boxes [P-10.3]. Nothing that it says needs to be believed: boxes check
// signatures and hashes. Safe for concurrent use.
type Door struct {
	folder  *Folder
	now     func() time.Time
	log     *slog.Logger
	mux     *http.ServeMux
	streams chan struct{}

	mu       sync.Mutex
	lookedAt time.Time
	releases []Release
	said     string

	Stats Stats
}

// Stats of a Door; they count since it was made.
type Stats struct {
	Offered, None, Bad     atomic.Uint64 // questions for an offer by answer
	Pieces, Bytes          atomic.Uint64 // handed out
	Busy, Missing, Unknown atomic.Uint64 // pieces refused: too many at once, no such program, wrongly asked
}

// NewDoor makes a door to what a folder holds.
func NewDoor(f *Folder, log *slog.Logger) *Door {
	d := &Door{folder: f, now: time.Now, log: log, mux: http.NewServeMux(), streams: make(chan struct{}, MaxStreams)}
	d.mux.HandleFunc("GET /update/v1/offer", d.offer)
	d.mux.HandleFunc("GET /update/v1/files/{sha}", d.file)
	return d
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, 0)
	}
	d.mux.ServeHTTP(w, r)
}

// known are the releases, the newest first.
func (d *Door) known() []Release {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if age := now.Sub(d.lookedAt); age >= 0 && age < lookEvery && !d.lookedAt.IsZero() {
		return d.releases
	}
	all, err := d.folder.List()
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != "" && said != d.said {
		d.log.Error("not every update is offered", "error", err)
	}
	d.said, d.releases, d.lookedAt = said, all, now
	return all
}

// box reads who asks.
func (d *Door) box(r *http.Request) (Box, error) {
	q := r.URL.Query()
	b := Box{ID: q.Get("box"), Model: q.Get("model"), Build: q.Get("build")}
	if err := protocol.CheckBox(b.ID); err != nil {
		return b, err
	}
	var err error
	if b.Province, err = aggregator.ParseProvince(q.Get("province")); err != nil {
		return b, err
	}
	if !slices.Contains(protocol.Builds, b.Build) || len(b.Model) > 64 {
		return b, errors.New("build: must be one of those of P-10.2, and model at most 64 bytes")
	}
	if b.Version, err = strconv.ParseUint(q.Get("version"), 10, 54); err != nil {
		return b, errors.New("version: must be a number")
	}
	return b, nil
}

func (d *Door) offer(w http.ResponseWriter, r *http.Request) {
	b, err := d.box(r)
	if err != nil {
		d.Stats.Bad.Add(1)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	for _, release := range d.known() {
		if packet := release.offers(b, d.now()); packet != nil {
			d.Stats.Offered.Add(1)
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(packet) // the box is gone; it asks again
			return
		}
	}
	d.Stats.None.Add(1)
	w.WriteHeader(http.StatusNoContent)
}

// file hands out a program, or a part of it, as long as a release names it.
func (d *Door) file(w http.ResponseWriter, r *http.Request) {
	sha := r.PathValue("sha")
	if !d.names(sha) {
		d.Stats.Unknown.Add(1)
		http.NotFound(w, r)
		return
	}
	select {
	case d.streams <- struct{}{}:
		defer func() { <-d.streams }()
	default:
		d.Stats.Busy.Add(1)
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many boxes are fetching", http.StatusServiceUnavailable)
		return
	}
	f, err := os.Open(d.folder.Program(sha))
	if err != nil {
		d.Stats.Missing.Add(1)
		d.log.Error("the program of an update is not there", "sha256", sha, "error", err)
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+sha+`"`)
	d.Stats.Pieces.Add(1)
	http.ServeContent(&counting{w, &d.Stats.Bytes}, r, "", time.Time{}, f)
}

// names reports whether a release has a program of that hash: nothing else in the
// folder can be fetched.
func (d *Door) names(sha string) bool {
	for _, release := range d.known() {
		for _, m := range release.Manifests() {
			if m.SHA256 == sha {
				return true
			}
		}
	}
	return false
}

// counting counts bytes that are written.
type counting struct {
	http.ResponseWriter
	n *atomic.Uint64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(uint64(n))
	return n, err
}
