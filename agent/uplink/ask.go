package uplink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Question is put to the centre over a connection of its own, to tls:// brokers only.
type Question struct {
	User, Password, Client string
	Certificate            *tls.Certificate // to show; nil: none
	Topic, Answer          string
	Packet                 []byte // nil: nothing is asked, only whether one could
	// Mine reports whether what came on Answer is meant.
	Mine func(packet []byte) bool
}

// ErrPlain says that a question has secrets that no broker may have in the clear.
var ErrPlain = errors.New("none of the brokers is tls://, and a certificate is asked for over nothing else")

// Ask connects to the next of the brokers, subscribes to the answer, publishes the
// question, and returns the answer. It may be called while Run is at work.
func (u *Uplink) Ask(ctx context.Context, q Question) ([]byte, error) {
	list := slices.Concat(u.settings.Load().Brokers, u.cfg.Brokers)
	list = slices.DeleteFunc(list, func(b string) bool { return !strings.HasPrefix(b, "tls://") })
	if len(list) == 0 {
		return nil, ErrPlain
	}
	at, err := ParseBroker(list[int(u.asked.Add(1)-1)%len(list)])
	if err != nil {
		return nil, err
	}
	answer, err := u.ask(ctx, at, &q)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at.Redacted(), err)
	}
	return answer, nil
}

func (u *Uplink) ask(ctx context.Context, at *url.URL, q *Question) ([]byte, error) {
	t := &u.cfg.Timing
	ctx, cancel := context.WithTimeout(ctx, 2*t.ConnectTimeout)
	defer cancel()
	came, lost := make(chan []byte, 4), make(chan error, 1)
	o := mqtt.NewClientOptions().AddBroker(at.String()).SetClientID(q.Client).SetProtocolVersion(4).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetStore(nullStore{}).
		SetKeepAlive(t.KeepAlive).SetPingTimeout(t.PingTimeout).SetWriteTimeout(t.WriteTimeout).SetConnectTimeout(t.ConnectTimeout).
		SetOrderMatters(true).SetMessageChannelDepth(0).SetUsername(q.User).SetPassword(q.Password).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			if m.Topic() != q.Answer || !q.Mine(m.Payload()) {
				return
			}
			select {
			case came <- m.Payload():
			default: // one answer is enough
			}
		}).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			select {
			case lost <- err:
			default:
			}
		})
	// The connection dies with ctx: the client waits for a CONNACK without end.
	o.SetCustomOpenConnectionFn(func(at *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		conn, err := u.open(ctx, at, func() *tls.Certificate { return q.Certificate })
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	})
	client := mqtt.NewClient(o)
	defer client.Disconnect(0)
	token := client.Connect()
	if err := await(ctx, token); err != nil {
		if refused(token) {
			return nil, errRefused
		}
		return nil, err
	}
	subscribed := client.Subscribe(q.Answer, 1, nil)
	if err := await(ctx, subscribed); err != nil {
		return nil, err
	}
	if st, ok := subscribed.(*mqtt.SubscribeToken); ok && st.Result()[q.Answer] > 1 {
		return nil, errors.New("the broker does not let this box hear answers about its certificate")
	}
	if q.Packet == nil {
		client.Disconnect(200)
		return nil, nil
	}
	if err := await(ctx, client.Publish(q.Topic, 1, false, q.Packet)); err != nil {
		return nil, err
	}
	select {
	case answer := <-came:
		client.Disconnect(200)
		return answer, nil
	case err := <-lost:
		return nil, fmt.Errorf("the broker hung up before the answer: %w", err)
	case <-ctx.Done():
		return nil, errors.New("the centre does not answer")
	}
}

// Heard takes the centre's time from an answer, as from an ack. Safe for concurrent
// use.
func (u *Uplink) Heard(serverMs uint64) {
	for {
		had := u.serverMs.Load()
		if int64(serverMs) <= had || u.serverMs.CompareAndSwap(had, int64(serverMs)) {
			return
		}
	}
}
