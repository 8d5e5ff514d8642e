// Package soap speaks with catalogue and order systems: it takes their messages
// and hands them to queues that keep them, and later tells a catalogue system
// what became of its message. DESIGN.md says how and why.
package soap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/fetch"
)

// Command says where a catalogue lies (ExecCmd, ContentDeployReq). CSPID, LSPID
// and CorrelateID name it.
type Command struct {
	Province                  aggregator.Province
	CSPID, LSPID, CorrelateID string
	URL                       fetch.URL // holds credentials
}

// Commands keeps commands. Safe for concurrent use.
type Commands interface {
	// Accept keeps c durably before it returns nil. again: a command of the same
	// (CSPID, LSPID, CorrelateID) was kept before, whatever its URL; nothing
	// changed. An *aggregator.Error's message goes to the sender.
	Accept(ctx context.Context, c Command) (again bool, err error)
}

// Relations keeps what order systems say. Safe for concurrent use.
type Relations interface {
	// Notify keeps r durably before it returns nil. again: a relation of the same
	// (Province, SPID, Sequence) was kept before, or the user has the product
	// already; nothing changed. An *aggregator.Error's message goes to the
	// sender.
	Notify(ctx context.Context, r Relation) (again bool, err error)
}

// Sender is a catalogue system that may send.
type Sender struct {
	Province     aggregator.Province
	CSPID, LSPID string // ContentDeployReq calls them CMSID and SOPID
	// From are the addresses that it sends from; none: nobody may.
	From []netip.Prefix
}

// OrderSender is an order system that may send.
type OrderSender struct {
	Province aggregator.Province
	SPID     string
	Key      Key // of encodeStr
	From     []netip.Prefix
}

// Config is what a Server needs. Commands may be nil without Senders, Relations
// without OrderSenders.
type Config struct {
	Senders      []Sender
	OrderSenders []OrderSender
	Commands     Commands
	Relations    Relations
	// Location is the address that the WSDL names; "": the one it was asked at.
	Location string
	// MaxBody is the largest message; zero: 256 KiB. ReadTimeout is how long a
	// message may take to come; zero: 15 seconds.
	MaxBody     int64
	ReadTimeout time.Duration
	Log         *slog.Logger
}

// Validate explains what is wrong with the configuration.
func (c Config) Validate() error {
	seen := map[[2]string]bool{}
	for _, s := range c.Senders {
		name := fmt.Sprintf("soap: sender CSPID %q, LSPID %q", s.CSPID, s.LSPID)
		pair := [2]string{s.CSPID, s.LSPID}
		switch {
		case s.CSPID == "" || s.LSPID == "" || s.Province == 0:
			return errors.New(name + ": both and a province are needed")
		case seen[pair]:
			return errors.New(name + ": given twice")
		case len(s.From) == 0:
			return errors.New(name + ": no address it may send from")
		}
		seen[pair] = true
	}
	for _, s := range c.OrderSenders {
		name := fmt.Sprintf("soap: order sender SPID %q", s.SPID)
		pair := [2]string{"", s.SPID}
		switch {
		case s.SPID == "" || s.Province == 0 || s.Key == "":
			return errors.New(name + ": SPID, key and a province are needed")
		case seen[pair]:
			return errors.New(name + ": given twice")
		case len(s.From) == 0:
			return errors.New(name + ": no address it may send from")
		}
		seen[pair] = true
	}
	if len(c.Senders) > 0 && c.Commands == nil || len(c.OrderSenders) > 0 && c.Relations == nil {
		return errors.New("soap: there is nobody to keep what senders send")
	}
	if c.MaxBody < 0 || c.ReadTimeout < 0 {
		return errors.New("soap: limits cannot be negative")
	}
	return nil
}

// Stats counts since NewServer. Each message is in one of Accepted, Repeated,
// Refused, Malformed and Failed.
type Stats struct {
	Messages  uint64
	Accepted  uint64 // kept
	Repeated  uint64 // kept before
	Refused   uint64 // of an unknown sender, address or key
	Malformed uint64 // no message of the interface
	Failed    uint64 // could not be kept; the sender was told
}

// Server answers messages. Safe for concurrent use.
type Server struct {
	cfg   Config
	stats struct{ messages, accepted, repeated, refused, malformed, failed atomic.Uint64 }

	mu      sync.Mutex
	refused map[RefusedRelation]uint64
}

// Refusal is why a relation was not kept.
type Refusal uint8

const (
	RefusalSender    Refusal = iota // no sender has that spId, or not from there
	RefusalSignature                // a wrong encodeStr
	RefusalValue                    // a value that is missing or cannot be
	RefusalUpdate                   // an updateType that the interface does not have
	RefusalStorage                  // ours: it could not be kept

	Refusals = RefusalStorage + 1
)

// Word is the word of a refusal, as metrics have it.
func (r Refusal) Word() string {
	return [Refusals]string{"sender", "signature", "value", "update_type", "storage"}[r]
}

// RefusedRelation is whose relations were refused, and why. Province is 0 if no
// sender has that spId.
type RefusedRelation struct {
	Province aggregator.Province
	Why      Refusal
}

// RefusedRelations counts relations that were refused since NewServer.
func (s *Server) RefusedRelations() map[RefusedRelation]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refused)
}

func (s *Server) refuse(p aggregator.Province, why Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[RefusedRelation{p, why}]++
}

// NewServer makes a Server.
func NewServer(c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.MaxBody == 0 {
		c.MaxBody = 256 << 10
	}
	if c.ReadTimeout == 0 {
		c.ReadTimeout = 15 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: c, refused: map[RefusedRelation]uint64{}}, nil
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	n := &s.stats
	return Stats{n.messages.Load(), n.accepted.Load(), n.repeated.Load(), n.refused.Load(), n.malformed.Load(), n.failed.Load()}
}

// ServeHTTP answers one request: POST of a message, GET of the WSDL. Who sends
// from an address that no sender has gets 403, before anything is read.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := source(r)
	if !s.knows(from) {
		s.stats.messages.Add(1)
		s.stats.refused.Add(1)
		s.cfg.Log.Warn("soap: a message from an address that is not configured", "from", from)
		http.Error(w, "No sender of this service has the address "+from.String()+".", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if _, asked := r.URL.Query()["wsdl"]; !asked {
			if _, asked = r.URL.Query()["WSDL"]; !asked {
				w.Header().Set("Allow", "POST")
				http.Error(w, "Send SOAP 1.1 messages with POST; ?wsdl describes them.", http.StatusMethodNotAllowed)
				return
			}
		}
		location := s.cfg.Location
		if location == "" {
			location = "http://" + r.Host + r.URL.EscapedPath()
		}
		answer(w, http.StatusOK, WSDL(location))
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "Send SOAP 1.1 messages with POST; ?wsdl describes them.", http.StatusMethodNotAllowed)
		return
	}
	s.stats.messages.Add(1)
	// Writers without deadlines (in tests) have nobody slow behind them.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.cfg.ReadTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.malformed(w, from, fmt.Sprintf("The message is larger than %d bytes.", s.cfg.MaxBody))
		return
	case err != nil:
		s.malformed(w, from, "The message did not come in full.")
		return
	}
	m, err := Parse(body, r.Header.Get("Content-Type"))
	if err != nil {
		s.malformed(w, from, "The message cannot be read: "+err.Error()+".")
		return
	}
	switch {
	case m.Is("ExecCmd"):
		result, text := s.command(r.Context(), from, m, "CSPID", "LSPID")
		answer(w, http.StatusOK, rpc(space(m), "ExecCmdResponse", "ExecCmdReturn", "CSPResult", number("Result", result), value{"ErrorDescription", "soapenc:string", text}))
	case m.Is("ContentDeployReq"):
		result, text := s.command(r.Context(), from, m, "CMSID", "SOPID")
		answer(w, http.StatusOK, rpc(space(m), "ContentDeployReqResponse", "", "", number("Result", result), value{"ErrorDescription", "soapenc:string", text}))
	case m.Is("orderRelationUpdateNotify"), m.Is("orderRelationUpdateNotifyRequest"):
		result := s.relation(r.Context(), from, m)
		answer(w, http.StatusOK, rpc(space(m), "orderRelationUpdateNotifyResponse", "orderRelationUpdateNotifyReturn", "OrderRelationUpdateNotifyResponse",
			text("recordSequenceId", clip(m.Get("recordSequenceId"))), number("resultCode", result)))
	default:
		s.malformed(w, from, "There is no operation "+clip(m.Op)+"; ?wsdl lists what there is.")
	}
}

// Results of a message. Zero is success in all interfaces.
const (
	resultOK      = 0
	resultRefused = -1
)

// command keeps what ExecCmd or ContentDeployReq say.
func (s *Server) command(ctx context.Context, from netip.Addr, m Message, cspName, lspName string) (result int, text string) {
	c := Command{CSPID: m.Get(cspName), LSPID: m.Get(lspName), CorrelateID: m.Get("CorrelateID")}
	known := false
	for _, sender := range s.cfg.Senders {
		if sender.CSPID == c.CSPID && sender.LSPID == c.LSPID && within(from, sender.From) {
			c.Province, known = sender.Province, true
		}
	}
	if !known {
		s.stats.refused.Add(1)
		s.cfg.Log.Warn("soap: a command of an unknown sender", "from", from, "csp", clip(c.CSPID), "lsp", clip(c.LSPID))
		return resultRefused, fmt.Sprintf("%s %q with %s %q is not accepted from %s.", cspName, clip(c.CSPID), lspName, clip(c.LSPID), from)
	}
	if c.CorrelateID == "" || len(c.CorrelateID) > 128 {
		s.stats.malformed.Add(1)
		return resultRefused, "CorrelateID is empty or longer than 128 bytes."
	}
	var err error
	if c.URL, err = fetch.ParseURL(m.Get("CmdFileURL")); err != nil {
		s.stats.malformed.Add(1)
		var bad *fetch.Error
		errors.As(err, &bad)
		return resultRefused, "CmdFileURL cannot be used: " + bad.Text + "."
	}
	again, err := s.cfg.Commands.Accept(ctx, c)
	if err != nil {
		return resultRefused, s.notKept(err, "csp", c.CSPID, "lsp", c.LSPID, "correlate", c.CorrelateID)
	}
	s.kept(again)
	s.cfg.Log.Info("soap: a command", "again", again, "csp", c.CSPID, "lsp", c.LSPID, "correlate", c.CorrelateID, "url", c.URL)
	return resultOK, ""
}

// relation keeps what an order system says. The interface's answer has no room
// for a text: the log says why.
func (s *Server) relation(ctx context.Context, from netip.Addr, m Message) (result int) {
	const refused = 1
	spID := m.Get("spId")
	why := RefusedRelation{Why: RefusalSender}
	for _, sender := range s.cfg.OrderSenders {
		if sender.SPID != spID {
			continue
		}
		why.Province = sender.Province
		if !within(from, sender.From) {
			break
		}
		if !sender.Key.signed(m) {
			why.Why = RefusalSignature
			break
		}
		r, err := relation(sender.Province, m)
		if err != nil {
			s.stats.malformed.Add(1)
			var told *aggregator.Error
			if errors.As(err, &told) && told.Code == unknownUpdate {
				s.refuse(sender.Province, RefusalUpdate)
			} else {
				s.refuse(sender.Province, RefusalValue)
			}
			s.cfg.Log.Warn("soap: a relation that cannot be", "sp", clip(spID), "sequence", clip(r.Sequence), "error", err)
			return refused
		}
		again, err := s.cfg.Relations.Notify(ctx, r)
		if err != nil {
			s.refuse(sender.Province, RefusalStorage)
			s.notKept(err, "sp", spID, "sequence", r.Sequence)
			return refused
		}
		s.kept(again)
		return resultOK
	}
	s.stats.refused.Add(1)
	s.refuse(why.Province, why.Why)
	s.cfg.Log.Warn("soap: a relation of an unknown sender, or with a wrong encodeStr", "from", from, "sp", clip(spID), "why", why.Why.Word())
	return refused
}

func (s *Server) kept(again bool) {
	if again {
		s.stats.repeated.Add(1)
		return
	}
	s.stats.accepted.Add(1)
}

// notKept logs and returns what the sender is told.
func (s *Server) notKept(err error, attrs ...any) string {
	s.stats.failed.Add(1)
	s.cfg.Log.Error("soap: a message could not be kept", append(attrs, "error", err)...)
	var told *aggregator.Error
	if errors.As(err, &told) {
		return told.Message
	}
	return "It could not be kept; send it again."
}

func (s *Server) malformed(w http.ResponseWriter, from netip.Addr, text string) {
	s.stats.malformed.Add(1)
	s.cfg.Log.Warn("soap: no message of the interface", "from", from, "reason", text)
	answer(w, http.StatusInternalServerError, fault("Client", text)) // SOAP 1.1 knows no other status
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the sender went away, or has it
}

// space is the namespace to answer in: the sender's own.
func space(m Message) string {
	if m.Namespace == "" || len(m.Namespace) > 200 {
		return namespace
	}
	return m.Namespace
}

// source is the address a request came from; the zero Addr if it has none.
func source(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

func (s *Server) knows(from netip.Addr) bool {
	for _, sender := range s.cfg.Senders {
		if within(from, sender.From) {
			return true
		}
	}
	for _, sender := range s.cfg.OrderSenders {
		if within(from, sender.From) {
			return true
		}
	}
	return false
}

func within(a netip.Addr, in []netip.Prefix) bool {
	for _, p := range in {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// WSDL describes the service at location.
func WSDL(location string) []byte {
	return []byte(strings.Replace(wsdl, "LOCATION", escaped(location), 1))
}
