package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/post"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/settings"
)

// someone is a person as the machine acts for them.
func someone(cmd *cobra.Command, s *settings.Settings, name string) (settings.Principal, error) {
	return s.Reader(cmd.Context(), name)
}

func placeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "place", Short: "Where people have reports and alerts sent: list, add, remove"}
	list := onSettings("list NAME", "List a person's places", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		p, err := someone(cmd, s, args[0])
		if err != nil {
			return err
		}
		all, err := s.Places(cmd.Context(), p)
		if err != nil {
			return err
		}
		lang := cmd.Flag("lang").Value.String()
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, reportWord(lang, "places"))
		for _, one := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%t\t%t\t%t\t%s\n", one.ID, one.Way.Kind, plain(one.Way.Masked()), one.Way.Secret != "", one.Reports, one.Alerts, plain(cmp.Or(one.Label, "-")))
		}
		return w.Flush()
	})
	var lang string
	langFlag(list, &lang)
	remove := onSettings("remove NAME PLACE", "Take a place away", cobra.ExactArgs(2), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		p, err := someone(cmd, s, args[0])
		if err != nil {
			return err
		}
		id, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not the number of a place; aggregator report place list %s", args[1], args[0])
		}
		return s.RemovePlace(cmd.Context(), p, id)
	})
	cmd.AddCommand(list, placeAdd(), remove)
	return cmd
}

func placeAdd() *cobra.Command {
	var one report.Place
	var secretFile string
	var check setup
	cmd := onSettings("add NAME", "Add a place: an address of mail or a webhook", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		p, err := someone(cmd, s, args[0])
		if err != nil {
			return err
		}
		if one.Way.Secret, err = secretOr("", secretFile); err != nil {
			return err
		}
		if err := check.checkPlace(&one); err != nil {
			return err
		}
		made, err := s.AddPlace(cmd.Context(), p, one)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), made.ID)
		return err
	})
	f := cmd.Flags()
	f.StringVar((*string)(&one.Way.Kind), "kind", "mail", "mail, wecom, dingtalk, feishu or json")
	f.StringVar(&one.Way.Address, "address", "", "`ADDRESS` of mail, or a webhook's URL")
	f.StringVar(&secretFile, "secret-file", "", "`FILE` with the secret that signs what goes to DingTalk, Feishu and as JSON")
	f.StringVar(&one.Label, "label", "", "`TEXT` that it is called")
	f.BoolVar(&one.Reports, "reports", true, "reports go there")
	f.BoolVar(&one.Alerts, "alerts", true, "alerts go there")
	f.StringVar(&check.file, "config", "", "config `FILE`: which places it allows")
	if err := cmd.MarkFlagRequired("address"); err != nil {
		panic(err) // the flag was made above
	}
	return cmd
}

// checkPlace holds a place against the configuration, as the running aggregator does
// again whenever it sends there.
func (s *setup) checkPlace(one *report.Place) error {
	c, err := LoadConfig(s.file, os.LookupEnv)
	if err != nil {
		return err
	}
	allowed, err := c.Post.config()
	if err != nil {
		return err
	}
	allowed.SMTP = post.SMTP{}
	p, err := post.New(allowed)
	if err != nil {
		return err
	}
	return p.Check(&one.Way)
}
