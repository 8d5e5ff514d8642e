package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// newRoot makes the command line. Results go to out, logs and progress to logs.
func newRoot(out, logs io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use: "aggregator", Short: "The centre of the IPTV behaviour data platform",
		SilenceUsage: true, SilenceErrors: true, Version: version,
	}
	root.SetOut(out)
	root.SetErr(logs)
	root.AddCommand(serveCommand(), demoCommand(), tokenCommand(), linkCommand(), configCommand(), profileCommand(), c3Command(),
		qualityCommand(), insightCommand(), askCommand(), holidaysCommand(), userCommand(), roleCommand(), auditCommand(), optionsCommand(), exportCommand(), reportCommand(), sourceCommand(), appCommand(), claimCommand(), boxCommand(), updateCommand(),
		&cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(out, version)
			return err
		}})
	for _, cmd := range root.Commands() {
		refuseUnknown(cmd)
	}
	return root
}

// refuseUnknown makes words that follow a group of commands and are none of them an
// error; a group alone prints its help.
func refuseUnknown(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		refuseUnknown(sub)
	}
	if cmd.Runnable() || !cmd.HasSubCommands() {
		return
	}
	cmd.Args, cmd.SuggestionsMinimumDistance = cobra.ArbitraryArgs, 2
	cmd.RunE = func(cmd *cobra.Command, words []string) error {
		if len(words) == 0 {
			return cmd.Help()
		}
		like := ""
		if some := cmd.SuggestionsFor(words[0]); len(some) > 0 {
			like = ", perhaps " + strings.Join(some, " or ")
		}
		return fmt.Errorf("%s: there is no command %q%s; see: %s --help", cmd.Name(), words[0], like, cmd.CommandPath())
	}
}

// setup holds the flags of programs that run; flags that were not given leave
// the config alone.
type setup struct {
	file                     string
	data, http, mqtt, broker string
	// of boxes that come over TLS
	tlsListen, tlsNames, tlsCert, tlsKey, certificates, caCert, caKey string
	// of the sign-on provider
	issuer, client, secretFile, redirect string
	proxies                              string
}

func (s *setup) flags(cmd *cobra.Command) {
	d := Defaults()
	f := cmd.Flags()
	f.StringVar(&s.file, "config", "", "config `FILE`, YAML; see: aggregator config print")
	f.StringVar(&s.data, "data", d.Data, "`DIR` of everything that must survive")
	f.StringVar(&s.http, "http-listen", d.HTTP.Listen, "`ADDR` of the page and the API; port 0 takes a free one")
	f.StringVar(&s.proxies, "trusted-proxies", d.HTTP.TrustedProxies, "`ADDR`s or ranges, with commas between them, whose X-Forwarded-For is believed")
	f.StringVar(&s.issuer, "sign-on-issuer", "", "`URL` of an OpenID Connect provider that vouches for people; roles and the rest stand in the config")
	f.StringVar(&s.client, "sign-on-client-id", "", "`NAME` of the platform there")
	f.StringVar(&s.secretFile, "sign-on-secret-file", "", "`FILE` with the platform's secret there")
	f.StringVar(&s.redirect, "sign-on-redirect-url", "", "`URL` of the page as browsers reach it, and "+signOnPath)
	f.StringVar(&s.mqtt, "mqtt-listen", d.MQTT.Listen, "`ADDR` where boxes connect; port 0 takes a free one; none: only over TLS")
	f.StringVar(&s.tlsListen, "mqtt-tls-listen", "", "`ADDR` where boxes connect over TLS, with their certificates; as 0.0.0.0:8883")
	f.StringVar(&s.tlsNames, "mqtt-tls-names", "", "`NAME`s and addresses by which boxes call it, with commas between them: for its certificate")
	f.StringVar(&s.tlsCert, "mqtt-tls-cert", "", "`FILE` with a certificate for it, instead")
	f.StringVar(&s.tlsKey, "mqtt-tls-key", "", "`FILE` with its key")
	f.StringVar(&s.certificates, "certificates", "", "of boxes: off, optional (who has one comes with it) or required; without: optional with -mqtt-tls-listen")
	f.StringVar(&s.caCert, "ca-cert", "", "`FILE` with the certificate of an authority of yours that signs boxes' ones; without: an own one is made")
	f.StringVar(&s.caKey, "ca-key", "", "`FILE` with its key")
}

// config puts defaults, file, environment and flags together, and checks them.
func (s *setup) config(cmd *cobra.Command) (Config, error) {
	c, err := LoadConfig(s.file, os.LookupEnv)
	if err != nil {
		return c, err
	}
	for name, field := range map[string]struct{ from, to *string }{
		"data": {&s.data, &c.Data}, "http-listen": {&s.http, &c.HTTP.Listen},
		"mqtt-tls-listen": {&s.tlsListen, &c.MQTT.TLSListen}, "mqtt-tls-names": {&s.tlsNames, &c.MQTT.TLSNames}, "mqtt-tls-cert": {&s.tlsCert, &c.MQTT.TLSCert},
		"mqtt-tls-key": {&s.tlsKey, &c.MQTT.TLSKey}, "certificates": {&s.certificates, &c.MQTT.Certificates}, "ca-cert": {&s.caCert, &c.MQTT.CACert}, "ca-key": {&s.caKey, &c.MQTT.CAKey},
		"mqtt-listen": {&s.mqtt, &c.MQTT.Listen}, "broker": {&s.broker, &c.MQTT.Broker},
		"trusted-proxies": {&s.proxies, &c.HTTP.TrustedProxies}, "sign-on-issuer": {&s.issuer, &c.SignOn.Issuer}, "sign-on-client-id": {&s.client, &c.SignOn.ClientID},
		"sign-on-secret-file": {&s.secretFile, &c.SignOn.ClientSecretFile}, "sign-on-redirect-url": {&s.redirect, &c.SignOn.RedirectURL},
	} {
		if cmd.Flags().Changed(name) {
			*field.to = *field.from
		}
	}
	return c, c.Check()
}

func serveCommand() *cobra.Command {
	var s setup
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the aggregator", Args: cobra.NoArgs,
		Long: "Run the aggregator. Without flags it is a whole platform on this machine: an embedded broker on 127.0.0.1:1883, the page on 127.0.0.1:8080, everything that must survive in ./data.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.config(cmd)
			if err != nil {
				return err
			}
			return Serve(cmd.Context(), c, cmd.OutOrStdout(), newLogger(cmd.ErrOrStderr(), c.Log.Level, c.Log.Format))
		},
	}
	s.flags(cmd)
	cmd.Flags().StringVar(&s.broker, "broker", "", "`URL` of an existing broker, tcp:// or tls://, instead of the embedded one; several with commas between them")
	return cmd
}

func configCommand() *cobra.Command {
	var s setup
	cmd := &cobra.Command{Use: "config", Short: "Check or print the configuration"}
	check := &cobra.Command{Use: "check", Short: "Say what is wrong with the configuration", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.config(cmd); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ok")
			return err
		}}
	print := &cobra.Command{Use: "print", Short: "Print what holds: defaults, file, environment and flags; secrets masked", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.config(cmd)
			if err != nil {
				return err
			}
			return c.Print(cmd.OutOrStdout())
		}}
	for _, sub := range []*cobra.Command{check, print} {
		s.flags(sub)
		sub.Flags().StringVar(&s.broker, "broker", "", "`URL` of an existing broker")
		cmd.AddCommand(sub)
	}
	return cmd
}

func tokenCommand() *cobra.Command {
	var data, name string
	var codes, sets []string
	var admin bool
	cmd := &cobra.Command{
		Use: "token", Short: "Make an API token and print it; list and revoke them", Args: cobra.NoArgs,
		Long: "Make an API token and print it, once; only its hash is kept. It works at once, also while the aggregator runs.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("admin") {
				admin = len(codes) == 0 && len(sets) == 0
			}
			scope, err := scopeOf(codes)
			if err != nil {
				return err
			}
			opened, err := dataSetsOf(sets)
			if err != nil {
				return err
			}
			p := settings.Principal{Name: name, Grants: aggregator.GrantsOf(scope, opened...)}
			if admin {
				p.Powers = settings.Administer
			}
			return withSettings(cmd, data, func(s *settings.Settings) error {
				secret, err := s.NewToken(cmd.Context(), p)
				if err != nil {
					return forPeople(err)
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
				return err
			})
		},
	}
	cmd.AddCommand(tokenList(), tokenRevoke())
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&name, "name", "token", "`NAME` under which uses are logged")
	cmd.Flags().StringSliceVar(&codes, "province", nil, "`CODE`s of the provinces it opens, as 33,43; without: all")
	cmd.Flags().StringSliceVar(&sets, "data-set", nil, "`NAME`s of the data sets it opens, as epg,ratings; without: all")
	cmd.Flags().BoolVar(&admin, "admin", false, "may look at single boxes and manage people; default: yes if it opens everything")
	return cmd
}

// scopeOf reads provinces; none are all of them.
func scopeOf(codes []string) (aggregator.Scope, error) {
	s := aggregator.Scope{All: len(codes) == 0}
	for _, code := range codes {
		province, err := aggregator.ParseProvince(code)
		if err != nil {
			return s, forPeople(err)
		}
		s.Provinces = append(s.Provinces, province)
	}
	return s, nil
}

// dataSetsOf reads data sets; none are all of them.
func dataSetsOf(names []string) ([]aggregator.DataSet, error) {
	if len(names) == 0 {
		return aggregator.DataSets(), nil
	}
	var all []aggregator.DataSet
	for _, name := range names {
		d, err := aggregator.ParseDataSet(name)
		if err != nil {
			return nil, forPeople(err)
		}
		all = append(all, d)
	}
	return all, nil
}

func linkCommand() *cobra.Command {
	var data, url string
	cmd := &cobra.Command{
		Use: "link", Short: "Make a one-time sign-in link and print it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSettings(cmd, data, func(s *settings.Settings) error {
				key, err := s.NewLink(cmd.Context())
				if err != nil {
					return err
				}
				if url == "" {
					url = pageOf(data)
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), loginURL(url, key))
				return err
			})
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&url, "url", "", "`URL` of the page as people reach it; without: where the aggregator listens")
	return cmd
}

func dataFlag(cmd *cobra.Command, data *string) {
	def := Defaults().Data
	if env, ok := os.LookupEnv("IPTV_DATA"); ok {
		def = env
	}
	cmd.Flags().StringVar(data, "data", def, "`DIR` of the aggregator")
}

// withSettings opens the settings, beside a running aggregator or before its
// first start. The folder must be there: a typing error would else make one.
func withSettings(cmd *cobra.Command, data string, f func(*settings.Settings) error) error {
	if info, err := os.Stat(data); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s; start the aggregator, or give its folder with --data DIR", data)
	}
	s, err := settings.Open(cmd.Context(), filepath.Join(data, settingsFile), time.Now)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// forPeople leaves the code of a domain error out.
func forPeople(err error) error {
	var fault *aggregator.Error
	if errors.As(err, &fault) {
		return errors.New(fault.Message)
	}
	return err
}

// pageFile holds the page's address of the last start, for the link command.
const pageFile = "page.url"

func pageOf(data string) string {
	b, err := os.ReadFile(filepath.Join(data, pageFile))
	if err != nil {
		return "http://" + Defaults().HTTP.Listen + "/"
	}
	return strings.TrimSpace(string(b))
}

func loginURL(page, key string) string { return strings.TrimSuffix(page, "/") + "/login?key=" + key }
