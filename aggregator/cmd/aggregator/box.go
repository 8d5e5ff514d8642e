package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/provision"
)

const boxHelp = `Boxes by their certificates: who has one, whom it was refused, of whom there may
be two; let one in no more, or allow it to claim once more.

按证书管理机顶盒：查看持证、被拒申领与疑似克隆；吊销某台，或允许其重新申领一次。`

const boxExample = `  aggregator box show 0123456789abcdef --data data/centre          # by id or serial
  aggregator box revoke 0123456789abcdef --reason stolen --data data/centre
  aggregator box allow 0123456789abcdef --data data/centre         # after a factory reset or a repair
  aggregator box suspects --data data/centre`

func boxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "box", Short: "Boxes by their certificates: show, list, revoke, allow, suspects", Long: boxHelp, Example: boxExample}
	cmd.AddCommand(boxShow(), boxList(), boxRevoke(), boxAllow(), boxSuspects())
	return cmd
}

func boxShow() *cobra.Command {
	return onClaims("show BOX", "Show all that is known of a box, by its id or serial", cobra.ExactArgs(1), func(cmd *cobra.Command, r *provision.Registry, args []string) (string, string, error) {
		b, err := r.Box(cmd.Context(), args[0])
		if err != nil {
			return "", "", err
		}
		return "", "", writeBox(cmd, &b)
	})
}

func writeBox(cmd *cobra.Command, b *provision.BoxState) error {
	out := cmd.OutOrStdout()
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	line("box", "%s", b.Box)
	if b.Key != "" {
		line("serial", "%s", cmp.Or(b.Serial, "not told yet"))
		line("claim", "%s, province %d", cmp.Or(b.Claim, "none: found with a certificate of ours"), b.Province)
		line("key", "%s, since %s", b.Key, dayOrDash(b.Claimed))
	}
	switch {
	case b.Key == "":
		line("state", "has no certificate")
	case !b.Revoked.IsZero() && !b.Allowed.IsZero():
		line("state", "revoked %s, %s; may claim once more since %s", dayOrDash(b.Revoked), cmp.Or(plain(b.Why), "no reason given"), dayOrDash(b.Allowed))
	case !b.Revoked.IsZero():
		line("state", "revoked %s, %s", dayOrDash(b.Revoked), cmp.Or(plain(b.Why), "no reason given"))
	case !b.Allowed.IsZero():
		line("state", "good; may claim once more, with another key, since %s", dayOrDash(b.Allowed))
	case b.Renewing:
		line("state", "good; renewed, and has not come with the new one yet")
	default:
		line("state", "good")
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	if len(b.Certificates) > 0 {
		fmt.Fprintln(w, "\nCERTIFICATE\tHOW\tFROM\tUNTIL\tKEY")
	}
	for _, c := range b.Certificates {
		key := "replaced"
		if c.Current {
			key = "in use"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.Number, c.How, dayOrDash(c.From), dayOrDash(c.Until), key)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(b.Suspects) > 0 {
		fmt.Fprintln(out)
		if err := writeSuspects(cmd, b.Suspects); err != nil {
			return err
		}
	}
	if len(b.Refusals) > 0 {
		fmt.Fprintln(out)
		return writeRefusals(cmd, b.Refusals)
	}
	return nil
}

func boxList() *cobra.Command {
	q := provision.BoxQuery{}
	cmd := onClaims("list", "List boxes that have a certificate, those that claimed last first", cobra.NoArgs, func(cmd *cobra.Command, r *provision.Registry, _ []string) (string, string, error) {
		all, err := r.Boxes(cmd.Context(), q)
		if err != nil {
			return "", "", err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "BOX\tSERIAL\tCLAIM\tPROVINCE\tCLAIMED\tREVOKED\tALLOWED")
		for _, b := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", b.Box, cmp.Or(b.Serial, "-"), cmp.Or(b.Claim, "-"), b.Province, dayOrDash(b.Claimed), dayOrDash(b.Revoked), dayOrDash(b.Allowed))
		}
		return "", "", w.Flush()
	})
	cmd.Flags().StringVar(&q.Claim, "claim", "", "only boxes that came of this `CLAIM`")
	cmd.Flags().BoolVar(&q.Revoked, "revoked", false, "only revoked ones")
	cmd.Flags().IntVar(&q.Limit, "limit", 100, "at most `N` lines")
	return cmd
}

func boxRevoke() *cobra.Command {
	var why string
	cmd := onClaims("revoke BOX", "Let a box in no more; a running aggregator cuts it off", cobra.ExactArgs(1), func(cmd *cobra.Command, r *provision.Registry, args []string) (string, string, error) {
		if err := r.RevokeBox(cmd.Context(), args[0], why); err != nil {
			return "", "", err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is revoked; to let it come back: aggregator box allow %[1]s\n", args[0])
		return "box_revoked", fmt.Sprintf("box=%s reason=%s", args[0], why), err
	})
	cmd.Flags().StringVar(&why, "reason", "", "`TEXT` that others find with it")
	return cmd
}

func boxAllow() *cobra.Command {
	return onClaims("allow BOX...", "Let boxes claim once more, with another key: after a factory reset or repair, or to have revoked ones back", cobra.MinimumNArgs(1), func(cmd *cobra.Command, r *provision.Registry, args []string) (string, string, error) {
		var done []string
		var err error
		for _, box := range args {
			if err = r.AllowBox(cmd.Context(), box); err != nil {
				break // what was done before it is done, and noted
			}
			done = append(done, box)
			fmt.Fprintf(cmd.OutOrStdout(), "%s may claim once more; whichever box of this id and serial asks first has it\n", box)
		}
		return noteOf("box_allowed", done), "box=" + strings.Join(done, ","), err
	})
}

// noteOf is what to note of something done to boxes; "": nothing was.
func noteOf(what string, boxes []string) string {
	if len(boxes) == 0 {
		return ""
	}
	return what
}

func boxSuspects() *cobra.Command {
	var limit int
	var clear string
	cmd := onClaims("suspects", "List boxes of which there may be two, and what gives them away; take one off that was looked at", cobra.NoArgs, func(cmd *cobra.Command, r *provision.Registry, _ []string) (string, string, error) {
		if clear != "" {
			err := r.ClearSuspect(cmd.Context(), clear)
			if err != nil {
				return "", "", err
			}
			return "suspect_cleared", "box=" + clear, nil
		}
		all, err := r.Suspects(cmd.Context(), limit)
		if err != nil {
			return "", "", err
		}
		return "", "", writeSuspects(cmd, all)
	})
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `N` lines")
	cmd.Flags().StringVar(&clear, "clear", "", "take this `BOX` off the list")
	return cmd
}

func writeSuspects(cmd *cobra.Command, all []provision.Suspect) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "LAST\tSINCE\tTIMES\tBOX\tSIGN\tDETAIL")
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", dayOrDash(s.Last), dayOrDash(s.First), s.N, s.Box, s.Kind, plain(s.Detail))
	}
	return w.Flush()
}
