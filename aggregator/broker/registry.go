package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/protocol"
)

// Registry knows boxes by their certificates [P-11]. It is asked by many connections
// at once.
type Registry interface {
	// Admit says why a box may not come in with the certificates that it showed, the
	// first of them its own, of which only the possession of its key has been proved;
	// none: without. "" lets it in.
	Admit(ctx context.Context, box string, shown []*x509.Certificate) (reason string)
	// AdmitClaim says the same of a claim credential.
	AdmitClaim(ctx context.Context, id, secret string) (reason string)
	// Enrol judges what came on a topic e1 from an MQTT user at an address. No
	// answerTopic: nothing is to be said.
	Enrol(ctx context.Context, topic string, packet []byte, user, place string) (answerTopic string, answer []byte)
	// Came and Went tell of a box's connections, Sent of batches that were taken.
	Came(box, host string)
	Went(box string)
	Sent(box string, packet []byte)
}

const (
	// claimFor is how long a connection by a claim credential may last, maxClaimants
	// how many there may be: a factory's line, not a place to stay.
	claimFor     = time.Minute
	maxClaimants = 1000
	// renewing ends the client id of a connection on which a box renews its
	// certificate: it is none of the box's two.
	renewing = ".renew"
)

var errTurnedOut = errors.New("the registry does not admit this connection any more")

// claimRefusal says why a connection by a claim credential is refused; "": it is not.
func (h *hook) claimRefusal(cl *mochi.Client, c *packets.ConnectParams) string {
	id := string(c.Username)
	if _, ok := cl.Net.Conn.(*tls.Conn); !ok {
		return "a claim credential without TLS"
	}
	switch {
	case !ownsClientID(id, c.ClientIdentifier):
		return "the client id does not begin with the credential's id and a dot"
	case c.WillFlag:
		return "a claim leaves no will"
	case h.stats.Claimants.Load() >= maxClaimants:
		return "too many claim at once"
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.config.CommitTimeout)
	defer cancel()
	if why := h.config.Registry.AdmitClaim(ctx, id, string(c.Password)); why != "" {
		return "claim: " + why
	}
	return ""
}

// admit asks the registry about a connection of a box.
func (h *hook) admit(cl *mochi.Client, box string) string {
	ctx, cancel := context.WithTimeout(context.Background(), h.config.CommitTimeout)
	defer cancel()
	return h.config.Registry.Admit(ctx, box, shown(cl))
}

// shown are the certificates that a client came with.
func shown(cl *mochi.Client) []*x509.Certificate {
	if conn, ok := cl.Net.Conn.(*tls.Conn); ok {
		return conn.ConnectionState().PeerCertificates
	}
	return nil
}

func host(cl *mochi.Client) string {
	if h, _, err := net.SplitHostPort(cl.Net.Remote); err == nil {
		return h
	}
	return cl.Net.Remote
}

// OnSessionEstablished follows a connection that is now among the server's, where
// Recheck finds it: what was revoked since it was admitted is looked at once more.
func (h *hook) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	user := string(cl.Properties.Username)
	switch {
	case h.config.Registry == nil || cl.Net.Inline:
	case protocol.IsCredential(user):
		h.stats.Claimants.Add(1)
		time.AfterFunc(claimFor, func() { cl.Stop(errTurnedOut) })
	case strings.HasSuffix(cl.ID, renewing):
	default:
		h.config.Registry.Came(user, host(cl))
		if h.admit(cl, user) != "" {
			h.stats.Cut.Add(1)
			cl.Stop(errTurnedOut)
		}
	}
}

// ended is the other end of OnSessionEstablished.
func (h *hook) ended(cl *mochi.Client) {
	user := string(cl.Properties.Username)
	switch {
	case h.config.Registry == nil || cl.Net.Inline:
	case protocol.IsCredential(user):
		h.stats.Claimants.Add(-1)
	case strings.HasSuffix(cl.ID, renewing):
	default:
		h.config.Registry.Went(user)
	}
}

// mayClaim is the part of the topic rules that the registry brings: a credential
// asks for any box and hears what is said to it, a box for itself. who is the user.
func mayClaim(who, topic string, write bool) bool {
	claims := protocol.IsCredential(who)
	kind := "i1/"
	if write {
		kind = "e1/"
	}
	name, ok := strings.CutPrefix(topic, kind)
	if !ok {
		return false
	}
	province, box, ok := strings.Cut(name, "/")
	return ok && isProvince(province) && (box == who || claims && protocol.CheckBox(box) == nil)
}

// enrol takes what came on e1. It runs in the client's own read loop, so a client has
// one request here at a time.
func (h *hook) enrol(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Qos == 0 || pk.FixedHeader.Retain {
		h.stats.Denied.Add(1)
		return pk, packets.ErrRejectPacket
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.config.CommitTimeout)
	topic, answer := h.config.Registry.Enrol(ctx, pk.TopicName, pk.Payload, string(cl.Properties.Username), host(cl))
	cancel()
	if topic != "" {
		if err := h.server.Publish(topic, answer, false, 1); err != nil {
			h.stats.AcksLost.Add(1) // the box asks again
		}
	}
	return pk, packets.CodeSuccessIgnore
}

// Recheck hangs up on those connections of boxes that the registry refuses now, and
// returns on how many. It returns when they are gone.
func (b *Embedded) Recheck(boxes []string) int {
	if b.hook.config.Registry == nil {
		return 0
	}
	wanted := make(map[string]struct{}, len(boxes))
	for _, box := range boxes {
		wanted[box] = struct{}{}
	}
	var cut sync.WaitGroup
	n := 0
	for _, cl := range b.server.Clients.GetAll() {
		box := string(cl.Properties.Username)
		if _, ok := wanted[box]; !ok || cl.Net.Inline || cl.Closed() {
			continue
		}
		if b.hook.admit(cl, box) == "" {
			continue
		}
		n++
		b.stats.Cut.Add(1)
		cut.Go(func() { cl.Stop(errTurnedOut) }) // a close over TLS may wait for a silent box
	}
	cut.Wait()
	return n
}
