package localapi

import (
	"context"
	"crypto/sha256"
	_ "embed" // the script
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"iptvdc/agent"
)

//go:generate sdk/build epg.js

// script is the SDK for EPG pages, as it is served and as firmware makers ship
// it; its source is the folder sdk.
//
//go:embed epg.js
var script []byte

var scriptTag = func() string {
	sum := sha256.Sum256(script)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}()

// pixel is a transparent GIF of 1x1, 43 bytes.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// gifPath takes signals in its query, for pages whose XMLHttpRequest does not
// reach us. Every answer to it is an image: a page must not show a broken one.
const gifPath = "/e.gif"

// pageWait is how long a page waits for the flash: its answer does not say
// stored, and a page that is being left stands still meanwhile.
const pageWait = 20 * time.Millisecond

// serveScript answers with the SDK. A browser may keep it for an hour, and asks
// then whether it is another.
func serveScript(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", scriptTag)
	h.Set("Cache-Control", "public, max-age=3600")
	if strings.Contains(r.Header.Get("If-None-Match"), scriptTag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", fmt.Sprint(len(script)))
	_, _ = w.Write(script) // the caller is gone; nothing to do
}

// imageOnly marks an answer that has to be an image, also if it is a refusal.
type imageOnly struct{ http.ResponseWriter }

func servePixel(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", fmt.Sprint(len(pixel)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(pixel))
}

// signals answers POST /e and GET /e.gif. Of Config.Signals' errors
// agent.ErrNotStored is none to the caller: the signals are held and will be
// kept, sending them again would double them.
func (a *API) signals(w http.ResponseWriter, r *http.Request, page bool) {
	if a.cfg.Signals == nil {
		a.refuse(w, &refusal{status: 404, Code: "no_signals", Field: "path", count: &a.other,
			Message: fmt.Sprintf("%s is not served: this agent takes no signals; post events to /v1/events", r.URL.Path)})
		return
	}
	if !a.take(w, r, page) {
		return
	}
	var text []byte
	if r.URL.Path == gifPath {
		text = []byte(r.URL.Query().Get("d"))
		if limit := a.bodyLimit(page); len(text) > limit {
			a.refuse(w, &refusal{status: 413, Code: "too_large", Field: "d", count: &a.tooLarge,
				Message: fmt.Sprintf("more than %d bytes; send the signals in several requests", limit)})
			return
		}
	} else {
		body, ok := a.body(w, r, page)
		if !ok {
			return
		}
		text = body
	}
	all, err := agent.ParseSignals(text)
	if err == nil && page {
		err = pageMay(all)
	}
	if err != nil {
		a.refuse(w, &refusal{status: 400, Code: "bad_signal", count: &a.badEvents, Message: err.Error()})
		return
	}
	wait := a.cfg.StoreWait
	if page {
		wait = min(wait, pageWait)
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	switch err := a.cfg.Signals(ctx, page, all); {
	case errors.Is(err, agent.ErrNotStored):
		a.notStored.Add(1)
	case errors.Is(err, agent.ErrFull):
		w.Header().Set("Retry-After", "5")
		a.refuse(w, &refusal{status: 503, Code: "full", Field: "body", count: &a.full, Message: err.Error()})
		return
	case err != nil:
		a.refuse(w, &refusal{status: 400, Code: "bad_signal", count: &a.badEvents, Message: err.Error()})
		return
	}
	a.taken.Add(uint64(len(all)))
	if r.URL.Path == gifPath {
		servePixel(w, 200)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// pageMay refuses what only the middleware can know: standby, waking, shutdown,
// the television, and of the identity the box's model and firmware. None of all is taken then.
func pageMay(all []agent.Signal) error {
	for i, s := range all {
		where := ""
		if len(all) > 1 {
			where = fmt.Sprintf("signals[%d]: ", i)
		}
		switch {
		case s.Signal == "standby" || s.Signal == "wake" || s.Signal == "shutdown" || s.Signal == "tv":
			return fmt.Errorf("%ssignal: a page may not send %s; it is the middleware's", where, s.Signal)
		case s.Signal == "identity" && s.Model != "":
			return fmt.Errorf("%smodel: a page may not say it; allowed: account, stbid, mac", where)
		case s.Signal == "identity" && s.Firmware != "":
			return fmt.Errorf("%sfirmware: a page may not say it; allowed: account, stbid, mac", where)
		}
	}
	return nil
}
