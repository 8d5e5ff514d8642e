package feeds

import (
	"bytes"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/courier"
	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// TestNotify: what a province's order system tells by SOAP is in once, what must
// be refused is, and every bill is the truth's.
func TestNotify(t *testing.T) {
	from, err := aggregator.ParseDay("2026-10-28")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var truth bytes.Buffer
	vac := aggregator.Province(61)
	if err := Write(Config{Boxes: 300, Seed: 7, From: from, To: from + 4, Provinces: []aggregator.Province{vac}, Shelf: "shelf", Notified: []aggregator.Province{vac}}, dir, &truth, nil); err != nil {
		t.Fatal(err)
	}
	st := storetest.Memory()
	take(t, st, dir)

	now := func() time.Time { return (from + 6).Time() }
	in, err := inbox.New(t.Context(), inbox.Config{Folder: filepath.Join(dir, "c3"), Store: st, Secrets: aggregator.NewSecrets(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := fetch.New(fetch.Config{})
	if err != nil {
		t.Fatal(err)
	}
	k, err := courier.New(courier.Config{Folder: filepath.Join(dir, "c3", "soap"), Inbox: in, Fetcher: fetcher, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	server, err := soap.NewServer(soap.Config{Relations: k, OrderSenders: []soap.OrderSender{
		{Province: vac, SPID: NotifierSP(vac), Key: "k3y", From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	defer web.Close()
	text, err := os.ReadFile(filepath.Join(dir, "61", "shelf", NotificationsFile))
	if err != nil {
		t.Fatal(err)
	}
	told, err := Notify(t.Context(), soap.Client{Endpoint: web.URL}, "k3y", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if told.Accepted < 20 || told.Repeated == 0 || told.Refused < 2 || bytes.Count(text, []byte("nobody knows")) != 1 {
		t.Errorf("too little of something: %+v", told)
	}
	counts, refused := k.Stats().Relations[vac], uint64(0)
	for _, n := range server.RefusedRelations() {
		refused += n
	}
	if int64(counts.Accepted) != told.Accepted || int64(counts.Repeated) != told.Repeated || int64(refused) != told.Refused {
		t.Errorf("kept %+v and refused %d of %+v", counts, refused, told)
	}
	if err := k.TakeRelations(t.Context()); err != nil {
		t.Fatal(err)
	}
	compare(t, st, truth.Bytes())
	files, err := st.Files(t.Context(), store.FileQuery{Scope: aggregator.Scope{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(files, func(f store.FileRow) bool { return f.Feed == c3.FeedOrders && !strings.HasPrefix(f.Name, "vac-") }) {
		t.Error("orders stand in a file too")
	}
	// An answer that must not be is an error.
	if _, err := Notify(t.Context(), soap.Client{Endpoint: web.URL}, "wrong", bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), "must be accepted") {
		t.Errorf("%v", err)
	}
}
