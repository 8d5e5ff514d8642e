package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/profiles"
	"iptvdc/protocol"
)

func showCommand() *cobra.Command {
	var a asked
	cmd := &cobra.Command{Use: "show [TOPIC]", Short: "Show what is published and what boxes run", Args: cobra.MaximumNArgs(1),
		Long: "List what is published and say how many boxes run it, still run another version, or refused it and why; or say in words what is published on one topic, as p1/33/all. What is published lies in the data folder; what boxes run the running aggregator knows.",
		Example: `  aggregator profile show --data data/centre
  aggregator profile show p1/33/all --data data/centre
  aggregator profile show --data data/centre --url http://10.1.2.3:8080/ --token TOKEN`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := folderOf(a.data)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return showOne(cmd, f, args[0], &a)
			}
			entries, unread := f.List()
			if err := writeEntries(cmd.OutOrStdout(), entries); err != nil {
				return err
			}
			answer, err := a.running(cmd.Context(), "")
			if err != nil {
				return errors.Join(unread, unanswered(cmd, err))
			}
			return errors.Join(unread, writeRunning(cmd.OutOrStdout(), entries, answer, a.token != ""))
		}}
	a.flags(cmd)
	return cmd
}

// unanswered tells why what boxes run is not shown. It is a failure if somebody
// said whom to ask: what is published can be shown without anybody.
func unanswered(cmd *cobra.Command, err error) error {
	if cmd.Flags().Changed("url") || cmd.Flags().Changed("token") {
		return err
	}
	_, werr := fmt.Fprintf(cmd.ErrOrStderr(), "\nWhat boxes run is not shown: %v\n", err)
	return werr
}

func writeEntries(out io.Writer, entries []profiles.Entry) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TOPIC\tVERSION\tKEY\tUNTIL\tBYTES\tPUBLISHED")
	for _, e := range entries {
		at := time.UnixMilli(e.AtMs).UTC().Format(time.RFC3339)
		h, herr := e.Head()
		switch {
		case len(e.Packet) == 0:
			fmt.Fprintf(w, "%s\t%d\t-\twithdrawn\t-\t%s\n", e.Topic, e.Version, at)
		case herr != nil:
			fmt.Fprintf(w, "%s\t%d\t-\t%v\t%d\t%s\n", e.Topic, e.Version, herr, len(e.Packet), at)
		default:
			until := time.UnixMilli(int64(h.ExpiresMs)).UTC().Format(time.RFC3339)
			if h.ExpiresMs <= uint64(time.Now().UnixMilli()) {
				until = "expired " + until
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%s\n", e.Topic, e.Version, h.Key, until, len(e.Packet), at)
		}
	}
	return w.Flush()
}

func showOne(cmd *cobra.Command, f *profiles.Folder, topic string, a *asked) error {
	to, err := protocol.ParseSignedTopic(topic)
	if err != nil {
		return err
	}
	e, err := f.Get(topic)
	if err != nil {
		return err
	}
	if len(e.Packet) == 0 {
		return fmt.Errorf("nothing is published on %s", topic)
	}
	h, err := e.Head()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%-13s %d, signed with key %d, until %s\n", "version", h.Version, h.Key, time.UnixMilli(int64(h.ExpiresMs)).UTC().Format(time.RFC3339))
	if strings.HasPrefix(topic, "c1/") {
		_, err := fmt.Fprintf(out, "%-13s %s\n", "command", h.Payload)
		return err
	}
	p, err := protocol.ParseProfile(h.Payload)
	if err != nil {
		return err
	}
	for _, line := range profiles.Explain(&p) {
		fmt.Fprintln(out, line)
	}
	province := fmt.Sprintf("%02d", to.Province)
	answer, err := a.running(cmd.Context(), province)
	if err != nil {
		return unanswered(cmd, err)
	}
	for _, s := range spreads([]profiles.Entry{e}, answer.Rows) {
		if s.province == province && s.group == to.Group {
			_, err = fmt.Fprintf(out, "%-13s %s\n", "boxes", s.sentence(time.Now()))
		}
	}
	return err
}
