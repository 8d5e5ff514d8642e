package firmware

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"iptvdc/protocol"
)

// Conf is an agent.conf: settings of `stbagent run`, a line NAME=value each,
// which shells, systemd and mkimage read alike: without quotes or spaces.
type Conf struct {
	settings []setting
}

type setting struct {
	name, value string
	line        int
}

// prefix is how the agent's variables begin.
const prefix = "STBAGENT_"

// safe is what a value may consist of; nothing a shell would see anything in.
var safe = regexp.MustCompile(`^[A-Za-z0-9_./:,@%+=\[\]-]+$`)

// perBox are settings that one box has: an image is for all.
var perBox = []string{"BOX", "ACCOUNT", "STBID", "MAC", "TOKEN", "CERT", "KEY", "SERIAL"}

// kinds says of each setting that an image may hold what its value is.
// The test of the programs holds it against `stbagent run -h`.
var kinds = map[string]func(string) error{
	"DATA": pathValue, "CA": pathValue, "IDENTITY": pathValue, "PROFILE_KEYS": pathValue,
	"BROKER": brokers, "CLAIM": claim, "PROVINCE": digits(2), "CITY": digits(4), "LISTEN": loopback,
	"MODEL": anything, "FIRMWARE": anything, "PROFILE_GROUP": anything, "ORIGIN": origins, "HOST": anything,
	"SOCKET": socket, "SOCKET_UID": numbers, "SOCKET_GID": numbers,
	"PAGE_RATE": number, "NATIVE_RATE": number, "NATIVE_BYTES": number, "QUOTA": number, "BATCH": number, "WINDOW": number,
	"GROUP": duration, "ALIVE": duration, "FIRST_SPREAD": duration, "LOSS_SPREAD": duration, "BACKOFF_MIN": duration,
	"BACKOFF_MAX": duration, "RESET_AFTER": duration, "RETRY": duration, "RETRY_MAX": duration, "BATCH_AGE": duration,
	"BATCH_RIDE": duration, "KEEPALIVE": duration, "HEALTH_EVERY": duration,
	"UPDATE_KEYS": pathValue, "UPDATE_URL": mirrors, "UPDATE_HOURS": hours, "UPDATE_RATE": number, "UPDATE_EVERY": duration, "UPDATE_GOOD": duration, "UPDATE_SILENT": duration,
	"LOG": oneOf("debug", "info", "warn", "error"), "METRICS": oneOf("true", "false"),
}

// Settings lists what an image may set and what only a box may, without prefix.
func Settings() (image, box []string) {
	for name := range kinds {
		image = append(image, name)
	}
	slices.Sort(image)
	return image, slices.Clone(perBox)
}

// ReadConf reads the text of an agent.conf; errors begin with file:line and say
// what is allowed. The whole is refused if any of it is wrong.
func ReadConf(file string, text []byte) (*Conf, error) {
	c := new(Conf)
	n := 0
	for raw := range bytes.Lines(text) {
		n++
		wrong := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %s", file, n, fmt.Sprintf(format, args...))
		}
		line := strings.TrimRight(string(raw), "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		short, ours := strings.CutPrefix(name, prefix)
		if !ok || !ours {
			return nil, wrong("%q is no setting; write %sNAME=value, comments begin with #", line, prefix)
		}
		if slices.Contains(perBox, short) {
			return nil, wrong("%s belongs to one box; an image is for all of them", name)
		}
		check, known := kinds[short]
		if !known {
			return nil, wrong("%s: the agent has no such setting; near it: %s", name, prefix+nearest(short))
		}
		if !safe.MatchString(value) {
			return nil, wrong("%s: %q; a value has no quotes, spaces or empty text", name, value)
		}
		if err := check(value); err != nil {
			return nil, wrong("%s: %v", name, err)
		}
		if c.Get(short) != "" {
			return nil, wrong("%s stands here twice", name)
		}
		c.settings = append(c.settings, setting{name, value, n})
	}
	return c, nil
}

// Get returns a setting by its name without prefix; "": not set.
func (c *Conf) Get(name string) string {
	for _, s := range c.settings {
		if s.name == prefix+name {
			return s.value
		}
	}
	return ""
}

// Complete gives what is left out the value that the target wants, and refuses
// what an agent could not start with.
func (c *Conf) Complete(file string, t *Target, ca string) error {
	for _, need := range []struct{ name, example string }{
		{"BROKER", "tls://10.1.2.3:8883"}, {"PROVINCE", "33"}, {"CITY", "3301"},
	} {
		if c.Get(need.name) == "" {
			return fmt.Errorf("%s: %s%s is missing; write %[2]s%[3]s=%s", file, prefix, need.name, need.example)
		}
	}
	if !strings.HasPrefix(c.Get("CITY"), c.Get("PROVINCE")) {
		return fmt.Errorf("%s: %sCITY=%s does not lie in province %s", file, prefix, c.Get("CITY"), c.Get("PROVINCE"))
	}
	for _, d := range [][2]string{{"DATA", t.Data.Folder}, {"CA", ca}} {
		switch had := c.Get(d[0]); {
		case d[1] == "" || had == d[1]:
		case had != "":
			return fmt.Errorf("%s: %s%s=%s; on %s it is %s", file, prefix, d[0], had, t.Name, d[1])
		default:
			c.settings = append(c.settings, setting{prefix + d[0], d[1], 0})
		}
	}
	if c.Get("CLAIM") != "" && !strings.Contains(c.Get("BROKER"), "tls://") {
		return fmt.Errorf("%s: %sCLAIM is set, but no broker is tls://; certificates are claimed over nothing else", file, prefix)
	}
	if c.Get("CA") == "" && strings.Contains(c.Get("BROKER"), "tls://") {
		return fmt.Errorf("%s: %sBROKER is tls, but nothing says whom to trust; give --ca FILE", file, prefix)
	}
	return nil
}

// SetClaim sets the claim credential, the text of a file that aggregator claim new has
// printed.
func (c *Conf) SetClaim(file string, text []byte) error {
	value := strings.TrimSpace(string(text))
	if err := claim(value); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if had := c.Get("CLAIM"); had != "" && had != value {
		return fmt.Errorf("%s: the configuration has another %sCLAIM; keep one", file, prefix)
	} else if had == "" {
		c.settings = append(c.settings, setting{prefix + "CLAIM", value, 0})
	}
	return nil
}

// Claim is the id of the claim credential, without its secret; "": none is set.
func (c *Conf) Claim() string {
	id, _, _ := strings.Cut(c.Get("CLAIM"), ".")
	return id
}

// Each calls f for every setting, sorted by name, with the full name.
func (c *Conf) Each(f func(name, value string)) {
	sorted := slices.SortedFunc(slices.Values(c.settings), func(a, b setting) int { return strings.Compare(a.name, b.name) })
	for _, s := range sorted {
		f(s.name, s.value)
	}
}

// Text is the file as a box gets it: sorted, without comments.
func (c *Conf) Text() []byte {
	var b bytes.Buffer
	b.WriteString("# Made by mkimage; see agent.conf of the image's sources.\n")
	c.Each(func(name, value string) { fmt.Fprintf(&b, "%s=%s\n", name, value) })
	return b.Bytes()
}

func anything(string) error { return nil }

// claim keeps the secret out of the error.
func claim(v string) error {
	_, err := protocol.ParseCredential(v)
	return err
}

func pathValue(v string) error {
	if v[0] != '/' {
		return fmt.Errorf("%q; want a path from the root", v)
	}
	return nil
}

func socket(v string) error {
	if v == "none" {
		return nil
	}
	return pathValue(v)
}

func digits(n int) func(string) error {
	return func(v string) error {
		if _, err := strconv.ParseUint(v, 10, 32); err != nil || len(v) != n || v[0] == '0' {
			return fmt.Errorf("%q; want %d digits", v, n)
		}
		return nil
	}
}

func number(v string) error {
	if n, err := strconv.ParseUint(v, 10, 31); err != nil || n == 0 {
		return fmt.Errorf("%q; want a whole number above 0", v)
	}
	return nil
}

func numbers(v string) error {
	for part := range strings.SplitSeq(v, ",") {
		if _, err := strconv.ParseUint(part, 10, 31); err != nil {
			return fmt.Errorf("%q; want numbers with commas between", v)
		}
	}
	return nil
}

func duration(v string) error {
	if d, err := time.ParseDuration(v); err != nil || d < 0 {
		return fmt.Errorf("%q; want a time as 250ms, 30s, 15m", v)
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(words, v) {
			return fmt.Errorf("%q; allowed: %s", v, strings.Join(words, ", "))
		}
		return nil
	}
}

func brokers(v string) error {
	for part := range strings.SplitSeq(v, ",") {
		u, err := url.Parse(part)
		if err != nil || u.Host == "" || u.Scheme != "tcp" && u.Scheme != "tls" || u.User != nil {
			return fmt.Errorf("%q; want tcp://host:port or tls://host:port, with commas between", part)
		}
	}
	return nil
}

func origins(v string) error {
	for part := range strings.SplitSeq(v, ",") {
		if u, err := url.Parse(part); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%q; want http://host:port, with commas between", part)
		}
	}
	return nil
}

func loopback(v string) error {
	host, _, err := net.SplitHostPort(v)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q; want a loopback address as 127.0.0.1:7780", v)
	}
	return nil
}

// nearest is the known setting that most resembles name: what was meant.
func nearest(name string) (best string) {
	image, _ := Settings()
	least := 1 << 30
	for _, k := range image {
		if d := distance(name, k); d < least {
			least, best = d, k
		}
	}
	return best
}

// distance is how many letters must be put in, left out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// Update has boxes believe updates that the keys in a file on the box have signed. It
// refuses settings with which they could not take any.
func (c *Conf) Update(file string, t *Target, keys string) error {
	switch had := c.Get("UPDATE_KEYS"); {
	case keys == "" && had == "":
		return nil
	case t.Init == "android":
		return fmt.Errorf("%s: the agent of %s is updated with the image: Android lets no program start from the data partition; leave update keys out", file, t.Name)
	case keys != "" && had != "" && had != keys:
		return fmt.Errorf("%s: %sUPDATE_KEYS=%s; with --update-keys it is %s", file, prefix, had, keys)
	case c.Get("UPDATE_URL") == "":
		return fmt.Errorf("%s: %sUPDATE_URL is missing, where boxes ask for updates; write %[2]sUPDATE_URL=http://10.1.2.3:8090", file, prefix)
	case had == "":
		c.settings = append(c.settings, setting{prefix + "UPDATE_KEYS", keys, 0})
	}
	return nil
}

// CheckKeys reports what is wrong with a file of public keys: lines "<id> <base64>".
func CheckKeys(text []byte) error {
	n := 0
	for line := range strings.Lines(string(text)) {
		field := strings.Fields(line)
		if len(field) == 0 || strings.HasPrefix(field[0], "#") {
			continue
		}
		n++
		if len(field) != 2 {
			return fmt.Errorf("%q; want ID KEY, as aggregator update keygen prints", strings.TrimSpace(line))
		}
		if _, err := strconv.ParseUint(field[0], 10, 53); err != nil {
			return fmt.Errorf("%q is no number of a key", field[0])
		}
		if key, err := base64.StdEncoding.DecodeString(field[1]); err != nil || len(key) != 32 {
			return fmt.Errorf("key %s is no public key: 32 bytes in base64", field[0])
		}
	}
	if n < 1 || n > 2 || bytes.Contains(text, []byte("private key")) {
		return fmt.Errorf("want one or two public keys and no private one, there are %d", n)
	}
	return nil
}

func mirrors(v string) error {
	for part := range strings.SplitSeq(v, ",") {
		if u, err := url.Parse(part); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
			return fmt.Errorf("%q; want http://host:port or https://host:port, with commas between", part)
		}
	}
	return nil
}

func hours(v string) error {
	if v == "all" {
		return nil
	}
	from, to, _ := strings.Cut(v, "-")
	for _, at := range []string{from, to} {
		if _, err := time.Parse("15:04", at); err != nil || len(at) != 5 {
			return fmt.Errorf("%q; want HH:MM-HH:MM, as 02:00-05:00, or all", v)
		}
	}
	if from == to {
		return fmt.Errorf("%q begins and ends at the same time; write all", v)
	}
	return nil
}
