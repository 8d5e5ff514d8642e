package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
)

// Config is everything that can be set, in the order of precedence: flag,
// environment, file, default. Every key is optional.
type Config struct {
	// Data is the folder of everything that must survive: ledger, store,
	// settings, secrets. One aggregator at a time works on it.
	Data string `yaml:"data"`
	HTTP struct {
		// Listen is where the page and the API are; port 0 takes a free one.
		Listen string `yaml:"listen"`
		// TrustedProxies are addresses or ranges, with commas between them, whose
		// X-Forwarded-For and X-Forwarded-Proto are believed; "": nobody's.
		TrustedProxies string `yaml:"trusted_proxies"`
		// AnswerRows is the greatest number of rows in an answer of the query API: more
		// than a page shows, for programs that take whole tables.
		AnswerRows int `yaml:"answer_rows"`
	} `yaml:"http"`
	MQTT struct {
		// Listen is where boxes connect to the embedded broker.
		Listen string `yaml:"listen"`
		// Broker is the URL of an existing broker, or of several with commas
		// between them, as when provinces have their own; the embedded one then
		// stays off.
		Broker string `yaml:"broker"`
		// User and Password sign in at each Broker; PasswordFile names a file
		// that holds the password.
		User         string `yaml:"user"`
		Password     string `yaml:"password"`
		PasswordFile string `yaml:"password_file"`
		// Token, if set, is the MQTT password that boxes must show to the
		// embedded broker; TokenFile names a file that holds it.
		Token     string `yaml:"token"`
		TokenFile string `yaml:"token_file"`
		// TLSListen is where boxes connect over TLS; "": nowhere. Listen may then be
		// "none". TLSNames are the names and addresses by which boxes call it, with
		// commas between them: the authority signs a certificate for these, unless
		// TLSCert and TLSKey name files with one.
		TLSListen string `yaml:"tls_listen"`
		TLSNames  string `yaml:"tls_names"`
		TLSCert   string `yaml:"tls_cert"`
		TLSKey    string `yaml:"tls_key"`
		// Certificates is off, optional (who has one must come with it) or required
		// (nobody comes without); "": optional with TLSListen, else off.
		Certificates string `yaml:"certificates"`
		// CertificateDays is how long a box's certificate holds.
		CertificateDays int `yaml:"certificate_days"`
		// CACert and CAKey name the files of the authority that signs them; "": an own
		// one in Data.
		CACert string `yaml:"ca_cert"`
		CAKey  string `yaml:"ca_key"`
	} `yaml:"mqtt"`
	Store struct {
		// Threads is how many threads the columnar store works with; 0: one a
		// core.
		Threads int `yaml:"threads"`
		// MemoryMB bounds its memory; 0: 80 % of the machine's.
		MemoryMB int `yaml:"memory_mb"`
	} `yaml:"store"`
	// C3 is about the provinces' files.
	C3 struct {
		// Folder has a folder a province for its files, and dialects; "": c3 in
		// Data.
		Folder string `yaml:"folder"`
		// SettleS is for how many seconds a file without a manifest must not have
		// changed before it is taken.
		SettleS int `yaml:"settle_s"`
		// ManifestMinutes is how long a manifest may come after its file.
		ManifestMinutes int `yaml:"manifest_minutes"`
		// MaxFileMB is the largest file, unpacked.
		MaxFileMB int `yaml:"max_file_mb"`
		// KeepDays is for how many days it is remembered which commands and order
		// relations came by SOAP, once they are dealt with, and results can be
		// had. What is repeated later is taken in again, which changes nothing.
		KeepDays int `yaml:"keep_days"`
		// Listen is where catalogue and order systems send SOAP; "": nowhere.
		// PublicURL is the same as they reach it; "": http and Listen.
		Listen    string `yaml:"listen"`
		PublicURL string `yaml:"public_url"`
		// Senders are catalogue systems, OrderSenders order systems, that may send.
		Senders      []Sender      `yaml:"senders"`
		OrderSenders []OrderSender `yaml:"order_senders"`
		// Allow lists where catalogues may be fetched from and results be told to:
		// host, host:port, CIDR or CIDR:port. HostKeys has the fingerprints of SFTP
		// servers by host.
		Allow    []string            `yaml:"allow"`
		HostKeys map[string][]string `yaml:"host_keys"`
	} `yaml:"c3"`
	// Edit says which viewing counts in edited figures; see store.EditRules. Rules
	// that differ from those before have every closed hour closed again: give them
	// another version.
	Edit struct {
		// Version is what people call the rules.
		Version string `yaml:"version"`
		// LiveMinutes is for how long after the last sign of a viewer live viewing
		// counts, NightLiveMinutes the same of signs in the hours from NightFrom to
		// before NightTo, DemandMinutes that of all other viewing.
		LiveMinutes      int `yaml:"live_minutes"`
		NightLiveMinutes int `yaml:"night_live_minutes"`
		DemandMinutes    int `yaml:"demand_minutes"`
		NightFrom        int `yaml:"night_from"`
		NightTo          int `yaml:"night_to"`
		// Episodes is how many plays count that follow each other without a sign.
		Episodes int `yaml:"episodes"`
		// MinuteRecords and DayRecords are how many events a box may tell in a
		// minute, impressions apart, and in a day; one that tells more does not count
		// on that day.
		MinuteRecords int `yaml:"minute_records"`
		DayRecords    int `yaml:"day_records"`
		// Boxes and Accounts are robots and test accounts: ids of boxes, and
		// accounts as PROVINCE:ACCOUNT.
		Boxes    []string `yaml:"boxes"`
		Accounts []string `yaml:"accounts"`
	} `yaml:"edit"`
	// Holidays is a file with public holidays by year, for comparisons with the
	// year before; "": the list that is built in. See: aggregator holidays.
	Holidays string `yaml:"holidays"`
	// SearchPages are the codes of the pages for searching, as pages tell them: what
	// the figures of searches count.
	SearchPages []string `yaml:"search_pages"`
	// Post is how reports and alerts leave.
	Post postConfig `yaml:"post"`
	// Share is about links that open a board to whoever has them.
	Share struct {
		// Links is allowed, password (only with one) or forbidden: what was made before
		// opens no longer then.
		Links string `yaml:"links"`
		// MaxDays is how long one lives at most.
		MaxDays int `yaml:"max_days"`
	} `yaml:"share"`
	// Sources is about own data sources.
	Sources struct {
		// Allow lists hosts, addresses and CIDRs that sources may be fetched from though
		// they are not public: db.lan, 10.1.2.3, 10.1.0.0/16.
		Allow []string `yaml:"allow"`
		// Folder holds SQLite files that may be asked; "": sources/files in Data.
		Folder string `yaml:"folder"`
	} `yaml:"sources"`
	// SignOn is an OpenID Connect provider that vouches for people; see signon.Config.
	SignOn struct {
		// Issuer is its address; "": there is none.
		Issuer   string `yaml:"issuer"`
		ClientID string `yaml:"client_id"`
		// ClientSecretFile holds the secret; "": a public client, by PKCE alone.
		ClientSecretFile string `yaml:"client_secret_file"`
		// RedirectURL is the page's address as browsers reach it, and /signon/callback.
		RedirectURL string `yaml:"redirect_url"`
		// Name is on the button.
		Name string `yaml:"name"`
		// Scopes are asked for beside openid, with spaces between them.
		Scopes string `yaml:"scopes"`
		// Claim is whose values stand for Roles: a name, or several with dots between them.
		Claim string `yaml:"claim"`
		// Nobody says what becomes of those for whom no value stands: refuse, or create,
		// which makes people who hold nothing.
		Nobody string `yaml:"nobody"`
		// Email is verified, which refuses who has no verified address of mail, or any.
		Email string       `yaml:"email"`
		Roles []SignOnRole `yaml:"roles"`
	} `yaml:"sign_on"`
	// Updates is about updates of boxes' agents.
	Updates struct {
		// Listen is where boxes ask for updates and fetch them; "": nowhere.
		Listen string `yaml:"listen"`
		// Keys is a file with the boxes' public keys for updates, lines "<id> <base64>": what
		// they would refuse the page refuses; "": boxes alone look who signed.
		Keys string `yaml:"keys"`
		// An update halts by itself when at least HaltLeast boxes went back from it, and
		// these are at least HaltPercent of those that tried it.
		HaltPercent int `yaml:"halt_percent"`
		HaltLeast   int `yaml:"halt_least"`
	} `yaml:"updates"`
	// ArchiveDays is how long sealed batches are kept after they were loaded.
	ArchiveDays int `yaml:"archive_days"`
	Log         struct {
		// Level is debug, info, warn or error; Format is auto (text on a
		// terminal, else JSON), text or json.
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`
}

// mostAnswerRows is how many rows of an answer may be asked to be allowed: some 500 MB
// as JSON, with as many figures as a question may have.
const mostAnswerRows = 2_000_000

// Sender is a catalogue system that may send.
type Sender struct {
	CSP      string   `yaml:"csp"`
	LSP      string   `yaml:"lsp"`
	Province string   `yaml:"province"`
	From     []string `yaml:"from"`     // addresses, as CIDRs
	Callback string   `yaml:"callback"` // URL for results; "": it wants none
}

// OrderSender is an order system that may send.
type OrderSender struct {
	SPID     string   `yaml:"spid"`
	Province string   `yaml:"province"`
	From     []string `yaml:"from"`
	KeyFile  string   `yaml:"key_file"` // holds the key of encodeStr
}

// Defaults is a Config that works on one machine without any file.
func Defaults() Config {
	var c Config
	c.Data = "data"
	c.HTTP.Listen, c.HTTP.AnswerRows = "127.0.0.1:8080", indicator.MaxRows
	c.MQTT.Listen = "127.0.0.1:1883"
	c.MQTT.CertificateDays = 365
	c.C3.SettleS, c.C3.ManifestMinutes, c.C3.MaxFileMB = 5, 15, 8192
	c.C3.KeepDays = 7
	c.editDefaults()
	c.SearchPages = slices.Clone(indicator.DefaultSearchPages)
	c.Post.defaults()
	c.Share.Links, c.Share.MaxDays = "allowed", 30
	c.SignOn.Name, c.SignOn.Scopes, c.SignOn.Nobody, c.SignOn.Email = "SSO", "profile email", "refuse", "verified"
	c.Updates.HaltPercent, c.Updates.HaltLeast = 5, 5
	c.ArchiveDays = 90
	c.Log.Level, c.Log.Format = "info", "auto"
	return c
}

// key is one setting: its name in the file with dots, and where it stands.
type key struct {
	name   string
	field  any // *string or *int; lists stand in the file only
	secret bool
}

// keys lists every setting once, for the environment and for printing. The test
// compares it with the struct.
func (c *Config) keys() []key {
	return append([]key{
		{"data", &c.Data, false},
		{"http.listen", &c.HTTP.Listen, false},
		{"http.trusted_proxies", &c.HTTP.TrustedProxies, false},
		{"http.answer_rows", &c.HTTP.AnswerRows, false},
		{"mqtt.listen", &c.MQTT.Listen, false},
		{"mqtt.broker", &c.MQTT.Broker, false},
		{"mqtt.user", &c.MQTT.User, false},
		{"mqtt.password", &c.MQTT.Password, true},
		{"mqtt.password_file", &c.MQTT.PasswordFile, false},
		{"mqtt.token", &c.MQTT.Token, true},
		{"mqtt.token_file", &c.MQTT.TokenFile, false},
		{"mqtt.tls_listen", &c.MQTT.TLSListen, false},
		{"mqtt.tls_names", &c.MQTT.TLSNames, false},
		{"mqtt.tls_cert", &c.MQTT.TLSCert, false},
		{"mqtt.tls_key", &c.MQTT.TLSKey, false},
		{"mqtt.certificates", &c.MQTT.Certificates, false},
		{"mqtt.certificate_days", &c.MQTT.CertificateDays, false},
		{"mqtt.ca_cert", &c.MQTT.CACert, false},
		{"mqtt.ca_key", &c.MQTT.CAKey, false},
		{"store.threads", &c.Store.Threads, false},
		{"store.memory_mb", &c.Store.MemoryMB, false},
		{"c3.folder", &c.C3.Folder, false},
		{"c3.settle_s", &c.C3.SettleS, false},
		{"c3.manifest_minutes", &c.C3.ManifestMinutes, false},
		{"c3.max_file_mb", &c.C3.MaxFileMB, false},
		{"c3.keep_days", &c.C3.KeepDays, false},
		{"c3.listen", &c.C3.Listen, false},
		{"c3.public_url", &c.C3.PublicURL, false},
		{"edit.version", &c.Edit.Version, false},
		{"edit.live_minutes", &c.Edit.LiveMinutes, false},
		{"edit.night_live_minutes", &c.Edit.NightLiveMinutes, false},
		{"edit.demand_minutes", &c.Edit.DemandMinutes, false},
		{"edit.night_from", &c.Edit.NightFrom, false},
		{"edit.night_to", &c.Edit.NightTo, false},
		{"edit.episodes", &c.Edit.Episodes, false},
		{"edit.minute_records", &c.Edit.MinuteRecords, false},
		{"edit.day_records", &c.Edit.DayRecords, false},
		{"holidays", &c.Holidays, false},
		{"share.links", &c.Share.Links, false},
		{"share.max_days", &c.Share.MaxDays, false},
		{"sources.folder", &c.Sources.Folder, false},
		{"sign_on.issuer", &c.SignOn.Issuer, false},
		{"sign_on.client_id", &c.SignOn.ClientID, false},
		{"sign_on.client_secret_file", &c.SignOn.ClientSecretFile, false},
		{"sign_on.redirect_url", &c.SignOn.RedirectURL, false},
		{"sign_on.name", &c.SignOn.Name, false},
		{"sign_on.scopes", &c.SignOn.Scopes, false},
		{"sign_on.claim", &c.SignOn.Claim, false},
		{"sign_on.nobody", &c.SignOn.Nobody, false},
		{"sign_on.email", &c.SignOn.Email, false},
		{"updates.listen", &c.Updates.Listen, false},
		{"updates.keys", &c.Updates.Keys, false},
		{"updates.halt_percent", &c.Updates.HaltPercent, false},
		{"updates.halt_least", &c.Updates.HaltLeast, false},
		{"archive_days", &c.ArchiveDays, false},
		{"log.level", &c.Log.Level, false},
		{"log.format", &c.Log.Format, false},
	}, c.Post.keys()...)
}

// env is the environment variable of a setting: IPTV_HTTP_LISTEN.
func (k key) env() string {
	return "IPTV_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

func (k key) set(text string) error {
	switch field := k.field.(type) {
	case *string:
		*field = text
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s: %q is not a whole number", k.name, text)
		}
		*field = n
	}
	return nil
}

// LoadConfig reads defaults, the file at path ("" for none) and the
// environment, and checks them.
func LoadConfig(path string, lookup func(string) (string, bool)) (Config, error) {
	c := Defaults()
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("config: %w", err)
		}
		if err := c.decode(b); err != nil {
			return c, fmt.Errorf("config %s: %w", path, err)
		}
	}
	for _, k := range c.keys() {
		text, ok := lookup(k.env())
		if !ok {
			continue
		}
		if err := k.set(text); err != nil {
			return c, fmt.Errorf("environment %s: %w", k.env(), err)
		}
	}
	return c, nil
}

func (c *Config) decode(b []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var more any
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return errors.New("more than one document; put everything into one")
	}
	return nil
}

// Check explains what is wrong, each problem with the key and what is allowed.
func (c *Config) Check() error {
	var all []error
	bad := func(name, format string, args ...any) {
		all = append(all, fmt.Errorf(name+": "+format, args...))
	}
	if c.Data == "" {
		bad("data", "empty; must name a folder")
	}
	address := func(name, value string) {
		host, port, err := net.SplitHostPort(value)
		if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n > 65535 || strings.ContainsAny(host, " /") {
			bad(name, "%q is not an address; write host:port as 127.0.0.1:8080, port 0 for any free one", value)
		}
	}
	address("http.listen", c.HTTP.Listen)
	if c.MQTT.Broker == "" && (c.MQTT.Listen != noListen || c.MQTT.TLSListen == "") {
		address("mqtt.listen", c.MQTT.Listen)
	}
	if c.MQTT.TLSListen != "" {
		address("mqtt.tls_listen", c.MQTT.TLSListen)
	}
	c.checkTLS(bad)
	seen := map[string]bool{}
	for _, broker := range c.Brokers() {
		switch u, err := url.Parse(broker); {
		case err != nil || u.Scheme != "tcp" && u.Scheme != "tls" || u.Hostname() == "" || u.Port() == "":
			bad("mqtt.broker", "%q is not a broker; write tcp://host:1883 or tls://host:8883, several with commas between them", broker)
		case u.User != nil:
			bad("mqtt.broker", "holds a user; write it under mqtt.user and mqtt.password_file")
		case seen[u.Host]:
			bad("mqtt.broker", "names %s twice", u.Host)
		default:
			seen[u.Host] = true
		}
	}
	if c.MQTT.Password != "" && c.MQTT.PasswordFile != "" {
		bad("mqtt.password", "stands beside mqtt.password_file; keep one")
	}
	if c.MQTT.Token != "" && c.MQTT.TokenFile != "" {
		bad("mqtt.token", "stands beside mqtt.token_file; keep one")
	}
	if c.Store.Threads < 0 || c.Store.Threads > 1024 {
		bad("store.threads", "%d, allowed 0 (one a core) to 1024", c.Store.Threads)
	}
	if c.Store.MemoryMB < 0 || c.Store.MemoryMB > 0 && c.Store.MemoryMB < 128 {
		bad("store.memory_mb", "%d, allowed 0 (80 %% of the machine's) or at least 128", c.Store.MemoryMB)
	}
	if c.C3.SettleS < 1 || c.C3.SettleS > 3600 {
		bad("c3.settle_s", "%d, allowed 1 to 3600", c.C3.SettleS)
	}
	if c.C3.ManifestMinutes < 1 || c.C3.ManifestMinutes > 1440 {
		bad("c3.manifest_minutes", "%d, allowed 1 to 1440", c.C3.ManifestMinutes)
	}
	if c.C3.MaxFileMB < 1 || c.C3.MaxFileMB > 1<<20 {
		bad("c3.max_file_mb", "%d, allowed 1 to 1048576", c.C3.MaxFileMB)
	}
	if c.C3.KeepDays < 1 || c.C3.KeepDays > 366 {
		bad("c3.keep_days", "%d, allowed 1 to 366", c.C3.KeepDays)
	}
	if c.C3.Listen != "" {
		address("c3.listen", c.C3.Listen)
		if len(c.C3.Senders)+len(c.C3.OrderSenders) == 0 {
			bad("c3.senders", "none, and no order_senders, though c3.listen is set; name who may send, or leave c3.listen out")
		}
	}
	if c.Updates.Listen != "" {
		address("updates.listen", c.Updates.Listen)
	}
	if c.Updates.HaltPercent < 1 || c.Updates.HaltPercent > 100 {
		bad("updates.halt_percent", "%d, allowed 1 to 100", c.Updates.HaltPercent)
	}
	if c.Updates.HaltLeast < 1 || c.Updates.HaltLeast > 1_000_000 {
		bad("updates.halt_least", "%d, allowed 1 to 1000000", c.Updates.HaltLeast)
	}
	for i, s := range c.C3.Senders {
		if _, err := s.soap(); err != nil {
			bad(fmt.Sprintf("c3.senders[%d]", i), "%v", err)
		}
	}
	for i, s := range c.C3.OrderSenders {
		if _, err := s.soap(); err != nil {
			bad(fmt.Sprintf("c3.order_senders[%d]", i), "%v", err)
		}
	}
	if err := c.fetching().Validate(); err != nil {
		bad("c3.allow", "%v", err)
	}
	if err := c.checkEdit(); err != nil {
		bad("edit", "%v", err)
	}
	if _, err := c.holidays(); err != nil {
		bad("holidays", "%v", err)
	}
	if err := indicator.CheckSearchPages(c.SearchPages); err != nil {
		bad("search_pages", "%v", err)
	}
	if err := c.Post.check(); err != nil {
		bad("post", "%v", err)
	}
	if !slices.Contains([]string{"allowed", "password", "forbidden"}, c.Share.Links) {
		bad("share.links", "%q, allowed allowed, password (only links with one), forbidden", c.Share.Links)
	}
	if c.HTTP.AnswerRows < 1000 || c.HTTP.AnswerRows > mostAnswerRows {
		bad("http.answer_rows", "%d, allowed 1000 to %d", c.HTTP.AnswerRows, mostAnswerRows)
	}
	if c.Share.MaxDays < 1 || c.Share.MaxDays > 366 {
		bad("share.max_days", "%d, allowed 1 to 366", c.Share.MaxDays)
	}
	if err := (source.Reach{Allow: c.Sources.Allow}).Check(); err != nil {
		bad("sources.allow", "%v", err)
	}
	if _, err := c.signOn(); err != nil {
		bad("sign_on", "%v", err)
	}
	if _, err := c.proxies(); err != nil {
		bad("http.trusted_proxies", "%v", err)
	}
	if c.ArchiveDays < 1 || c.ArchiveDays > 3660 {
		bad("archive_days", "%d, allowed 1 to 3660", c.ArchiveDays)
	}
	if _, ok := levels[c.Log.Level]; !ok {
		bad("log.level", "%q, allowed debug, info, warn, error", c.Log.Level)
	}
	if c.Log.Format != "auto" && c.Log.Format != "text" && c.Log.Format != "json" {
		bad("log.format", "%q, allowed auto, text, json", c.Log.Format)
	}
	return errors.Join(all...)
}

// noListen in place of mqtt.listen closes the plain door beside the one with TLS.
const noListen = "none"

// plainListen is where the plain door is; "": nowhere.
func (c *Config) plainListen() string {
	if c.MQTT.Listen == noListen {
		return ""
	}
	return c.MQTT.Listen
}

// Brokers lists the existing brokers to take uploads from; none: the embedded
// one is on.
func (c *Config) Brokers() []string {
	if c.MQTT.Broker == "" {
		return nil
	}
	all := strings.Split(c.MQTT.Broker, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// secretOr returns the secret, or the first line of the file that holds it.
func secretOr(secret, file string) (string, error) {
	if file == "" {
		return secret, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("secret file: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line), nil
}

// links is what holds for all share links.
func (c *Config) links() settings.LinkPolicy {
	return settings.LinkPolicy{Forbidden: c.Share.Links == "forbidden", Password: c.Share.Links == "password", Max: time.Duration(c.Share.MaxDays) * 24 * time.Hour}
}

// Archive is how long sealed batches are kept.
func (c *Config) Archive() time.Duration { return time.Duration(c.ArchiveDays) * 24 * time.Hour }

// Print writes the config as YAML, secrets masked.
func (c Config) Print(w io.Writer) error {
	for _, k := range c.keys() {
		if text, ok := k.field.(*string); ok && k.secret && *text != "" {
			*text = "********"
		}
	}
	c.C3.Senders = slices.Clone(c.C3.Senders)
	for i := range c.C3.Senders {
		c.C3.Senders[i].Callback = fetch.Mask(c.C3.Senders[i].Callback)
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(c); err != nil {
		return err
	}
	return e.Close()
}
