package soap

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

var update = flag.Bool("update", false, "write the answers that are given now")

// keeper keeps in memory what a durable queue would.
type keeper struct {
	mu        sync.Mutex
	commands  map[[3]string]Command
	relations map[string]Relation
	fail      error
}

func (k *keeper) Accept(_ context.Context, c Command) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return false, k.fail
	}
	key := [3]string{c.CSPID, c.LSPID, c.CorrelateID}
	if _, again := k.commands[key]; again {
		return true, nil
	}
	k.commands[key] = c
	return false, nil
}

func (k *keeper) Notify(_ context.Context, r Relation) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return false, k.fail
	}
	if _, again := k.relations[r.Sequence]; again {
		return true, nil
	}
	k.relations[r.Sequence] = r
	return false, nil
}

const key = Key("order-key")

func newServer(t *testing.T, log io.Writer) (*Server, *keeper) {
	t.Helper()
	k := &keeper{commands: map[[3]string]Command{}, relations: map[string]Relation{}}
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")}
	s, err := NewServer(Config{
		Senders: []Sender{
			{Province: 33, CSPID: "CSP1", LSPID: "LSP1", From: here},
			{Province: 43, CSPID: "CSP2", LSPID: "LSP1", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		},
		OrderSenders: []OrderSender{{Province: 33, SPID: "00012345", Key: key, From: here}},
		Commands:     k, Relations: k, MaxBody: 64 << 10,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, k
}

// TestAnswers sends each file of testdata/requests and compares the answer.
func TestAnswers(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var log bytes.Buffer
	s, k := newServer(t, &log)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/c3/soap", bytes.NewReader(body)))
		got := fmt.Sprintf("%d\n%s", w.Code, w.Body)
		want := filepath.Join("testdata/answers", filepath.Base(file))
		if *update {
			if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		expected, err := os.ReadFile(want)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(expected) {
			t.Errorf("%s:\n%s\nwant\n%s", file, got, expected)
		}
		if strings.Contains(got, "secret") {
			t.Errorf("%s: the answer holds the password", file)
		}
	}
	if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), string(key)) {
		t.Errorf("the log holds a secret:\n%s", log.String())
	}
	c := k.commands[[3]string{"CSP1", "LSP1", "20260503000002"}]
	if c.Province != 33 || c.URL.Reveal() != "http://10.1.2.3/adi?day=20260503&n=2" {
		t.Errorf("%+v", c)
	}
	if u := k.commands[[3]string{"CSP1", "LSP1", "3"}].URL.Reveal(); u != "http://10.1.2.3/adi?day=20260503&n=2&x=1" {
		t.Error(u)
	}
	if len(k.commands) != 4 || len(k.relations) != 1 {
		t.Errorf("kept %v %v", k.commands, k.relations)
	}
	want := Stats{Messages: uint64(len(files)), Accepted: 5, Refused: 2, Malformed: uint64(len(files)) - 7}
	if got := s.Stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestStyles: however a client writes, the same is understood.
func TestStyles(t *testing.T) {
	srv, k := newServer(t, io.Discard)
	s := httptest.NewServer(srv)
	defer s.Close()
	r := Relation{
		Province: 33, Sequence: "s", UserIDType: "1", UserID: "18600000001", ServiceType: "90", SPID: "00012345", ProductID: "P1",
		Update: UpdateOnDemand, UpdateMs: time.Date(2026, 5, 3, 8, 0, 0, 0, aggregator.Shanghai).UnixMilli(), UpdateDesc: "点播 <&>",
		LinkID: "L1", EffectiveMs: time.Date(2026, 5, 3, 8, 0, 0, 0, aggregator.Shanghai).UnixMilli(), ExpireMs: time.Date(2026, 5, 5, 8, 0, 0, 0, aggregator.Shanghai).UnixMilli(),
	}
	for style := range Styles {
		c := &Client{Endpoint: s.URL, Style: style}
		id := fmt.Sprint("id", style)
		url := "ftp://u:p&w<@10.1.2.3/目录/中.xml"
		for range 2 { // a repeat is answered like the first
			got, err := c.ExecCmd(t.Context(), "CSP1", "LSP1", id, url)
			if err != nil || got != (Reply{}) {
				t.Fatalf("style %d: %+v, %v", style, got, err)
			}
		}
		if got, err := c.ContentDeployReq(t.Context(), "CSP1", "LSP1", "d"+id, url); err != nil || got != (Reply{}) {
			t.Fatalf("style %d: %+v, %v", style, got, err)
		}
		for _, kept := range []string{id, "d" + id} {
			if got := k.commands[[3]string{"CSP1", "LSP1", kept}]; got.URL.Reveal() != url || got.Province != 33 {
				t.Errorf("style %d: %q", style, got.URL.Reveal())
			}
		}
		r.Sequence = id
		for range 2 {
			if got, err := c.Notify(t.Context(), r, key, time.UnixMilli(r.UpdateMs)); err != nil || got != (Reply{}) {
				t.Fatalf("style %d: %+v, %v", style, got, err)
			}
		}
		if diff := cmp.Diff(r, k.relations[id]); diff != "" {
			t.Errorf("style %d: %s", style, diff)
		}
		if got, err := c.Notify(t.Context(), r, "other", time.UnixMilli(r.UpdateMs)); err != nil || got.Result == 0 {
			t.Errorf("style %d: a wrong key: %+v, %v", style, got, err)
		}
		if got, err := c.ExecCmd(t.Context(), "CSP2", "LSP1", id, url); err != nil || got.Result == 0 || !strings.Contains(got.Text, "not accepted from 127.0.0.1") {
			t.Errorf("style %d: another's pair: %+v, %v", style, got, err)
		}
	}
	if got := srv.Stats(); got.Repeated != 2*uint64(Styles) || got.Accepted != 3*uint64(Styles) {
		t.Errorf("%+v", got)
	}
}

// Each refused relation is counted with its province and why.
func TestRefusedRelations(t *testing.T) {
	srv, k := newServer(t, io.Discard)
	s := httptest.NewServer(srv)
	defer s.Close()
	c := &Client{Endpoint: s.URL}
	good := Relation{Sequence: "1", UserIDType: "1", UserID: "138", SPID: "00012345", ProductID: "p", Update: UpdateSubscribe, UpdateMs: 1_777_000_000_000}
	f := func(change func(*Relation), sign Key, want Refusal, p aggregator.Province) {
		t.Helper()
		before := srv.RefusedRelations()
		r := good
		change(&r)
		if got, err := c.Notify(t.Context(), r, sign, time.UnixMilli(r.UpdateMs)); err != nil || got.Result == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		got := srv.RefusedRelations()
		for of, n := range got {
			must := before[of]
			if of == (RefusedRelation{p, want}) {
				must++
			}
			if n != must {
				t.Errorf("%v %s: %d, must be %d", of.Province, of.Why.Word(), n, must)
			}
		}
		if len(got) == 0 || got[RefusedRelation{p, want}] == 0 {
			t.Errorf("%v, must have %v %s", got, p, want.Word())
		}
	}
	f(func(r *Relation) { r.SPID = "9" }, key, RefusalSender, 0)
	f(func(*Relation) {}, "other", RefusalSignature, 33)
	f(func(r *Relation) { r.ProductID = "" }, key, RefusalValue, 33)
	f(func(r *Relation) { r.UpdateMs = 0 }, key, RefusalValue, 33)
	f(func(r *Relation) { r.Update = 9 }, key, RefusalUpdate, 33)
	k.fail = errors.New("disk 7 is full")
	f(func(*Relation) {}, key, RefusalStorage, 33)
}

func TestNotKept(t *testing.T) {
	var log bytes.Buffer
	srv, k := newServer(t, &log)
	s := httptest.NewServer(srv)
	defer s.Close()
	c := &Client{Endpoint: s.URL}
	f := func(err error, want string) {
		t.Helper()
		k.fail = err
		got, err := c.ExecCmd(t.Context(), "CSP1", "LSP1", "1", "ftp://u:secret@10.1.2.3/a")
		if err != nil || got.Result == 0 || got.Text != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	f(errors.New("disk 7 is full"), "It could not be kept; send it again.")
	f(&aggregator.Error{Code: "x", Message: "The queue is full.", Cause: errors.New("inner")}, "The queue is full.")
	if srv.Stats().Failed != 2 || !strings.Contains(log.String(), "disk 7 is full") {
		t.Errorf("%+v\n%s", srv.Stats(), log.String())
	}
}

func TestHTTPSide(t *testing.T) {
	s, _ := newServer(t, io.Discard)
	f := func(method, target, from string, body io.Reader, want int, part string) {
		t.Helper()
		r := httptest.NewRequest(method, target, body)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want || !strings.Contains(w.Body.String(), part) {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
	}
	here := "192.0.2.1:1"
	f("GET", "http://c3.example/c3/soap?wsdl", here, nil, 200, `<soap:address location="http://c3.example/c3/soap"/>`)
	f("GET", "/?WSDL", here, nil, 200, `targetNamespace="iptv"`)
	f("GET", "/", here, nil, 405, "POST")
	f("PUT", "/", here, nil, 405, "POST")
	f("POST", "/", "198.51.100.1:1", strings.NewReader("x"), 403, "198.51.100.1")
	f("GET", "/?wsdl", "[2001:db8::1]:1", nil, 403, "")
	f("POST", "/", "[::ffff:192.0.2.1]:1", strings.NewReader(""), 500, "there is no XML")
	f("POST", "/", here, strings.NewReader(strings.Repeat(" ", 64<<10+1)), 500, "larger than 65536 bytes")
	if _, err := tree(string(WSDL("http://h/?a&b"))); err != nil {
		t.Errorf("the WSDL is no XML: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	in := func(s string) string { return "<Envelope><Body>" + s + "</Body></Envelope>" }
	f := func(body, part string) {
		t.Helper()
		m, err := Parse([]byte(body), "")
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%.60q: %+v, %v; want %s", body, m, err, part)
		}
	}
	f("", "no XML")
	f("<a/>", "no SOAP Envelope")
	f("<Envelope/>", "no Body")
	f(in(""), "no operation")
	f(in("<A/><B/>"), "more than one operation")
	f(in("<A/>")+in("<A/>"), "more than one outermost")
	f(in("<A>"), "well-formed")
	f(in(strings.Repeat("<a>", 30)+strings.Repeat("</a>", 30)), "nested deeper")
	f(in("<A>"+strings.Repeat("<b/>", maxElements)+"</A>"), "more than 1000 elements")
	f(in(`<A><b href="#x"/></A>`), "leads to no element")
	f(in(`<A><b href="http://h/x"/></A>`), "leads to no element")
	f(in(`<A><b href="#x"/></A><m id="x" href="#x"/>`), "leads to no element")
	f(in(`<A><b href="#x"/></A><m id="x"><c href="#x"/></m>`), "circles")
	many := `<A><b href="#x0"/></A>`
	for i := range 20 {
		many += fmt.Sprintf(`<m id="x%d"><c href="#x%d"/><d href="#x%d"/></m>`, i, i+1, i+1)
	}
	f(in(many+`<m id="x20">v</m>`), "too many")
	f(in("<A><b>"+strings.Repeat("x", maxField+1)+"</b></A>"), "longer than")
	f("\xff\xfe<\x00", "UTF-16")
	f(`<?xml version="1.0" encoding="EBCDIC"?>`+in("<A/>"), "charset")
	f("<!DOCTYPE a>"+in("<A/>"), "DTD")
	f(in("<A>&lol;</A>"), "entity")
}

func TestParseCharsets(t *testing.T) {
	f := func(body, contentType string) {
		t.Helper()
		m, err := Parse([]byte(body), contentType)
		if err != nil || m.Get("b") != "中" {
			t.Errorf("%q: %q, %v", body, m.Get("b"), err)
		}
	}
	const utf8, gbk = "<Envelope><Body><A><b>中</b></A></Body></Envelope>", "<Envelope><Body><A><b>\xd6\xd0</b></A></Body></Envelope>"
	f(utf8, "")
	f("\ufeff"+utf8, "text/xml; charset=gbk")
	f(`<?xml version="1.0"?>`+utf8, "text/xml")
	f(`<?xml version='1.0' encoding='gb2312'?>`+gbk, "text/xml; charset=utf-8") // the declaration is nearer
	f(gbk, `text/xml;charset="GBK"`)
	f(gbk, "")
	f(`<?xml version="1.0" encoding="UTF-8"?>`+gbk, "") // it says what it is not
	f(strings.Replace(utf8, "中", "\v中\x01", 1), "")
}

func TestRows(t *testing.T) {
	r := Relation{Sequence: "s", UserID: "u", ProductID: "p", UpdateMs: 1, EffectiveMs: 2, ExpireMs: 3, LinkID: "l", Content: "old"}
	f := func(k UpdateType, want Rows) {
		t.Helper()
		r.Update = k
		got, err := r.Rows()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("updateType %d: %s", k, diff)
		}
	}
	order := func(op c3.OrderOp, id string) Rows {
		fen := c3.AtPrice
		if op == c3.OrderUnsub {
			fen = 0
		}
		return Rows{Orders: []c3.Order{{ID: id, Account: "u", Op: op, Product: "p", AtMs: 1, FromMs: 2, ToMs: 3, Fen: fen, Pay: c3.PayBill}}}
	}
	f(UpdateSubscribe, order(c3.OrderSub, "s"))
	f(UpdateUnsubscribe, order(c3.OrderUnsub, "s"))
	f(UpdateOnDemand, order(c3.OrderSingle, "l"))
	f(UpdateValidity, order(c3.OrderRenew, "s"))
	f(UpdateNumber, Rows{Changes: []c3.Change{{Account: "u", Op: c3.OpChangeNo, AtMs: 1, Old: "old"}}})
	bad := func(change func(*Relation)) {
		t.Helper()
		b := r
		change(&b)
		if got, err := b.Rows(); err == nil {
			t.Errorf("%+v means %+v", b, got)
		}
	}
	bad(func(r *Relation) { r.Content = "" })
	bad(func(r *Relation) { r.Content = "u" })
	bad(func(r *Relation) { r.UserID = "" })
	bad(func(r *Relation) { r.UpdateMs = 0 })
	bad(func(r *Relation) { r.Update = UpdateSubscribe; r.ProductID = "" })
	bad(func(r *Relation) { r.Update = 6 })
	bad(func(r *Relation) { r.Update = 0 })
}

func TestKey(t *testing.T) {
	if text := fmt.Sprintf("%v %s %q %#v %x %+v", key, key, key, key, key, OrderSender{Key: key}); strings.Contains(text, "order") && strings.Contains(text, "-key") {
		t.Error(text)
	}
	if Key("").signed(Message{fields: map[string]string{"encodestr": Key("").sign("", "", "")}}) {
		t.Error("an empty key signs")
	}
}

func TestValidate(t *testing.T) {
	k := &keeper{}
	from := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	good := Sender{Province: 33, CSPID: "a", LSPID: "b", From: from}
	f := func(c Config) {
		t.Helper()
		if _, err := NewServer(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	f(Config{Senders: []Sender{good}})
	f(Config{Senders: []Sender{good, good}, Commands: k})
	f(Config{Senders: []Sender{{Province: 33, CSPID: "a", LSPID: "b"}}, Commands: k})
	f(Config{Senders: []Sender{{CSPID: "a", LSPID: "b", From: from}}, Commands: k})
	f(Config{OrderSenders: []OrderSender{{Province: 33, SPID: "a", From: from}}, Relations: k})
	f(Config{MaxBody: -1})
	if _, err := NewNotifier(NotifierConfig{}); err == nil {
		t.Error("a notifier without anything")
	}
}

// FuzzParse: no input panics; what is understood is within the limits and is
// understood the same when a client writes it again.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/requests/*.xml")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			f.Add(b, "text/xml")
		}
	}
	for style := range Styles {
		c := Client{Style: style}
		f.Add(c.message("ExecCmd", "", []value{text("CSPID", "中"), text("CmdFileURL", "ftp://u:p&@h/a")}), "text/xml; charset=gbk")
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		m, err := Parse(body, contentType)
		if err != nil {
			return
		}
		var values []value
		for name, v := range m.fields {
			if len(v) > maxField {
				t.Fatalf("%s has %d bytes", name, len(v))
			}
			values = append(values, text("v"+fmt.Sprint(len(values)), v))
		}
		again, err := Parse(rpc(space(m), "Op", "", "", values...), "")
		if err != nil {
			t.Fatalf("%q: %v", m.fields, err)
		}
		for _, v := range values {
			if got := again.Get(v.name); got != strings.TrimSpace(v.text) {
				t.Fatalf("%q became %q", v.text, got)
			}
		}
	})
}
