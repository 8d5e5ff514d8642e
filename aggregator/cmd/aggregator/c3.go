package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/console"
)

func c3Command() *cobra.Command {
	cmd := &cobra.Command{Use: "c3", Short: "The provinces' files: put in, look at, decide on; how provinces write them"}
	cmd.AddCommand(c3ImportCommand(), c3FilesCommand(), c3FaultsCommand(), c3DecideCommand(true), c3DecideCommand(false), c3UnknownCommand(), c3DialectCommand())
	return cmd
}

func c3FilesCommand() *cobra.Command {
	var a asked
	var province, feed, from, to, outcome, limit string
	cmd := &cobra.Command{
		Use: "files", Short: "List what became of files, the latest first", Args: cobra.NoArgs,
		Long: "List what became of the provinces' files, the latest first. A file that came again is not listed again; its receipt says so.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			for name, v := range map[string]string{"province": province, "feed": feed, "from": from, "to": to, "outcome": outcome, "limit": limit} {
				if v != "" {
					q.Set(name, v)
				}
			}
			var files console.FeedFiles
			if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/feeds/files?"+q.Encode(), &files); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(files.Files) == 0 {
				_, err := fmt.Fprintln(out, "There is no such file. Put one in with: aggregator c3 import --province CODE FILE")
				return err
			}
			w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tPROVINCE\tFEED\tDAY\tOUTCOME\tRECORDS\tACCEPTED\tREJECTED\tREPEATED\tWHY\tNAME")
			for _, f := range files.Files {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.ID, f.Province, cmp.Or(f.Feed, "-"), f.Day, f.Outcome,
					thousands(f.Records), thousands(f.Accepted), thousands(f.Rejected), thousands(f.Repeated), why(f.Why, f.Counts), plain(f.Name))
			}
			if files.More {
				fmt.Fprintln(w, "There are more; ask for more with --limit N.")
			}
			return w.Flush()
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&province, "province", "", "`CODE` of a province, as 33")
	f.StringVar(&feed, "feed", "", "`FEED`: catalogue, subscribers, changes, orders or products")
	f.StringVar(&from, "from", "", "first `DAY` of which files speak, as 2026-05-03")
	f.StringVar(&to, "to", "", "last `DAY`")
	f.StringVar(&outcome, "outcome", "", "`OUTCOME`: accepted, partly, refused, waiting; several with commas between them")
	f.StringVar(&limit, "limit", "", "at most `N` files; without: 100")
	return cmd
}

// why is what was wrong, in short.
func why(code string, counts map[string]int64) string {
	var all []string
	if code != "" {
		all = append(all, code)
	}
	for _, c := range slices.Sorted(maps.Keys(counts)) {
		if c != code {
			all = append(all, fmt.Sprintf("%s %s", c, thousands(counts[c])))
		}
	}
	return cmp.Or(strings.Join(all, ", "), "-")
}

func c3FaultsCommand() *cobra.Command {
	var a asked
	var skip, limit int
	cmd := &cobra.Command{
		Use: "faults ID", Short: "Show what was wrong with a file, line by line", Args: cobra.ExactArgs(1),
		Long: "Show what was wrong with a file, line by line, as it was sent. Lines name people: only administrators may see them, and it is logged.",
		RunE: func(cmd *cobra.Command, args []string) error {
			var faults console.FeedFaults
			path := fmt.Sprintf("/api/v1/feeds/files/%s/faults?skip=%d&limit=%d", url.PathEscape(args[0]), skip, limit)
			if err := a.call(cmd.Context(), http.MethodGet, path, &faults); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(faults.Faults) == 0 {
				_, err := fmt.Fprintln(out, "Nothing was wrong with the file.")
				return err
			}
			w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "LINE\tFIELD\tCODE\tWHAT\tAS SENT")
			for _, f := range faults.Faults {
				line := fmt.Sprint(f.Line)
				if f.Line == 0 {
					line = "file"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", line, cmp.Or(plain(f.Field), "-"), f.Code, plain(f.Text), plain(f.Raw))
			}
			if faults.More {
				fmt.Fprintf(w, "There are more; go on with --skip %d.\n", skip+len(faults.Faults))
			}
			return w.Flush()
		},
	}
	a.flags(cmd)
	cmd.Flags().IntVar(&skip, "skip", 0, "leave out the first `N`")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `N`, up to 1000")
	return cmd
}

func c3DecideCommand(release bool) *cobra.Command {
	var a asked
	use, verb := "reject", "Refuse a file that waits for a decision"
	if release {
		use, verb = "release", "Let in a file that waits for a decision"
	}
	cmd := &cobra.Command{
		Use: use + " ID", Short: verb, Args: cobra.ExactArgs(1),
		Long: verb + ", as one that has far fewer rows than the day before. aggregator c3 files --outcome waiting lists them.",
		RunE: func(cmd *cobra.Command, args []string) error {
			var r console.FeedReceipt
			if err := a.call(cmd.Context(), http.MethodPost, "/api/v1/feeds/files/"+url.PathEscape(args[0])+"/"+use, &r); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s records, %s accepted, %s rejected, %s repeated\n", r.Outcome,
				thousands(r.Records), thousands(r.Accepted), thousands(r.Rejected), thousands(r.Repeated))
			return err
		},
	}
	a.flags(cmd)
	return cmd
}

func c3DialectCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "dialect", Short: "How provinces write their files"}
	check := &cobra.Command{
		Use: "check FILE", Short: "Say what a dialect means, or what is wrong with it", Args: cobra.ExactArgs(1),
		Long: "Say what a dialect means, or everything that is wrong with it and what to write instead. A good one goes into the folder c3/dialects of the data folder; it holds from the next second on.",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			d, err := dialect.Compile(text)
			if err != nil {
				return fmt.Errorf("%s:\n%w", args[0], err)
			}
			out := cmd.OutOrStdout()
			if _, err := fmt.Fprint(out, dialect.Explain(d)); err != nil {
				return err
			}
			if d.Province == 0 {
				_, err = fmt.Fprintln(out, "\nIt names no province yet: add a line such as province: \"33\" before it is used.")
			}
			return err
		},
	}
	var data, folder string
	list := &cobra.Command{
		Use: "list", Short: "List the ready dialects and those of this aggregator", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tPROVINCE\tREVISION\tTITLE")
			for _, name := range dialect.Ready() {
				d, err := dialect.LoadReady(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", name, of(d.Province), d.Revision, d.Title)
			}
			files, _ := filepath.Glob(filepath.Join(c3FolderOf(data, folder), "dialects", "*.y*ml"))
			for _, path := range files {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				d, err := dialect.Compile(text)
				if err != nil {
					fmt.Fprintf(w, "%s\t-\t-\tcannot be used; see: aggregator c3 dialect check %s\n", filepath.Base(path), path)
					continue
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", filepath.Base(path), of(d.Province), d.Revision, plain(d.Title))
			}
			return w.Flush()
		},
	}
	dataFlag(list, &data)
	folderFlag(list, &folder)
	show := &cobra.Command{
		Use: "show NAME", Short: "Print a ready dialect, to start from", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := dialect.ReadyText(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	cmd.AddCommand(check, list, show)
	return cmd
}

func of(p aggregator.Province) string {
	if p == 0 {
		return "-"
	}
	return provinceName(p.String())
}

func folderFlag(cmd *cobra.Command, folder *string) {
	cmd.Flags().StringVar(folder, "folder", os.Getenv("IPTV_C3_FOLDER"), "`DIR` of the provinces' files if it is not c3 in --data")
}

func c3FolderOf(data, folder string) string { return cmp.Or(folder, filepath.Join(data, c3Dir)) }
