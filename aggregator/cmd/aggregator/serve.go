package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
)

// Serve runs the aggregator until ctx ends. It prints to out where everything
// is, once all doors are open.
func Serve(ctx context.Context, c Config, out io.Writer, log *slog.Logger) error {
	p, err := Open(ctx, c, log)
	if err != nil {
		return err
	}
	if err := p.announce(ctx, out); err != nil {
		return errors.Join(err, p.unwind())
	}
	return p.Run(ctx)
}

// announce prints the addresses with a fresh one-time link, and notes the
// page's for the link command.
func (p *Platform) announce(ctx context.Context, out io.Writer) error {
	key, err := p.settings.NewLink(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.dir.file(pageFile), []byte(p.PageURL()+"\n"), 0o600); err != nil {
		return err
	}
	p.greeting(out, key)
	p.log.Info("started", "version", version, "page", p.PageURL(), "boxes", p.BrokerURL(), "broker", p.config.MQTT.Broker, "data", p.dir.path)
	return nil
}

// reachable turns an address that is listened on into one that this machine
// can be reached by.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
