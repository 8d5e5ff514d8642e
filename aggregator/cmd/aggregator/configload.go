package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

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
