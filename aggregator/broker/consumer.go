package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// ShardRange is the shards From to To, both included. The zero value is shard 0
// alone; leave ConsumerConfig.Shards empty for all.
type ShardRange struct{ From, To uint8 }

// ConsumerConfig says which broker to consume from.
type ConsumerConfig struct {
	// URL is tcp://host:port or tls://host:port.
	URL string
	// ClientID begins both client ids used; two aggregators must not share
	// one. Letters, digits and dashes pass every broker; some refuse dots.
	// Default: "aggregator-" and eight random digits.
	ClientID       string
	User, Password string
	TLS            *tls.Config
	Shards         []ShardRange  // default: all
	MaxReconnect   time.Duration // longest wait between two tries; default 10 s
	NowMs          func() int64  // stamps arrivals; default the system's clock
	Logger         *slog.Logger  // default: discard
	CommitTimeout  time.Duration // longest wait for a place at the intake; default 10 s
	// Enrol, if set, judges claims and renewals of boxes' certificates [P-11], which
	// are then subscribed to as well: see Registry.
	Enrol func(ctx context.Context, topic string, packet []byte) (answerTopic string, answer []byte)
}

// Validate explains what is wrong with c.
func (c *ConsumerConfig) Validate() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return fmt.Errorf("broker: url: %w", err)
	case u.Scheme != "tcp" && u.Scheme != "tls":
		return fmt.Errorf("broker: url: scheme %q, allowed tcp and tls", u.Scheme)
	case u.Port() == "":
		return fmt.Errorf("broker: url: no port in %q", u.Host)
	}
	for _, s := range c.Shards {
		if s.From > s.To {
			return fmt.Errorf("broker: shards: %02x-%02x runs backwards", s.From, s.To)
		}
	}
	return nil
}

// filters lists what to subscribe to.
func (c *ConsumerConfig) filters() []string {
	if c.Enrol != nil {
		return append(c.uploads(), "e1/+/+")
	}
	return c.uploads()
}

func (c *ConsumerConfig) uploads() []string {
	if len(c.Shards) == 0 {
		return []string{"u1/+/+/+"}
	}
	var all []string
	for _, s := range c.Shards {
		if s == (ShardRange{0, 255}) {
			return []string{"u1/+/+/+"}
		}
		for shard := int(s.From); shard <= int(s.To); shard++ {
			all = append(all, fmt.Sprintf("u1/+/%02x/+", shard))
		}
	}
	return all
}

// ConsumerStats counts since the start.
type ConsumerStats struct {
	Connects  atomic.Uint64 // of the consuming client
	Losses    atomic.Uint64 // its connections lost
	Failures  atomic.Uint64 // of either client to connect
	Uploads   atomic.Uint64 // packets handed to the intake
	NotStored atomic.Uint64 // of these, not taken by the ledger
	Overrun   atomic.Uint64 // packets dropped because too many were under way
	Acks      atomic.Uint64 // published
	AcksLost  atomic.Uint64 // dropped; costs a repeat each
}

// Consumer takes uploads from a broker that stands elsewhere. It uses two
// connections, one to consume and one for acks, and connects again by itself.
//
// Packets are PUBACKed in the order of their arrival, when their commit has
// been tried. One that the ledger did not take is PUBACKed too, after a busy
// ack: MQTT 3.1.1 has no other way to go on reading behind a broker's window,
// and the box still has it.
type Consumer struct {
	config ConsumerConfig
	to     Receiver
	in     mqtt.Client
	out    mqtt.Client
	stats  ConsumerStats
	ready  atomic.Bool

	arrived chan mqtt.Message
	flying  chan flight
	acks    chan ack
	done    chan struct{}
	wg      sync.WaitGroup
	once    sync.Once

	mu     sync.Mutex // guards what follows
	said   string     // the failure that was logged last
	again  time.Time  // when it may be logged again
	hidden int        // failures since that were not logged
}

// flight is a packet at the intake.
type flight struct {
	msg  mqtt.Message
	wait func() (string, []byte, error)
}

type ack struct {
	topic  string
	packet []byte
}

const (
	// maxArrived exceeds every broker's window: packet identifiers have 16
	// bits. So the client's receive path never waits for us.
	maxArrived = 1 << 16
	maxFlying  = 4096
	maxAcks    = 1 << 14
)

// Consume starts to connect and consume, and returns at once. Close it before
// the receiver.
func Consume(c ConsumerConfig, to Receiver) (*Consumer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.ClientID == "" {
		c.ClientID = "aggregator-" + strings.ToLower(rand.Text()[:8])
	}
	if err := checkClientID(c.ClientID); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if c.MaxReconnect <= 0 {
		c.MaxReconnect = 10 * time.Second
	}
	if c.CommitTimeout <= 0 {
		c.CommitTimeout = 10 * time.Second
	}
	if c.NowMs == nil {
		c.NowMs = func() int64 { return time.Now().UnixMilli() }
	}
	c.Logger = orDiscard(c.Logger)
	k := &Consumer{
		config:  c,
		to:      to,
		arrived: make(chan mqtt.Message, maxArrived),
		flying:  make(chan flight, maxFlying),
		acks:    make(chan ack, maxAcks),
		done:    make(chan struct{}),
	}
	k.in = mqtt.NewClient(k.options("-in").
		SetAutoAckDisabled(true).
		SetDefaultPublishHandler(k.push).
		SetOnConnectHandler(k.subscribe).
		SetConnectionLostHandler(k.lost))
	k.out = mqtt.NewClient(k.options("-out"))
	k.wg.Go(k.submit)
	k.wg.Go(k.settle)
	k.wg.Go(k.publish)
	k.out.Connect()
	k.in.Connect()
	return k, nil
}

func (k *Consumer) options(suffix string) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().
		AddBroker(k.config.URL).
		SetClientID(k.config.ClientID + suffix).
		SetUsername(k.config.User).
		SetPassword(k.config.Password).
		SetTLSConfig(k.config.TLS).
		SetConnectionNotificationHandler(k.failed).
		SetProtocolVersion(4).
		SetCleanSession(true). // what is not acknowledged comes again from the box
		SetOrderMatters(true).
		SetStore(noStore{}).
		SetAutoReconnect(true).
		SetMaxReconnectInterval(k.config.MaxReconnect).
		SetConnectRetry(true).
		SetConnectRetryInterval(min(k.config.MaxReconnect, time.Second)).
		SetConnectTimeout(10 * time.Second).
		SetKeepAlive(30 * time.Second).
		SetWriteTimeout(30 * time.Second)
}

// Stats returns the live counters.
func (k *Consumer) Stats() *ConsumerStats { return &k.stats }

// Ready reports whether all subscriptions are granted and acks can be sent.
func (k *Consumer) Ready() bool { return k.ready.Load() && k.out.IsConnectionOpen() }

// push must never wait: it runs in the client's receive path.
func (k *Consumer) push(_ mqtt.Client, m mqtt.Message) {
	select {
	case k.arrived <- m:
	default:
		k.stats.Overrun.Add(1)
	}
}

// subscribe runs at every connect, in a goroutine of its own.
func (k *Consumer) subscribe(c mqtt.Client) {
	k.stats.Connects.Add(1)
	for _, filter := range k.config.filters() {
		token := c.Subscribe(filter, 1, nil)
		token.Wait()
		err := token.Error()
		if err == nil && token.(*mqtt.SubscribeToken).Result()[filter] > 1 {
			err = errors.New("refused by the broker")
		}
		if err != nil {
			k.config.Logger.Error("cannot subscribe", "filter", filter, "error", err)
			return
		}
	}
	k.ready.Store(true)
	k.config.Logger.Info("consuming", "broker", k.config.URL)
}

func (k *Consumer) lost(_ mqtt.Client, err error) {
	k.ready.Store(false)
	k.stats.Losses.Add(1)
	k.config.Logger.Warn("connection to the broker lost", "broker", k.config.URL, "error", err)
}

// sayAgain is how long a failure to connect that repeats itself stays unlogged.
const sayAgain = time.Minute

// failed tells why a try to connect failed: the client goes on trying and says
// nothing itself.
func (k *Consumer) failed(_ mqtt.Client, n mqtt.ConnectionNotification) {
	failure, ok := n.(mqtt.ConnectionNotificationFailed)
	if !ok {
		return
	}
	k.stats.Failures.Add(1)
	why, now := failure.Reason.Error(), time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if why == k.said && now.Before(k.again) {
		k.hidden++
		return
	}
	k.config.Logger.Warn("no connection to the broker", "broker", k.config.URL, "error", why, "hidden", k.hidden)
	k.said, k.again, k.hidden = why, now.Add(sayAgain), 0
}

// submit hands packets to the intake in the order of their arrival.
func (k *Consumer) submit() {
	defer close(k.flying)
	for {
		select {
		case <-k.done:
			return
		case m := <-k.arrived:
			if k.config.Enrol != nil && strings.HasPrefix(m.Topic(), "e1/") {
				k.flying <- flight{m, k.enrol(m)}
				continue
			}
			k.stats.Uploads.Add(1)
			ctx, cancel := context.WithTimeout(context.Background(), k.config.CommitTimeout)
			wait := k.to.Submit(ctx, m.Topic(), m.Payload(), k.config.NowMs())
			cancel()
			k.flying <- flight{m, wait}
		}
	}
}

// enrol judges a claim beside the commits, whose order it does not matter to.
func (k *Consumer) enrol(m mqtt.Message) (wait func() (string, []byte, error)) {
	type answer struct {
		topic  string
		packet []byte
	}
	done := make(chan answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), k.config.CommitTimeout)
		defer cancel()
		topic, packet := k.config.Enrol(ctx, m.Topic(), m.Payload())
		done <- answer{topic, packet}
	}()
	return func() (string, []byte, error) {
		a := <-done
		return a.topic, a.packet, nil
	}
}

// settle waits for the commits in the same order, then PUBACK, then ack [S6].
func (k *Consumer) settle() {
	defer close(k.acks)
	for f := range k.flying {
		topic, packet, err := f.wait()
		if err != nil {
			k.stats.NotStored.Add(1)
		}
		f.msg.Ack()
		if topic == "" {
			continue
		}
		select {
		case k.acks <- ack{topic, packet}:
		default:
			k.stats.AcksLost.Add(1)
		}
	}
}

// publish sends acks on the second connection.
func (k *Consumer) publish() {
	for a := range k.acks {
		if !k.out.IsConnectionOpen() {
			k.stats.AcksLost.Add(1)
			continue
		}
		k.out.Publish(a.topic, 0, false, a.packet)
		k.stats.Acks.Add(1)
	}
}

// Publish sends payload on topic over the second connection and waits until the
// broker has it: profiles and commands.
func (k *Consumer) Publish(topic string, payload []byte, retain bool) error {
	if !k.out.IsConnectionOpen() {
		return errors.New("no connection to the broker " + k.config.URL)
	}
	token := k.out.Publish(topic, 1, retain, payload)
	if !token.WaitTimeout(publishWithin) {
		return errors.New("the broker " + k.config.URL + " does not answer")
	}
	return token.Error()
}

// publishWithin bounds how long Publish waits.
const publishWithin = 5 * time.Second

// Close stops consuming, waits for the packets that are at the receiver and
// answers them.
func (k *Consumer) Close() error {
	k.once.Do(func() {
		close(k.done)
		k.wg.Wait()
		k.ready.Store(false)
		k.in.Disconnect(100)
		k.out.Disconnect(100)
	})
	return nil
}

// noStore keeps nothing for the client: what matters is kept by the boxes.
type noStore struct{}

func (noStore) Open()                             {}
func (noStore) Put(string, packets.ControlPacket) {}
func (noStore) Get(string) packets.ControlPacket  { return nil }
func (noStore) All() []string                     { return nil }
func (noStore) Del(string)                        {}
func (noStore) Close()                            {}
func (noStore) Reset()                            {}
