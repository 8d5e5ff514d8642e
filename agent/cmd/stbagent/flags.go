package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
)

func flags(name string, errw io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("stbagent "+name, flag.ContinueOnError)
	fs.SetOutput(errw)
	return fs
}

// parseFlags reports a wrong flag once, with the hint where help is.
func parseFlags(fs *flag.FlagSet, args []string) error {
	out := fs.Output()
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	fs.SetOutput(out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.Usage()
		return err
	case err != nil:
		return &usageError{err}
	case fs.NArg() > 0:
		return &usageError{fmt.Errorf("%q is no flag; flags begin with --", fs.Arg(0))}
	}
	return nil
}

// list is a flag that may be given several times, or with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}

// code is an administrative code of a given number of digits.
type code struct {
	digits int
	value  *uint32
}

func (c code) String() string {
	if c.value == nil || *c.value == 0 {
		return ""
	}
	return fmt.Sprint(*c.value)
}

func (c code) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || len(s) != c.digits || s[0] == '0' {
		example := "33 for Zhejiang"
		if c.digits == 4 {
			example = "3301 for Hangzhou"
		}
		return fmt.Errorf("must be %d digits, as %s", c.digits, example)
	}
	*c.value = uint32(n)
	return nil
}

// parse reads flags and, for what they leave out, the environment: flag
// --first-spread is STBAGENT_FIRST_SPREAD.
func parse(args []string, getenv func(string) string, errw io.Writer) (daemon.Config, error) {
	cfg, files, err := read(flags("run", errw), args, getenv)
	if err != nil {
		return cfg, err
	}
	if err := readUpdateKeys(files.updateKeys, &cfg); err != nil {
		return cfg, err
	}
	if err := cfg.Validate(); err != nil {
		return cfg, &usageError{err}
	}
	if err := readProfileKeys(files.profileKeys, &cfg); err != nil {
		return cfg, err
	}
	if cfg.TLS, err = trust(files.ca, files.cert, files.key); err != nil {
		return cfg, err
	}
	if err := cfg.Validate(); err != nil { // with what the files brought
		return cfg, &usageError{err}
	}
	return cfg, nil
}

// files are the paths of certificates and of the keys that sign profiles.
type files struct{ ca, cert, key, profileKeys, updateKeys string }

// read defines the flags of an agent on fs, which may have others, and reads
// them and the environment. What they say together is not checked yet.
func read(fs *flag.FlagSet, args []string, getenv func(string) string) (daemon.Config, files, error) {
	cfg := daemon.Config{Timing: uplink.DefaultTiming(), Version: versionText(), NotBefore: built()}
	var brokers, origins, hosts list
	var province uint32
	var f files
	var level string
	var local localFlags
	t := &cfg.Timing
	fs.StringVar(&cfg.Dir, "data", "", "the agent's own `folder`")
	fs.Var(&brokers, "broker", "broker's `URL`, tcp://host:port or tls://host:port; several are tried in turn")
	fs.Var(code{2, &province}, "province", "two digits of the province's `code`, as 33 for Zhejiang")
	fs.Var(code{4, &cfg.Identity.City}, "city", "four digits of the city's `code`, as 3301 for Hangzhou")
	fs.StringVar(&cfg.Listen, "listen", "127.0.0.1:7780", "loopback `address` for pages and middleware; empty: none")
	fs.StringVar(&cfg.Box, "box", "", "the box's `id`, 16 to 32 of 0-9 and a-z (default: the stored one, else from the hardware)")
	fs.StringVar(&cfg.Identity.Account, "account", "", "the subscriber's account")
	fs.StringVar(&cfg.Identity.STBID, "stbid", "", "the box's STBID")
	fs.StringVar(&cfg.Identity.MAC, "mac", "", "the box's MAC address (default: of its first network card)")
	fs.StringVar(&cfg.Identity.Model, "model", "", "the box's model")
	fs.StringVar(&cfg.Identity.Firmware, "firmware", "", "version of the box's firmware")
	fs.StringVar(&f.ca, "ca", "", "`file` with the certificates (PEM) that brokers are checked against (default: the system's)")
	fs.StringVar(&f.cert, "cert", "", "`file` with the box's certificate (PEM)")
	fs.StringVar(&f.key, "key", "", "`file` with the key of -cert")
	fs.StringVar(&cfg.Claim, "claim", "", "`credential` of the image by which the box claims its certificate, as aggregator claim new prints it; better given as STBAGENT_CLAIM")
	fs.StringVar(&cfg.IdentityDir, "identity", "", "`folder` of the box's key and certificate (default: that of -data); one that a factory reset leaves alone spares another claim")
	fs.StringVar(&cfg.Serial, "serial", "", "the board's `serial`, for -claim (default: from the hardware)")
	fs.StringVar(&cfg.Token, "token", "", "MQTT password; better given as STBAGENT_TOKEN than on the command line")
	fs.Var(&origins, "origin", "`origin` of pages that may post, as http://10.1.2.3:8080; may be repeated")
	fs.Var(&hosts, "host", "further `name` by which the endpoint is called")
	fs.IntVar(&cfg.API.PageRate, "page-rate", 20, "requests a second from pages")
	fs.IntVar(&cfg.API.NativeRate, "native-rate", 1000, "requests a second from programs")
	fs.IntVar(&cfg.API.NativeBytes, "native-bytes", 64<<10, "bytes in a request from a program")
	fs.Int64Var(&cfg.Outbox.MaxBytes, "quota", outbox.DefaultMaxBytes, "`bytes` of flash that events may take")
	fs.IntVar(&cfg.Outbox.BatchEvents, "batch", outbox.DefaultBatchEvents, "events that make a batch")
	fs.IntVar(&cfg.Window, "window", 4, "batches under way at a time, 1..4")
	fs.DurationVar(&cfg.Group, "group", 250*time.Millisecond, "how long an event may wait to share a commit")
	fs.DurationVar(&cfg.Alive, "alive", time.Minute, "least time between two marks that the box is on and plays, what a power cut may cost; 4m once many were written")
	fs.DurationVar(&t.FirstSpread, "first-spread", t.FirstSpread, "the first connect waits a random time up to this; lower it only in a factory or a test")
	fs.DurationVar(&t.LossSpread, "loss-spread", t.LossSpread, "as first-spread, after a lost connection")
	fs.DurationVar(&t.BackoffMin, "backoff-min", t.BackoffMin, "first wait between attempts, at most")
	fs.DurationVar(&t.BackoffMax, "backoff-max", t.BackoffMax, "longest wait between attempts")
	fs.DurationVar(&t.ResetAfter, "reset-after", t.ResetAfter, "connected so long, waits begin small again")
	fs.DurationVar(&t.Retry, "retry", t.Retry, "a batch without an answer is sent again after this, doubling")
	fs.DurationVar(&t.RetryMax, "retry-max", t.RetryMax, "longest wait between two sendings")
	fs.DurationVar(&t.SealAge, "batch-age", t.SealAge, "an unfinished batch is sent when so old")
	fs.DurationVar(&t.SealRide, "batch-ride", t.SealRide, "and when so old, with the next event")
	fs.DurationVar(&t.KeepAlive, "keepalive", t.KeepAlive, "MQTT keep-alive, +-20 % by box")
	keys := profileFlags(fs, &cfg)
	var up updateFlags
	up.define(fs)
	fs.StringVar(&level, "log", "info", "log `level`: debug, info, warn, error")
	local.define(fs, &cfg)
	if err := parseFlags(fs, args); err != nil {
		return cfg, f, err
	}
	if err := environment(fs, getenv); err != nil {
		return cfg, f, &usageError{err}
	}
	cfg.Brokers, cfg.Province = brokers, uint8(province)
	cfg.API.Origins, cfg.API.Hosts = origins, hosts
	var lv slog.Level
	if err := lv.UnmarshalText([]byte(level)); err != nil {
		return cfg, f, &usageError{fmt.Errorf("log: %q; allowed: debug, info, warn, error", level)}
	}
	cfg.Log = slog.New(slog.NewTextHandler(fs.Output(), &slog.HandlerOptions{Level: lv}))
	if err := local.take(&cfg); err != nil {
		return cfg, f, &usageError{err}
	}
	f.profileKeys = *keys
	if v := agentVersion(); v != unknownVersion {
		cfg.Update.Agent = v
	}
	if f.updateKeys = up.keys; f.updateKeys != "" {
		if err := up.take(&cfg, getenv); err != nil {
			return cfg, f, &usageError{err}
		}
	}
	return cfg, f, nil
}

// environment gives flags that were not set the value of their variable.
func environment(fs *flag.FlagSet, getenv func(string) string) error {
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	var first error
	fs.VisitAll(func(f *flag.Flag) {
		name := "STBAGENT_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := getenv(name); v != "" && !set[f.Name] && first == nil {
			if err := fs.Set(f.Name, v); err != nil {
				first = fmt.Errorf("%s=%q: %w", name, v, err)
			}
		}
	})
	return first
}

// trust reads the certificates; nil means the system's roots and none of ours.
func trust(ca, cert, key string) (*tls.Config, error) {
	if ca == "" && cert == "" && key == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s holds no certificate in PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("cert: -cert and -key belong together")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("cert: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// built is when this program's source was committed; zero if it is not known.
func built() time.Time {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range bi.Settings {
		if s.Key == "vcs.time" {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
