package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/aggregator"
	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/closing"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger/sqlite"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/protocol"
)

// platform is the whole centre as `aggregator serve` wires it, without its
// pages.
type platform struct {
	ledger  *sqlite.Ledger
	store   *duckdb.Store
	broker  *broker.Embedded
	loader  *loader.Loader
	closing *closing.Closing
	loaded  chan int // events of each block, as it is loaded
}

func newPlatform(b *testing.B) *platform {
	b.Helper()
	p := &platform{loaded: make(chan int, 1<<16)}
	var err error
	if p.ledger, err = sqlite.Open(b.TempDir()); err != nil {
		b.Fatal(err)
	}
	if p.store, err = duckdb.Open(filepath.Join(b.TempDir(), "store.duckdb"), duckdb.Options{}); err != nil {
		b.Fatal(err)
	}
	in := intake.New(p.ledger, intake.Config{})
	if p.broker, err = broker.New(broker.Config{Listen: "127.0.0.1:0"}, in); err != nil {
		b.Fatal(err)
	}
	p.loader = loader.New(loader.Config{Source: p.ledger, Target: p.store, Secrets: aggregator.NewSecrets(),
		Loaded: func(g loader.Progress) { p.loaded <- g.Events }})
	p.closing = closing.New(closing.Config{Store: p.store})
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = p.loader.Run(ctx) })  // ends with ctx's error
	parts.Go(func() { _ = p.closing.Run(ctx) }) // likewise
	b.Cleanup(func() {
		if err := p.broker.Close(); err != nil {
			b.Error(err)
		}
		if err := in.Close(); err != nil {
			b.Error(err)
		}
		stop()
		parts.Wait()
		if err := p.store.Shutdown(); err != nil {
			b.Error(err)
		}
		if err := p.ledger.Close(); err != nil {
			b.Error(err)
		}
	})
	return p
}

// sender is one box's connection.
type sender struct {
	client mqtt.Client
	topic  string
	acks   chan protocol.Ack
}

func (p *platform) connect(b *testing.B, topic string) *sender {
	b.Helper()
	route, err := protocol.ParseUpTopic(topic)
	if err != nil {
		b.Fatal(err)
	}
	s := &sender{topic: topic, acks: make(chan protocol.Ack, 64)}
	address := url.URL{Scheme: "tcp", Host: p.broker.Addr()}
	s.client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(address.String()).
		SetClientID(protocol.ClientID(route.Box, 1)).SetUsername(route.Box).SetProtocolVersion(4).
		SetAutoReconnect(false).SetCleanSession(true))
	b.Cleanup(func() { s.client.Disconnect(0) })
	var d protocol.Decoder
	onAck := func(_ mqtt.Client, m mqtt.Message) {
		if a, err := d.Ack(m.Payload()); err == nil {
			s.acks <- a
		}
	}
	for _, t := range []func() mqtt.Token{
		s.client.Connect,
		func() mqtt.Token {
			return s.client.Subscribe(protocol.AckTopic(route.Province, route.Box), 0, onAck)
		},
	} {
		if tok := t(); !tok.WaitTimeout(20*time.Second) || tok.Error() != nil {
			b.Fatal("connect:", tok.Error())
		}
	}
	return s
}

// send sends packets with up to window under way and reports how long each took
// from publishing to its ack.
func (s *sender) send(packets [][]byte, window int, took func(time.Duration)) error {
	starts := make([]time.Time, 0, len(packets))
	for done := 0; done < len(packets); {
		for len(starts) < len(packets) && len(starts)-done < window {
			starts = append(starts, time.Now())
			s.client.Publish(s.topic, 1, false, packets[len(starts)-1])
		}
		select {
		case a := <-s.acks:
			if a.Code != protocol.AckOK {
				return fmt.Errorf("ack %+v", a)
			}
			took(time.Since(starts[done]))
			done++
		case <-time.After(time.Minute):
			return fmt.Errorf("no ack for a minute, %d of %d acknowledged", done, len(packets))
		}
	}
	return nil
}
