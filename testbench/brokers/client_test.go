package brokers

import (
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// login is how a client of the tests signs in.
type login struct {
	id, user, password string
	keep               bool // a session that outlives the connection
}

// client is an MQTT client of the tests. It keeps all it hears.
type client struct {
	mqtt mqtt.Client
	gone chan struct{} // closed when the broker hung up

	mu    sync.Mutex
	heard []mqtt.Message
}

// answers is how long a broker may take to answer one packet.
const answers = 10 * time.Second

// dial signs in at a broker.
func dial(addr string, l login) (*client, error) {
	c := &client{gone: make(chan struct{})}
	c.mqtt = mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + addr).
		SetClientID(l.id).SetUsername(l.user).SetPassword(l.password).SetProtocolVersion(4).
		SetCleanSession(!l.keep).SetAutoReconnect(false).SetOrderMatters(true).
		SetConnectTimeout(answers).SetWriteTimeout(answers).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(c.gone) }).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.heard = append(c.heard, m)
		}))
	if err := wait(c.mqtt.Connect()); err != nil {
		c.mqtt.Disconnect(0)
		return nil, err
	}
	return c, nil
}

func wait(token mqtt.Token) error {
	if !token.WaitTimeout(answers) {
		return errors.New("no answer")
	}
	return token.Error()
}

// centreClient signs in with the centre's account.
func centreClient(t *testing.T, addr, id string, keep bool) *client {
	t.Helper()
	c, err := dial(addr, login{id, centreUser, centrePassword, keep})
	if err != nil {
		t.Fatalf("client %s: %v", id, err)
	}
	t.Cleanup(c.close)
	return c
}

func (c *client) close() { c.mqtt.Disconnect(50) }

func (c *client) subscribe(t *testing.T, filter string) {
	t.Helper()
	token := c.mqtt.Subscribe(filter, 1, nil)
	if err := wait(token); err != nil {
		t.Fatalf("subscribe %s: %v", filter, err)
	}
	if code := token.(*mqtt.SubscribeToken).Result()[filter]; code > 1 {
		t.Fatalf("subscribe %s: refused with %#x", filter, code)
	}
}

// publish sends with QoS 1 and waits for the PUBACK.
func (c *client) publish(t *testing.T, topic string, retain bool, payload []byte) {
	t.Helper()
	if err := wait(c.mqtt.Publish(topic, 1, retain, payload)); err != nil {
		t.Fatalf("publish on %s: %v", topic, err)
	}
}

// messages is what was heard on a topic, "" for all.
func (c *client) messages(topic string) []mqtt.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []mqtt.Message
	for _, m := range c.heard {
		if topic == "" || m.Topic() == topic {
			all = append(all, m)
		}
	}
	return all
}

// answer is how a broker treats a publish that its rules forbid.
type answer string

const (
	taken  answer = "it sends PUBACK"
	hungUp answer = "it hangs up"
)

// try publishes what may be forbidden and tells what the broker did.
func (c *client) try(topic string, payload []byte) answer {
	token := c.mqtt.Publish(topic, 1, false, payload)
	select {
	case <-token.Done():
		if token.Error() == nil {
			return taken
		}
		return hungUp
	case <-c.gone:
		return hungUp
	case <-time.After(answers):
		return "no answer"
	}
}
