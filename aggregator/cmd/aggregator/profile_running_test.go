package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/profiles"
	"iptvdc/aggregator/settings"
	"iptvdc/protocol"
)

// published is an entry that holds a packet, or was withdrawn.
func published(topic string, version uint64, live bool) profiles.Entry {
	e := profiles.Entry{Topic: topic, Version: version}
	if live {
		e.Packet = []byte{1}
	}
	return e
}

// TestRunningInWords holds what an operator reads.
func TestRunningInWords(t *testing.T) {
	row := func(province, group string, version uint64, boxes int64) console.RunningRow {
		return console.RunningRow{Province: province, RunsInfo: console.RunsInfo{Group: group, Version: version}, Boxes: boxes}
	}
	refuses := func(r console.RunningRow, group string, version uint64, why string) console.RunningRow {
		r.Refused, r.RefusedGroup, r.RefusedVersion, r.Why = true, group, version, why
		return r
	}
	over := row("33", "all", 0, 3)
	over.Expired = 5
	a := console.RunningAnswer{
		Provinces: []console.RunningProvince{{Code: "33", Boxes: 1300}, {Code: "43", Boxes: 1}, {Code: "51", Boxes: 9}},
		Rows: []console.RunningRow{
			row("33", "E900", 2, 20), over,
			row("33", "all", 6, 38), refuses(row("33", "all", 6, 2), "all", 7, "signature"),
			row("33", "all", 7, 1203), refuses(row("33", "all", 7, 1), "E900", 0, "signature\x1b[2J"), refuses(row("33", "all", 7, 1), "all", 5, "version: 5, but 7 has been here"),
			row("43", "all", 4, 1),
		}}
	entries := []profiles.Entry{published("c1/33/0123456789abcdef", 1, true), published("p1/33/E900", 3, true), published("p1/33/all", 7, true),
		published("p1/43/all", 4, false), published("p1/51/all", 1, true), published("p1/65/all", 1, true)}
	var out bytes.Buffer
	if err := writeRunning(&out, entries, a, false); err != nil {
		t.Fatal(err)
	}
	const want = `
33 Zhejiang: 1,268 of 1,300 boxes told which profile they run; the others run what is built in
  all   published 7: 1,205 boxes run it, 40 still run 6, 3 run what is built in (5 expired on 3), 2 refused it: signature, 1 refused 5: version: 5, but 7 has been here
  E900  published 3: 0 boxes run it, 20 still run 2, 1 refused one: signature?[2J

  GROUP  RUNS                 BOXES  REFUSED
  E900   2                    20     -
  all    built in, 5 expired  3      -
  all    6                    38     -
  all    6                    2      7: signature
  all    7                    1,203  -
  all    7                    1      one of E900: signature?[2J
  all    7                    1      5: version: 5, but 7 has been here

43 Hunan: 1 box, which told which profile it runs
  all  4 withdrawn: 1 box runs it until it expires

  GROUP  RUNS  BOXES  REFUSED
  all    4     1      -

51 Sichuan: 9 boxes, none of which told of a profile: they run what is built in
  all  published 1: 0 boxes run it

65 Xinjiang: no box was ever heard here
  all  published 1: 0 boxes run it
`
	if out.String() != want {
		t.Errorf("it says\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if err := writeRunning(&out, nil, console.RunningAnswer{Provinces: a.Provinces}, false); err != nil || !strings.Contains(out.String(), "No box has told yet") || !strings.Contains(out.String(), "-profile-keys FILE") {
		t.Errorf("%v, %s", err, out.String())
	}
	f := func(n int64, want string) {
		t.Helper()
		if got := thousands(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	f(0, "0")
	f(999, "999")
	f(1000, "1,000")
	f(-123456, "-123,456")
	f(1234567, "1,234,567")
}

// show runs profile show as typed.
func show(t *testing.T, args ...string) (out, logs string, err error) {
	t.Helper()
	var o, l bytes.Buffer
	root := newRoot(&o, &l)
	root.SetArgs(append([]string{"profile", "show"}, args...))
	err = root.ExecuteContext(t.Context())
	return o.String(), l.String(), err
}

// TestShowWithoutAnAnswer: what is published is shown, and what to do about the
// rest; whoever named an aggregator gets an error.
func TestShowWithoutAnAnswer(t *testing.T) {
	data := t.TempDir()
	note := func(says string) {
		t.Helper()
		out, logs, err := show(t, "--data", data)
		if err != nil || !strings.Contains(out, "TOPIC") || !strings.Contains(logs, "What boxes run is not shown") || !strings.Contains(logs, says) {
			t.Errorf("%v\n%s\n%s\nwant %q", err, out, logs, says)
		}
	}
	bad := func(says string, args ...string) {
		t.Helper()
		if out, _, err := show(t, append(args, "--data", data)...); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(out, "TOPIC") {
			t.Errorf("%v: %v\n%s\nwant %q", args, err, out, says)
		}
	}
	note("start it with: aggregator serve --data " + data)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if err := os.WriteFile(filepath.Join(data, pageFile), []byte(gone.URL+"/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	note("no aggregator answers at " + gone.URL)
	bad("no aggregator answers", "--url", gone.URL)
	bad("write the page's address", "--url", "127.0.0.1:8080")
	answer := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	bad("older aggregator", "--url", answer(404, "nothing"))
	bad("is no aggregator", "--url", answer(200, "<html>"))
	bad("does not know this token", "--url", answer(401, "{}"), "--token", "iptv_x")
	bad("works on another folder than "+data, "--url", answer(401, "{}"))
	bad("504 Gateway Timeout The answer took too long", "--url", answer(504, `{"error":{"code":"timeout","message":"The answer took too long."}}`))
	t.Setenv("IPTV_TOKEN", "iptv_y")
	note("no aggregator answers")
}

// TestShowWhatBoxesRun: a box tells what it runs, the centre shows it beside what
// is published. Signing in by the data folder is recorded as any other.
func TestShowWhatBoxesRun(t *testing.T) {
	data := t.TempDir()
	k, err := profiles.NewKey(1)
	if err != nil {
		t.Fatal(err)
	}
	topic := protocol.ProfileTopic(33, protocol.GroupAll)
	payload, err := profiles.Compose([]byte("window_ms: 1000"), 7, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	packet, err := k.Sign(topic, payload)
	if err == nil {
		err = profiles.In(filepath.Join(data, profilesDir)).Put(topic, packet, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, data)
	if err := os.WriteFile(filepath.Join(data, pageFile), []byte(g.p.PageURL()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := func(says string, args ...string) {
		t.Helper()
		out, logs, err := show(t, append(args, "--data", data)...)
		if err != nil || !strings.Contains(out, says) {
			t.Errorf("%v: %v\n%s\n%s\nwant %q", args, err, out, logs, says)
		}
	}
	want("No box has told yet")
	acks := make(chan protocol.Ack, 10)
	box := connect(t, g.p.BrokerURL(), func(a protocol.Ack) { acks <- a })
	events := household()
	for i, e := range []protocol.Event{
		{State: protocol.ProfileApplied, Version: 6},
		{State: protocol.ProfileRefused, Version: 7, Why: "expires_ms: 5, allowed from 2020"},
	} {
		e.Kind, e.Boot, e.Serial, e.MonoMs = protocol.Running, 1, events[0].Serial, uint64(1_900_000+i)
		events = append(events, e)
	}
	publish(t, box, sealed(t, 1, 1, protocol.Chain{}, events))
	<-acks
	g.loaded(uint64(len(events)))
	const sentence = "published 7: 0 boxes run it, 1 still runs 6, 1 refused it: expires_ms: 5, allowed from 2020"
	want(sentence)
	want("33 Zhejiang: 1 box, which told which profile it runs")
	want("boxes         "+sentence, topic)
	want(sentence, "--token", g.admin)
	want(sentence, "--token", g.admin, "--url", g.p.PageURL())

	s, err := settings.Open(t.Context(), filepath.Join(data, settingsFile), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hunan, err := s.NewToken(t.Context(), settings.Principal{Name: "hunan", Grants: aggregator.GrantsOf(aggregator.Scope{Provinces: []aggregator.Province{43}}, aggregator.DataSets()...)})
	if err != nil {
		t.Fatal(err)
	}
	want("33 Zhejiang: no box was ever heard here, or the token does not open it", "--token", hunan)
	records, err := s.Trail(t.Context(), settings.OfMachine(), settings.TrailQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if used := strings.Count(fmt.Sprint(records), "link_used"); used == 0 {
		t.Errorf("signing in was not recorded: %v", records)
	}
}

func TestSentenceOfWhatExpired(t *testing.T) {
	k, err := profiles.NewKey(1)
	if err != nil {
		t.Fatal(err)
	}
	topic, end := protocol.ProfileTopic(33, protocol.GroupAll), time.Now()
	payload, err := profiles.Compose(nil, 7, end)
	if err != nil {
		t.Fatal(err)
	}
	packet, err := k.Sign(topic, payload)
	if err != nil {
		t.Fatal(err)
	}
	s := spread{entry: profiles.Entry{Topic: topic, Packet: packet, Version: 7},
		rows: []console.RunningRow{{RunsInfo: console.RunsInfo{Expired: 7}, Boxes: 2}, {RunsInfo: console.RunsInfo{Version: 7}, Boxes: 1}}}
	f := func(now time.Time, want string) {
		t.Helper()
		if got := s.sentence(now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(end.Add(-time.Second), "published 7: 1 box runs it, 2 run what is built in (7 expired on 2)")
	f(end, "published 7, which has expired: 1 box runs it, 2 run what is built in (7 expired on 2)")
}
