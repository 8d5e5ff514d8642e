package broker

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"strings"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/protocol"
)

// hook holds the rules of the embedded broker: who may connect, say and hear
// what, and where uploads go.
type hook struct {
	mochi.HookBase
	config Config
	to     Receiver
	server *mochi.Server
	stats  *Stats
	log    *slog.Logger
}

func (h *hook) ID() string { return "boxes" }

func (h *hook) Provides(b byte) bool {
	switch b {
	case mochi.OnConnectAuthenticate, mochi.OnSessionEstablished, mochi.OnACLCheck, mochi.OnPublish, mochi.OnDisconnect:
		return true
	}
	return false
}

// OnConnectAuthenticate lets a box in under its own name only.
func (h *hook) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	why := h.refusal(cl, &pk.Connect)
	if why != "" {
		h.stats.Refused.Add(1)
		h.log.Debug("connection refused", "why", why, "remote", cl.Net.Remote)
		return false
	}
	h.stats.Connects.Add(1)
	return true
}

func (h *hook) refusal(cl *mochi.Client, c *packets.ConnectParams) string {
	box := string(c.Username)
	registry := h.config.Registry != nil
	switch {
	case registry && protocol.IsCredential(box):
		return h.claimRefusal(cl, c)
	case protocol.CheckBox(box) != nil:
		return "the user name is no box id"
	case !ownsClientID(box, c.ClientIdentifier):
		return "the client id does not begin with the box id and a dot"
	case registry && len(shown(cl)) > 0: // the certificate says more than a token
	case h.config.Token != "" && subtle.ConstantTimeCompare(c.Password, []byte(h.config.Token)) != 1:
		return "wrong token"
	}
	switch {
	case c.WillFlag && (!strings.HasPrefix(c.WillTopic, "s1/") || !mayPublish(box, c.WillTopic) || c.WillRetain):
		return "the will is not for the box's own s1 topic, or is to be retained"
	}
	if registry {
		return h.admit(cl, box)
	}
	if name, ok := certificateName(cl); ok && name != box {
		return "the certificate is another box's"
	}
	return ""
}

// certificateName returns the common name of the client's certificate.
func certificateName(cl *mochi.Client) (string, bool) {
	peer := shown(cl)
	if len(peer) == 0 {
		return "", false
	}
	return peer[0].Subject.CommonName, true
}

// OnACLCheck keeps each box to its own topics; the broker hangs up on a
// forbidden publish and refuses a forbidden subscription.
func (h *hook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	may := mayRead
	if write {
		may = mayPublish
	}
	user := string(cl.Properties.Username)
	claims := protocol.IsCredential(user) // may claim, and nothing else
	if !claims && may(user, topic) || h.config.Registry != nil && mayClaim(user, topic, write) {
		return true
	}
	h.stats.Denied.Add(1)
	return false
}

// OnPublish commits uploads. It runs in the box's own read loop, so a box has
// one packet here at a time; PUBACK follows only a commit [S6].
func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	if strings.HasPrefix(pk.TopicName, "e1/") {
		return h.enrol(cl, pk)
	}
	if !strings.HasPrefix(pk.TopicName, "u1/") {
		pk.FixedHeader.Retain = false // a box leaves nothing behind
		return pk, nil
	}
	if pk.FixedHeader.Qos == 0 {
		h.stats.Denied.Add(1) // [P-2.1] a batch has QoS 1
		return pk, packets.ErrRejectPacket
	}
	if pk.FixedHeader.Retain {
		h.stats.Denied.Add(1)
		return pk, packets.ErrRejectPacket
	}
	h.stats.Uploads.Add(1)
	ctx, cancel := context.WithTimeout(context.Background(), h.config.CommitTimeout)
	topic, ack, err := h.to.Receive(ctx, pk.TopicName, pk.Payload, h.config.NowMs())
	cancel()
	if topic != "" {
		if h.server.Publish(topic, ack, false, 0) == nil {
			h.stats.Acks.Add(1)
		} else {
			h.stats.AcksLost.Add(1)
		}
	}
	if err != nil {
		h.stats.NotStored.Add(1)
		return pk, packets.ErrRejectPacket // the only error after which there is no PUBACK
	}
	if h.config.Registry != nil {
		h.config.Registry.Sent(string(cl.Properties.Username), pk.Payload)
	}
	return pk, packets.CodeSuccessIgnore // PUBACK, and nobody else gets it
}

func (h *hook) OnDisconnect(cl *mochi.Client, _ error, _ bool) {
	h.stats.Disconnects.Add(1)
	h.ended(cl)
}
