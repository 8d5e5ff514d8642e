package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/source"
)

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
