package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"

	"iptvdc/aggregator/post"
)

// postConfig says through what reports and alerts leave.
type postConfig struct {
	// PublicURL is the page as receivers reach it, for links in messages and files; "":
	// they have none.
	PublicURL string `yaml:"public_url"`
	SMTP      struct {
		// Address is the mail server's host:port; "": no mail is sent. Security is
		// starttls, tls (from the first byte) or none (a server on this machine).
		Address  string `yaml:"address"`
		Security string `yaml:"security"`
		// User and Password sign in there; PasswordFile names a file that holds the
		// password.
		User         string `yaml:"user"`
		Password     string `yaml:"password"`
		PasswordFile string `yaml:"password_file"`
		// From is the sender's address, Name what senders are called.
		From string `yaml:"from"`
		Name string `yaml:"name"`
		// CAFile has the certificates that the server's is checked against, in PEM; "":
		// the system's.
		CAFile string `yaml:"ca_file"`
	} `yaml:"smtp"`
	// MailDomains are those to which mails may go; none: all.
	MailDomains []string `yaml:"mail_domains"`
	// WebhookHosts are those that may be called; none: all public ones. Private lists
	// networks, as CIDR, that webhooks may be in although they are private.
	WebhookHosts []string `yaml:"webhook_hosts"`
	Private      []string `yaml:"private"`
}

func (c *postConfig) defaults() {
	c.SMTP.Security, c.SMTP.Name = string(post.StartTLS), "Ling Dong"
}

func (c *postConfig) keys() []key {
	return []key{
		{"post.public_url", &c.PublicURL, false},
		{"post.smtp.address", &c.SMTP.Address, false},
		{"post.smtp.security", &c.SMTP.Security, false},
		{"post.smtp.user", &c.SMTP.User, false},
		{"post.smtp.password", &c.SMTP.Password, true},
		{"post.smtp.password_file", &c.SMTP.PasswordFile, false},
		{"post.smtp.from", &c.SMTP.From, false},
		{"post.smtp.name", &c.SMTP.Name, false},
		{"post.smtp.ca_file", &c.SMTP.CAFile, false},
	}
}

// config reads what stands in other files. Its fault names the setting.
func (c *postConfig) config() (post.Config, error) {
	s := &c.SMTP
	out := post.Config{MailDomains: c.MailDomains, Hosts: c.WebhookHosts, SMTP: post.SMTP{Address: s.Address, Security: post.Security(s.Security), User: s.User, From: s.From, Name: s.Name}}
	var err error
	if out.SMTP.Password, err = secretOr(s.Password, s.PasswordFile); err != nil {
		return out, fmt.Errorf("smtp.password_file: %w", err)
	}
	if s.CAFile != "" {
		b, err := os.ReadFile(s.CAFile)
		if err != nil {
			return out, fmt.Errorf("smtp.ca_file: %w", err)
		}
		out.SMTP.Roots = x509.NewCertPool()
		if !out.SMTP.Roots.AppendCertsFromPEM(b) {
			return out, fmt.Errorf("smtp.ca_file: %s has no certificate in PEM", s.CAFile)
		}
	}
	for _, text := range c.Private {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return out, fmt.Errorf("private: %q is no network; write it as 10.1.2.0/24", text)
		}
		out.Private = append(out.Private, n.Masked())
	}
	return out, nil
}

// check reports what is wrong.
func (c *postConfig) check() error {
	if c.SMTP.Password != "" && c.SMTP.PasswordFile != "" {
		return errors.New("smtp.password stands beside smtp.password_file; keep one")
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil) {
		return fmt.Errorf("public_url: %q; write the page's address as https://data.example.cn/", c.PublicURL)
	}
	out, err := c.config()
	if err != nil {
		return err
	}
	if _, err := post.New(out); err != nil {
		return forPeople(err)
	}
	return nil
}
