package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/console"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/sheets"
)

// exportPatience is as long as the aggregator takes for a whole board.
const exportPatience = 130 * time.Second

// exportForms are the forms in which a board leaves, and what their files are called.
var exportForms = map[string]string{"xlsx": ".xlsx", "csv": ".zip", "html": ".html"}

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Take figures out of a running aggregator as files: whole boards as workbooks",
		Example: "  aggregator export boards\n  aggregator export board k3jx0a8d2m1q --out evening.xlsx\n  aggregator export board k3jx0a8d2m1q --format csv --filters '{\"period\":{\"last\":7,\"unit\":\"day\"}}'"}
	cmd.AddCommand(exportBoardCommand(), exportBoardsCommand())
	return cmd
}

func exportBoardsCommand() *cobra.Command {
	var a insightAsked
	cmd := &cobra.Command{Use: "boards", Short: "List the boards that can be exported, with their ids", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all console.BoardList
			if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/boards", &all); err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "BOARD\tTITLE\tOWNER\tREVISION")
			for _, b := range all.Boards {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", b.ID, plain(sheets.Lang(a.lang).Of(indicator.Text{ZH: b.Title.ZH, EN: b.Title.EN})), plain(b.Owner), b.Revision)
			}
			return w.Flush()
		}}
	a.asked.flags(cmd)
	langFlag(cmd, &a.lang)
	return cmd
}

// langFlag is the language of what people read.
func langFlag(cmd *cobra.Command, lang *string) {
	def := "en"
	if wordsFor(os.Getenv) == chinese {
		def = "zh"
	}
	cmd.Flags().StringVar(lang, "lang", def, "`LANG`, zh or en; default: as the terminal's")
	cmd.Flags().Lookup("lang").DefValue = ""
}

func exportBoardCommand() *cobra.Command {
	var a insightAsked
	var format, out, filters string
	cmd := &cobra.Command{Use: "board ID", Short: "Write a whole board to a file: a workbook, CSV files or a page", Args: cobra.ExactArgs(1),
		Long: "Write a whole board to a file, in the scope of whoever asks: of the token, or of the built-in administrator.",
		RunE: func(cmd *cobra.Command, args []string) error {
			extension, ok := exportForms[format]
			if !ok {
				return fmt.Errorf("format: %q; allowed: xlsx, csv, html", format)
			}
			a.patience = exportPatience
			values := url.Values{"format": {format}, "lang": {a.lang}}
			if filters != "" {
				values.Set("filters", filters)
			}
			var file []byte
			if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/boards/"+url.PathEscape(args[0])+"/export?"+values.Encode(), &file); err != nil {
				return err
			}
			if out == "-" {
				_, err := cmd.OutOrStdout().Write(file)
				return err
			}
			if out == "" {
				out = args[0] + extension
			}
			if err := writeNew(out, file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s, %d bytes\n", out, len(file))
			return err
		}}
	a.asked.flags(cmd)
	langFlag(cmd, &a.lang)
	f := cmd.Flags()
	f.StringVar(&format, "format", "xlsx", "xlsx, csv (a ZIP archive) or html")
	f.StringVarP(&out, "out", "o", "", "`FILE`, - for the terminal; without: the board's id. What is there is not overwritten")
	f.StringVar(&filters, "filters", "", "`JSON` of a board's filters, as {\"period\":{\"last\":7,\"unit\":\"day\"}}")
	return cmd
}

// writeNew writes a file that only its owner reads, and never over another: figures of
// one scope must not end where those of another are expected.
func writeNew(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if os.IsExist(err) {
		return fmt.Errorf("%s is there already; remove it or choose another name with --out FILE", name)
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
