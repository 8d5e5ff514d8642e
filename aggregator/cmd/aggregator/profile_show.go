package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/profiles"
	"iptvdc/protocol"
)

func showCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: "show [TOPIC]", Short: "List what is published, or explain one", Args: cobra.MaximumNArgs(1),
		Long:    "List what is published, or say in words what is published on one topic, as p1/33/all. What single boxes run they tell by running events.",
		Example: "  aggregator profile show --data data/centre\n  aggregator profile show p1/33/all --data data/centre",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := folderOf(data)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return showOne(cmd, f, args[0])
			}
			entries, err := f.List()
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
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
			return errors.Join(err, w.Flush())
		}}
	dataFlag(cmd, &data)
	return cmd
}

func showOne(cmd *cobra.Command, f *profiles.Folder, topic string) error {
	if _, err := protocol.ParseSignedTopic(topic); err != nil {
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
	return nil
}
