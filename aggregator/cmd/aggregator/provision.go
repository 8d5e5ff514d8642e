package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/provision"
	"iptvdc/aggregator/settings"
)

// provisionDir holds the registry of boxes' certificates, and the own authority.
const provisionDir = "provision"

// Certificates of boxes: what is asked of those that come.
const (
	certsOff      = "off"      // none are given or taken
	certsOptional = "optional" // who has one comes with it, others as ever
	certsRequired = "required" // nobody comes without
)

// certificates is what holds: as configured, else optional where boxes come over TLS.
func (c *Config) certificates() string {
	switch m := &c.MQTT; {
	case m.Certificates != "":
		return m.Certificates
	case m.TLSListen != "":
		return certsOptional
	}
	return certsOff
}

// checkTLS explains what is wrong with the settings of boxes' certificates, each
// problem with its key.
func (c *Config) checkTLS(bad func(name, format string, args ...any)) {
	m := &c.MQTT
	if m.Certificates != "" && !slices.Contains([]string{certsOff, certsOptional, certsRequired}, m.Certificates) {
		bad("mqtt.certificates", "%q, allowed off, optional, required", m.Certificates)
	}
	if m.TLSListen == "" && m.Broker == "" && c.certificates() != certsOff {
		bad("mqtt.certificates", "%q, but boxes do not come over TLS; set mqtt.tls_listen", m.Certificates)
	}
	if m.Broker != "" && (m.TLSListen != "" || m.Certificates == certsRequired) {
		bad("mqtt.tls_listen", "the broker stands elsewhere, and itself asks boxes for certificates; leave tls_listen out, and certificates off or optional")
	}
	if m.TLSListen != "" && m.TLSCert == "" {
		if err := provision.CheckNames(c.tlsNames()); err != nil {
			bad("mqtt.tls_names", "%v", err)
		}
	}
	if (m.TLSCert == "") != (m.TLSKey == "") {
		bad("mqtt.tls_cert", "tls_cert and tls_key belong together")
	}
	if (m.CACert == "") != (m.CAKey == "") {
		bad("mqtt.ca_cert", "ca_cert and ca_key belong together")
	}
	if m.CertificateDays < 1 || m.CertificateDays > 3650 {
		bad("mqtt.certificate_days", "%d, allowed 1 to 3650", m.CertificateDays)
	}
}

// tlsNames are the names and addresses by which boxes call the broker.
func (c *Config) tlsNames() []string {
	return strings.FieldsFunc(c.MQTT.TLSNames, func(r rune) bool { return r == ',' || r == ' ' })
}

// authority is the operator's, or the own one, which is made at the first use.
func (c *Config) authority(dir string) (*provision.Authority, error) {
	if c.MQTT.CACert != "" {
		return provision.LoadAuthority(c.MQTT.CACert, c.MQTT.CAKey)
	}
	return provision.OwnAuthority(dir, time.Now())
}

// openProvision opens the registry of boxes.
func (p *Platform) openProvision(ctx context.Context) (err error) {
	log := p.log.With("part", "provision")
	c := provision.Config{
		Dir: p.dir.file(provisionDir), Life: time.Duration(p.config.MQTT.CertificateDays) * 24 * time.Hour, Log: log,
		Required: p.config.certificates() == certsRequired,
		Noted: func(what, box, detail string) {
			if err := p.settings.Note(context.WithoutCancel(ctx), settings.OfMachine(), what, "", "box="+box+" "+detail); err != nil {
				log.Error("the audit log lacks a line", "what", what, "box", box, "error", err)
			}
		},
		Changed: func(boxes []string) {
			if b := p.doors.Load(); b != nil {
				if n := b.Recheck(boxes); n > 0 {
					log.Info("connections of revoked or replaced certificates are cut", "connections", n)
				}
			}
		},
	}
	if err := makeFolder(c.Dir); err != nil {
		return err
	}
	if p.config.certificates() != certsOff {
		if c.Authority, err = p.config.authority(c.Dir); err != nil {
			return err
		}
		if left := time.Until(c.Authority.Until()); left < 2*c.Life {
			log.Warn("the authority ends soon; boxes need another in their images before it does", "authority", c.Authority.Name(), "until", c.Authority.Until().Format(time.DateOnly))
		}
	}
	if p.registry, err = provision.Open(ctx, c); err != nil {
		return err
	}
	p.later(p.registry.Close)
	return nil
}

// serverTLS is for the broker's TLS listener; nil: there is none.
func (p *Platform) serverTLS() (*tls.Config, error) {
	m := &p.config.MQTT
	if m.TLSListen == "" {
		return nil, nil
	}
	var pair *tls.Certificate
	if m.TLSCert != "" {
		c, err := tls.LoadX509KeyPair(m.TLSCert, m.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("mqtt.tls_cert: %w", err)
		}
		pair = &c
	}
	a, err := p.config.authority(p.dir.file(provisionDir))
	if err != nil {
		return nil, err
	}
	return a.ServerTLS(pair, p.config.tlsNames(), time.Now)
}

// enrol takes claims that came over a broker that stands elsewhere; nil: none are.
func (p *Platform) enrol() func(context.Context, string, []byte) (string, []byte) {
	if p.config.certificates() == certsOff {
		return nil
	}
	return func(ctx context.Context, topic string, packet []byte) (string, []byte) {
		return p.registry.Enrol(ctx, topic, packet, "", "")
	}
}

// doors is the embedded broker once it stands: the registry may have something to say
// to it while it starts.
type doors = atomic.Pointer[broker.Embedded]

func (c *partsCollector) provision(tell teller) {
	r := c.p.registry
	s := r.Stats()
	for word, n := range s.Claims.All() {
		tell("iptv_claims_total", float64(n), word)
	}
	for word, n := range s.Turned.All() {
		tell("iptv_boxes_turned_away_total", float64(n), word)
	}
	for word, n := range s.Suspects.All() {
		tell("iptv_clone_signs_total", float64(n), word)
	}
	tell("iptv_boxes_revoked", float64(r.Revoked()))
	if a := r.Authority(); a != nil {
		tell("iptv_authority_end_timestamp_seconds", float64(a.Until().Unix()))
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	if n, err := r.Ending(ctx); err == nil { // else it is counted below
		tell("iptv_boxes_ending", float64(n))
	}
	tell("iptv_provision_failures_total", float64(s.Failures.Load()))
	if b := c.p.embedded; b != nil {
		tell("iptv_broker_cut_total", float64(b.Stats().Cut.Load()))
	}
}

// onRegistry opens the registry of a data folder that must be there, beside a running
// aggregator or without one.
func onRegistry(ctx context.Context, data, config string, withAuthority bool, f func(*provision.Registry, *provision.Authority) error) (err error) {
	dir, err := registryFolder(data)
	if err != nil {
		return err
	}
	c := provision.Config{Dir: dir, Log: slog.New(slog.DiscardHandler)}
	if withAuthority {
		conf, err := LoadConfig(config, lookupEnv)
		if err != nil {
			return err
		}
		if c.Authority, err = conf.authority(dir); err != nil {
			return err
		}
	}
	r, err := provision.Open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(forPeople(f(r, c.Authority)), r.Close())
}

// claims is the registry as the console shows it.
type claims struct{ r *provision.Registry }

// Refusals implements console.Claims.
func (c claims) Refusals(ctx context.Context, limit int) ([]console.ClaimRefusal, error) {
	rows, err := c.r.Refusals(ctx, limit)
	all := make([]console.ClaimRefusal, len(rows))
	for n, f := range rows {
		all[n] = console.ClaimRefusal{Box: f.Box, Serial: f.Serial, Claim: f.Claim, Reason: f.Reason, Detail: f.Detail, From: f.Place, Times: f.N,
			First: indicator.Moment(f.First.UnixMilli()), Last: indicator.Moment(f.Last.UnixMilli())}
	}
	return all, err
}

// Suspects implements console.Claims.
func (c claims) Suspects(ctx context.Context, limit int) ([]console.BoxSuspect, error) {
	rows, err := c.r.Suspects(ctx, limit)
	all := make([]console.BoxSuspect, len(rows))
	for n, s := range rows {
		all[n] = console.BoxSuspect{Box: s.Box, Sign: s.Kind, Detail: s.Detail, Times: s.N,
			First: indicator.Moment(s.First.UnixMilli()), Last: indicator.Moment(s.Last.UnixMilli())}
	}
	return all, err
}
