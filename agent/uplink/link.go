package uplink

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/protocol"
)

// link is one connection to a broker, with an MQTT client of its own. It is
// never used again after it was lost.
type link struct {
	client mqtt.Client
	lost   chan error // gets the reason once the connection is gone
	acks   chan arrived
	down   mqtt.Token // the subscription to Config.Topics while it is not answered
	conn   net.Conn
}

// arrived is a packet from the centre and when it came.
type arrived struct {
	payload []byte
	monoMs  uint64
}

// errRefused says that the broker does not let this box in.
var errRefused = errors.New("the broker refused the box's credentials")

// connect opens one connection and subscribes to the acks [D3].
func (u *Uplink) connect(ctx context.Context, broker *url.URL, epoch uint64) (*link, error) {
	l := &link{lost: make(chan error, 1), acks: make(chan arrived, 4*protocol.MaxWindow)}
	t := &u.cfg.Timing
	enqueue := func(_ mqtt.Client, m mqtt.Message) {
		if t := m.Topic(); u.cfg.Down != nil && (strings.HasPrefix(t, "p1/") || strings.HasPrefix(t, "c1/")) {
			u.cfg.Down(t, m.Payload(), uint64(max(0, u.serverMs.Load())))
			return
		}
		select {
		case l.acks <- arrived{m.Payload(), u.cfg.Clock.MonoMs()}:
		default:
			u.count(&u.stats.AcksDropped) // costs one repeat
		}
	}
	o := mqtt.NewClientOptions().AddBroker(broker.String()).
		SetClientID(protocol.ClientID(u.cfg.Box, epoch)).SetProtocolVersion(4).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetStore(nullStore{}).
		SetKeepAlive(pings(u.settings.Load().KeepAlive, protocol.ShardOf(u.cfg.Box))).SetPingTimeout(t.PingTimeout).
		SetWriteTimeout(t.WriteTimeout).SetConnectTimeout(t.ConnectTimeout).
		SetOrderMatters(true).SetDefaultPublishHandler(enqueue).SetMessageChannelDepth(0).
		SetUsername(u.cfg.Box).SetPassword(u.cfg.Token).
		SetBinaryWill(protocol.WillTopic(u.cfg.Province, u.cfg.Box), []byte("offline"), 1, false).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			select {
			case l.lost <- err:
			default:
			}
		})
	// Until the link stands, its connection dies with dialCtx: the MQTT client
	// waits for a CONNACK without end.
	opened := make(chan func() bool, 1)
	dialCtx, cancel := context.WithTimeout(ctx, t.ConnectTimeout)
	defer cancel()
	o.SetCustomOpenConnectionFn(func(at *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		conn, err := u.open(dialCtx, at, u.cfg.Certificate)
		if err == nil {
			l.conn = conn
			opened <- context.AfterFunc(dialCtx, func() { conn.Close() })
		}
		return conn, err
	})
	l.client = mqtt.NewClient(o)
	token := l.client.Connect()
	err := await(dialCtx, token)
	if err == nil {
		err = await(dialCtx, l.client.Subscribe(protocol.AckTopic(u.cfg.Province, u.cfg.Box), 0, nil))
	}
	if err == nil && !(<-opened)() {
		err = dialCtx.Err()
	}
	if err != nil {
		l.client.Disconnect(0)
		if refused(token) {
			return nil, errRefused
		}
		return nil, err
	}
	u.listen(l)
	return l, nil
}

// refused reports whether the broker has turned the credentials down. It looks
// only at an answer that has come: until then the client may still write it.
func refused(t mqtt.Token) bool {
	select {
	case <-t.Done():
	default:
		return false
	}
	ct, ok := t.(*mqtt.ConnectToken)
	return ok && (ct.ReturnCode() == 4 || ct.ReturnCode() == 5)
}

func await(ctx context.Context, t mqtt.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the connection; politely says goodbye first, so that the broker
// keeps the will to itself.
func (l *link) close(politely bool) {
	if politely {
		l.client.Disconnect(200)
		l.conn.Close()
		return
	}
	l.conn.Close()
	l.client.Disconnect(0)
}
