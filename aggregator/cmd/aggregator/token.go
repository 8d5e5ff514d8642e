package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

func tokenList() *cobra.Command {
	return onSettings("list", "List all API tokens: whose, what they open, when they were used", cobra.NoArgs, func(cmd *cobra.Command, s *settings.Settings, _ []string) error {
		all, err := s.Tokens(cmd.Context(), settings.OfMachine(), true)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "TOKEN\tNAME\tOWNER\tOPENS\tMADE\tUNTIL\tUSED")
		for _, t := range all {
			opens := settings.GrantsText(t.Opens)
			if t.Admin {
				opens = "everything, administers"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, plain(t.Name), cmp.Or(t.Owner, "(machine)"), cmp.Or(opens, "nothing"), dayOrDash(t.Created), dayOrDash(t.Expires), dayOrDash(t.Used))
		}
		return w.Flush()
	})
}

func tokenRevoke() *cobra.Command {
	return onSettings("revoke TOKEN", "End an API token, named as list does, for good", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		return s.RevokeToken(cmd.Context(), settings.OfMachine(), args[0])
	})
}

// dayOrDash is a minute in Shanghai, - of one that is not.
func dayOrDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(aggregator.Shanghai).Format("2006-01-02 15:04")
}
