package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
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
