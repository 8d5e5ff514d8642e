package profiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"iptvdc/protocol"
)

// Compose makes a profile's payload of a file, YAML or JSON, that holds what
// P-8.3 names. Version and expiry are not the file's: they belong to a
// publication.
func Compose(text []byte, version uint64, expires time.Time) ([]byte, error) {
	fields := map[string]any{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&fields); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var more any
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document; put everything into one")
	}
	for _, name := range []string{"version", "expires_ms"} {
		if _, there := fields[name]; there {
			return nil, fmt.Errorf("%s: leave it out of the file; it is set when the profile is signed", name)
		}
	}
	fields["version"], fields["expires_ms"] = version, expires.UnixMilli()
	payload, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	p, err := protocol.ParseProfile(payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p) // fields in the order of P-8.3
}

// Command makes a command's payload.
func Command(do string, version uint64, expires time.Time) ([]byte, error) {
	payload, err := json.Marshal(protocol.Command{Version: version, ExpiresMs: uint64(expires.UnixMilli()), Do: do})
	if err != nil {
		return nil, err
	}
	_, err = protocol.ParseCommand(payload)
	return payload, err
}

// Sign makes the packet.
func (k Key) Sign(topic string, payload []byte) ([]byte, error) {
	return protocol.AppendSigned(nil, topic, k.ID, payload, k.Private)
}

// Explain says in lines what a profile means for a box.
func Explain(p *protocol.Profile) []string {
	var out []string
	add := func(name, format string, args ...any) {
		out = append(out, fmt.Sprintf("%-13s %s", name, fmt.Sprintf(format, args...)))
	}
	for _, line := range sampleLines(p.Sample) {
		add("sample", "%s", line)
	}
	number := func(name string, v *uint32, unit string) {
		if v != nil {
			add(name, unit, *v)
		}
	}
	number("commit", p.WindowMs, "an event waits up to %d ms for its commit")
	number("batch", p.BatchEvents, "%d events")
	number("batch age", p.BatchAgeS, "sent when %d s old")
	if p.HealthS != nil {
		add("health", "%s", healthLine(*p.HealthS))
	}
	for _, s := range p.Quiet {
		add("quiet", "%s to %s in Asia/Shanghai: only orders, power events and notices are sent", s.From, s.To)
	}
	switch p.Privacy {
	case protocol.PrivacyAnonymous:
		add("privacy", "account, STBID and MAC stay on the box; what was recorded before is still sent with them")
	case protocol.PrivacyFull:
		add("privacy", "account, STBID and MAC are told")
	}
	if p.Brokers != nil {
		add("brokers", "%s; those built in only after each has failed twice in a row", strings.Join(p.Brokers, ", "))
	}
	number("first connect", p.FirstSpreadS, "within %d s after the start")
	number("reconnect", p.ReconnectMin, "from %d s")
	number("reconnect", p.ReconnectMax, "up to %d s")
	number("keep-alive", p.KeepAliveS, "%d s, +-20 %% by box")
	number("in flight", p.InFlight, "%d batches")
	if p.Origins != nil {
		if len(*p.Origins) == 0 {
			add("origins", "no page may report")
		} else {
			add("origins", "pages of %s may report", strings.Join(*p.Origins, ", "))
		}
	}
	for i, t := range p.Triggers {
		add("trigger", "%d: after %d playback errors in %d s, for %d s:", i+1, t.Errors, t.WithinS, t.ForS)
		for _, line := range sampleLines(t.Sample) {
			add("", "  %s", line)
		}
		if t.Sample != nil && len(t.Sample) == 0 {
			add("", "  every kind is recorded")
		}
		if t.HealthS != nil {
			add("", "  %s", healthLine(*t.HealthS))
		}
	}
	if len(out) == 0 {
		add("nothing", "boxes do as they are built")
	}
	return out
}

func healthLine(s uint32) string {
	if s == 0 {
		return "no health events"
	}
	return fmt.Sprintf("a health event every %d s", s)
}

func sampleLines(s protocol.Sample) []string {
	var out []string
	for _, k := range protocol.Kinds() {
		if v, given := s[k.String()]; given {
			out = append(out, fmt.Sprintf("%s is recorded by %g %% of boxes", k, float64(v)/10))
		}
	}
	return out
}
