package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func nothing(string) (string, bool) { return "", false }

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "aggregator.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreGood(t *testing.T) {
	c, err := LoadConfig("", nothing)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if c.HTTP.Listen != "127.0.0.1:8080" || c.MQTT.Listen != "127.0.0.1:1883" || c.Data != "data" {
		t.Errorf("%+v", c)
	}
	empty, err := LoadConfig(writeFile(t, "# nothing\n"), nothing)
	if diff := cmp.Diff(c, empty); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestFileThenEnvironment(t *testing.T) {
	path := writeFile(t, "data: /srv/iptv\nhttp:\n  listen: 0.0.0.0:80\nstore: {memory_mb: 512}\n")
	env := map[string]string{"IPTV_HTTP_LISTEN": "127.0.0.1:9000", "IPTV_STORE_THREADS": "3"}
	c, err := LoadConfig(path, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "/srv/iptv" || c.HTTP.Listen != "127.0.0.1:9000" || c.Store.MemoryMB != 512 || c.Store.Threads != 3 || c.MQTT.Listen != "127.0.0.1:1883" {
		t.Errorf("%+v", c)
	}
}

func TestBadFiles(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := LoadConfig(writeFile(t, text), nothing); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("http:\n  lissten: x\n", "line 2: field lissten not found")
	f("store: {threads: many}\n", "line 1: cannot unmarshal !!str `many` into int")
	f("http: [", "line 1")
	f("data: a\n---\ndata: b\n", "more than one document")
	if _, err := LoadConfig("/nowhere.yaml", nothing); err == nil || !strings.Contains(err.Error(), "/nowhere.yaml") {
		t.Error(err)
	}
	if _, err := LoadConfig("", func(name string) (string, bool) { return "x", name == "IPTV_ARCHIVE_DAYS" }); err == nil || !strings.Contains(err.Error(), `IPTV_ARCHIVE_DAYS: archive_days: "x" is not a whole number`) {
		t.Error(err)
	}
}

func TestCheckNamesTheKey(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		c := Defaults()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.Data = "" }, "data: empty; must name a folder")
	f(func(c *Config) { c.HTTP.Listen = "8080" }, `http.listen: "8080" is not an address; write host:port`)
	f(func(c *Config) { c.MQTT.Listen = "127.0.0.1:99999" }, "mqtt.listen")
	f(func(c *Config) { c.MQTT.Broker = "http://x:1" }, "mqtt.broker: \"http://x:1\" is not a broker; write tcp://host:1883")
	f(func(c *Config) { c.MQTT.Broker = "tcp://host" }, "mqtt.broker: \"tcp://host\" is not a broker")
	f(func(c *Config) { c.MQTT.Broker = "tcp://a:1,udp://b:1" }, "mqtt.broker: \"udp://b:1\" is not a broker")
	f(func(c *Config) { c.MQTT.Broker = "tcp://a:1, " }, "mqtt.broker: \"\" is not a broker")
	f(func(c *Config) { c.MQTT.Broker = "tcp://a:1, tcp://b:1,tcp://a:1" }, "mqtt.broker: names a:1 twice")
	f(func(c *Config) { c.MQTT.Broker = "tcp://u:p@x:1" }, "mqtt.broker: holds a user; write it under mqtt.user")
	f(func(c *Config) { c.MQTT.Password, c.MQTT.PasswordFile = "a", "b" }, "mqtt.password: stands beside mqtt.password_file")
	f(func(c *Config) { c.MQTT.Token, c.MQTT.TokenFile = "a", "b" }, "mqtt.token: stands beside mqtt.token_file")
	f(func(c *Config) { c.MQTT.Listen = "none" }, "mqtt.listen: \"none\" is not an address")
	f(func(c *Config) { c.MQTT.TLSListen, c.MQTT.TLSNames = "x", "a" }, "mqtt.tls_listen: \"x\" is not an address")
	f(func(c *Config) { c.MQTT.TLSListen = "127.0.0.1:0" }, "mqtt.tls_names: none; name the broker as boxes call it")
	f(func(c *Config) { c.MQTT.TLSListen, c.MQTT.TLSNames = "127.0.0.1:0", "a,b/c" }, "mqtt.tls_names: \"b/c\" is neither")
	f(func(c *Config) { c.MQTT.TLSListen, c.MQTT.TLSCert = "127.0.0.1:0", "a" }, "mqtt.tls_cert: tls_cert and tls_key belong together")
	f(func(c *Config) { c.MQTT.CAKey = "a" }, "mqtt.ca_cert: ca_cert and ca_key belong together")
	f(func(c *Config) { c.MQTT.CertificateDays = 0 }, "mqtt.certificate_days: 0, allowed 1 to 3650")
	f(func(c *Config) { c.MQTT.Certificates = "maybe" }, "mqtt.certificates: \"maybe\", allowed off")
	f(func(c *Config) { c.MQTT.Certificates = "required" }, "boxes do not come over TLS")
	f(func(c *Config) { c.MQTT.Broker, c.MQTT.TLSListen, c.MQTT.TLSNames = "tls://a:1", "127.0.0.1:0", "a" }, "the broker stands elsewhere")
	f(func(c *Config) { c.Store.Threads = -1 }, "store.threads: -1, allowed 0 (one a core) to 1024")
	f(func(c *Config) { c.Store.MemoryMB = 5 }, "store.memory_mb: 5, allowed 0 (80 % of the machine's) or at least 128")
	f(func(c *Config) { c.C3.SettleS = 0 }, "c3.settle_s: 0, allowed 1 to 3600")
	f(func(c *Config) { c.C3.ManifestMinutes = 0 }, "c3.manifest_minutes: 0, allowed 1 to 1440")
	f(func(c *Config) { c.C3.MaxFileMB = -1 }, "c3.max_file_mb: -1, allowed 1 to 1048576")
	f(func(c *Config) { c.C3.Listen = "127.0.0.1:0" }, "c3.senders: none, and no order_senders, though c3.listen is set")
	f(func(c *Config) { c.C3.Senders = []Sender{{CSP: "a", LSP: "b", Province: "99"}} }, "c3.senders[0]: ")
	f(func(c *Config) { c.C3.Senders = []Sender{{CSP: "a", LSP: "b", Province: "33", From: []string{"home"}}} }, `c3.senders[0]: from: "home" is no CIDR`)
	f(func(c *Config) {
		c.C3.OrderSenders = []OrderSender{{SPID: "a", Province: "33", From: []string{"10.0.0.0/8"}, KeyFile: "/nowhere"}}
	}, "c3.order_senders[0]: key_file: ")
	f(func(c *Config) { c.C3.Allow = []string{"a b"} }, "c3.allow: ")
	f(func(c *Config) { c.Edit.Version = "" }, `edit: version ""; write 1 to 32 letters`)
	f(func(c *Config) { c.Edit.NightLiveMinutes = 0 }, "edit: the live cap of the night is 0 ms, allowed are 60000 (a minute)")
	f(func(c *Config) { c.Edit.DemandMinutes = 1441 }, "edit: the cap on demand is 86460000 ms")
	f(func(c *Config) { c.Edit.NightFrom = 24 }, "edit: the night is from 24 to 6")
	f(func(c *Config) { c.Edit.Episodes = 0 }, "edit: 0 episodes, allowed are 1 to 100")
	f(func(c *Config) { c.Edit.DayRecords = 0 }, "edit: 60 records a minute and 0 a day")
	f(func(c *Config) { c.Edit.Boxes = []string{" a"} }, `edit: boxes: " a" is no id of a box`)
	f(func(c *Config) { c.Edit.Accounts = []string{"33:ok", "99:robot"} }, `edit: accounts: "99:robot" is no account; write PROVINCE:ACCOUNT`)
	f(func(c *Config) { c.Holidays = "/nowhere.csv" }, "holidays: open /nowhere.csv")
	f(func(c *Config) { c.SearchPages = []string{"so", ""} }, "search_pages: the code of page 2 is empty")
	f(func(c *Config) { c.SearchPages = []string{"so", "so"} }, `search_pages: the code "so" stands twice`)
	f(func(c *Config) { c.Share.Links = "some" }, `share.links: "some", allowed allowed, password`)
	f(func(c *Config) { c.HTTP.AnswerRows = 10 }, "http.answer_rows: 10, allowed 1000 to 2000000")
	f(func(c *Config) { c.Share.MaxDays = 400 }, "share.max_days: 400, allowed 1 to 366")
	f(func(c *Config) { c.HTTP.TrustedProxies = "10.0.0.1, proxy" }, `http.trusted_proxies: "proxy" is no address`)
	f(func(c *Config) { c.HTTP.TrustedProxies = "0.0.0.0/0" }, "http.trusted_proxies: \"0.0.0.0/0\" is everybody")
	provided := func(change func(*Config)) func(*Config) {
		return func(c *Config) {
			c.SignOn.Issuer, c.SignOn.ClientID, c.SignOn.RedirectURL, c.SignOn.Claim = "https://id.example.com", "iptv", "https://tv.example.com/signon/callback", "groups"
			c.SignOn.Roles = []SignOnRole{{"tv", "content", []string{"33"}}}
			change(c)
		}
	}
	f(provided(func(c *Config) { c.SignOn.Issuer = "" }), "sign_on: issuer: empty, though the rest is set")
	f(provided(func(c *Config) { c.SignOn.Issuer = "id.example.com" }), `sign_on: issuer: "id.example.com" is not an address`)
	f(provided(func(c *Config) { c.SignOn.ClientID = "" }), "sign_on: client_id: empty")
	f(provided(func(c *Config) { c.SignOn.ClientSecretFile = "/nowhere" }), "sign_on: client_secret_file: ")
	f(provided(func(c *Config) { c.SignOn.RedirectURL = "https://tv.example.com/" }), "sign_on: redirect_url: ")
	f(provided(func(c *Config) { c.SignOn.Nobody = "ask" }), `sign_on: nobody: "ask", allowed refuse`)
	f(provided(func(c *Config) { c.SignOn.Email = "" }), `sign_on: email: "", allowed verified`)
	f(provided(func(c *Config) { c.SignOn.Claim = "" }), "sign_on: claim: empty, though roles are set")
	f(provided(func(c *Config) { c.SignOn.Roles[0].Value = "" }), "sign_on: roles[0]: give value and role")
	f(provided(func(c *Config) { c.SignOn.Roles[0].Provinces = nil }), "sign_on: roles[0]: in which provinces?")
	f(provided(func(c *Config) { c.SignOn.Roles[0].Provinces = []string{"99"} }), "sign_on: roles[0]: ")
	f(provided(func(c *Config) { c.SignOn.Roles[0].Role = "administrator" }), "sign_on: roles[0]: an administrator is one of all provinces")
	good := Defaults()
	provided(func(*Config) {})(&good)
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	f(func(c *Config) { c.ArchiveDays = 0 }, "archive_days: 0, allowed 1 to 3660")
	f(func(c *Config) { c.Log.Level = "loud" }, `log.level: "loud", allowed debug, info, warn, error`)
	f(func(c *Config) { c.Log.Format = "xml" }, `log.format: "xml", allowed auto, text, json`)
	// All problems at once.
	f(func(c *Config) { c.Data, c.ArchiveDays = "", 0 }, "data: empty; must name a folder\narchive_days")
}

func TestPrintMasksSecrets(t *testing.T) {
	c := Defaults()
	c.MQTT.Password, c.MQTT.Token = "hunter2", "hunter3"
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter") || strings.Count(out.String(), "********") != 2 {
		t.Error(out.String())
	}
	if c.MQTT.Password != "hunter2" {
		t.Error("printing changed the config")
	}
	back, err := LoadConfig(writeFile(t, out.String()), nothing)
	if err != nil || back.HTTP != c.HTTP || back.ArchiveDays != c.ArchiveDays {
		t.Errorf("what is printed cannot be read: %v %+v", err, back)
	}
}

// Every field of Config but lists has a key, so every one can come from the
// environment.
func TestKeysAreAllFields(t *testing.T) {
	c := Defaults()
	names := map[string]bool{}
	for _, k := range c.keys() {
		names[k.name] = true
	}
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			name := prefix + v.Type().Field(i).Tag.Get("yaml")
			if v.Field(i).Kind() == reflect.Struct {
				walk(name+".", v.Field(i))
				continue
			}
			if k := v.Field(i).Kind(); k == reflect.Slice || k == reflect.Map {
				continue
			}
			if !names[name] {
				t.Errorf("%s has no key", name)
			}
			delete(names, name)
		}
	}
	walk("", reflect.ValueOf(c))
	for name := range names {
		t.Errorf("%s is no field", name)
	}
}

// FuzzConfig: whatever a file holds, there is a config or an error.
func FuzzConfig(f *testing.F) {
	f.Add("data: /srv\nhttp: {listen: ':1'}\n")
	f.Add("store: {threads: 1e9}\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := Defaults()
		if c.decode([]byte(text)) != nil {
			return
		}
		_ = c.Check()
		if _, err := yaml.Marshal(c); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSecretFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(" word \nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := secretOr("", path); got != "word" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := secretOr("plain", ""); got != "plain" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := secretOr("", path+"x"); err == nil {
		t.Error("a missing file is no error")
	}
}
