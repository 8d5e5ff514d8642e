package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
)

func sourceCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "source", Short: "Own data sources: list, add, refresh, remove",
		Long: "Own data sources: files, databases and services whose measures stand beside the platform's figures. What is done here is done as the built-in administrator; a running aggregator sees it within seconds.",
		Example: `  aggregator source add shop_sales --title 线下销售 --file sales.xlsx --data data/centre
  aggregator source add targets --title 目标 --file targets.csv --column 目标=number:boxes:target
  aggregator source add crm --title CRM --kind postgres --address 10.1.2.3:5432 --database crm --user reader --secret-file crm.password \
      --query "SELECT day, province, amount FROM sales" --every 60 --config aggregator.yaml
  aggregator source list
  aggregator source refresh shop_sales --file sales-june.xlsx`}
	cmd.AddCommand(sourceList(), sourceAdd(), sourceRefresh(), sourceRemove())
	return cmd
}

// onSources makes a command that works on the sources of a data folder.
func onSources(use, short string, args cobra.PositionalArgs, f func(cmd *cobra.Command, s *source.Shelf, args []string) error) *cobra.Command {
	var data, file string
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		c, err := LoadConfig(file, os.LookupEnv)
		if err != nil {
			return err
		}
		if !cmd.Flags().Changed("data") {
			data = c.Data
		}
		return withSettings(cmd, data, func(book *settings.Settings) error {
			s, err := openSources(cmd.Context(), &c, data, book, slog.New(slog.DiscardHandler), nil)
			if err != nil {
				return err
			}
			return forPeople(f(cmd, s, args))
		})
	}}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&file, "config", "", "config `FILE`: which addresses may be asked, see sources.allow")
	return cmd
}

func sourceList() *cobra.Command {
	return onSources("list", "List own data sources, how old and how well they are", cobra.NoArgs, func(cmd *cobra.Command, s *source.Shelf, _ []string) error {
		all, err := s.List(cmd.Context(), settings.OfMachine())
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		if _, err := fmt.Fprintln(w, "NAME\tKIND\tROWS\tREAD\tNEXT\tSTATE"); err != nil {
			return err
		}
		for _, v := range all {
			state := "ok"
			if v.Fault != "" {
				state = "failed: " + v.Fault
			}
			if _, err := fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", v.Name, v.Kind, v.Rows, cmp.Or(v.At.String(), "never"), cmp.Or(v.Due.String(), "by hand"), state); err != nil {
				return err
			}
		}
		return w.Flush()
	})
}

// stage hands a file to the shelf.
func stage(ctx context.Context, s *source.Shelf, path, sheet string) (upload string, p *source.Preview, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	upload, p, err = s.Stage(ctx, settings.OfMachine(), f, sheet)
	return upload, p, errors.Join(err, f.Close())
}

func sourceAdd() *cobra.Command {
	var d source.Definition
	var kind, path, secretFile, title, titleEN string
	var columns []string
	cmd := onSources("add NAME", "Add an own data source and read it; types of columns are guessed unless they are said", cobra.ExactArgs(1), func(cmd *cobra.Command, s *source.Shelf, args []string) error {
		d.Name, d.Kind = args[0], source.Kind(kind)
		d.Title = indicator.Text{ZH: cmp.Or(title, titleEN, d.Name), EN: cmp.Or(titleEN, title, d.Name)}
		secret, err := secretOr("", secretFile)
		if err != nil {
			return err
		}
		var upload string
		var p *source.Preview
		if path != "" {
			upload, p, err = stage(cmd.Context(), s, path, d.Sheet)
		} else {
			p, err = s.Try(cmd.Context(), settings.OfMachine(), &d, secret)
		}
		if err != nil {
			return err
		}
		d.Columns = p.Columns
		for _, text := range columns {
			if err := sayColumn(d.Columns, text); err != nil {
				return err
			}
		}
		if err := s.Add(cmd.Context(), settings.OfMachine(), &d, secret, upload); err != nil {
			return err
		}
		return tellSource(cmd, s, d.Name)
	})
	f := cmd.Flags()
	f.StringVar(&path, "file", "", "CSV or XLSX `FILE`, of kind upload")
	f.StringVar(&kind, "kind", string(source.KindUpload), fmt.Sprintf("`KIND`: %v", source.Kinds()))
	f.StringVar(&title, "title", "", "what people call it, in Chinese")
	f.StringVar(&titleEN, "title-en", "", "the same in English")
	f.StringVar(&d.Address, "address", "", "`URL`, host:port of a database, or name of a SQLite file")
	f.StringVar(&d.Database, "database", "", "`NAME` of the database")
	f.StringVar(&d.User, "user", "", "`NAME` under which it is asked")
	f.StringVar(&secretFile, "secret-file", "", "`FILE` whose first line is the password or token")
	f.BoolVar(&d.TLS, "tls", false, "ask PostgreSQL or MySQL over TLS")
	f.StringVar(&d.Query, "query", "", "the one `SELECT` to ask")
	f.StringVar(&d.Path, "path", "", "where the records lie in a JSON answer, as data.items")
	f.StringVar(&d.Sheet, "sheet", "", "`NAME` of the sheet of an XLSX file")
	f.IntVar(&d.EveryMinutes, "every", 0, "read it again every so many `MINUTES`; 0: by hand alone")
	f.IntVar(&d.Keep, "keep", 0, fmt.Sprintf("how many versions are kept; 0: %d", source.DefaultVersions))
	f.StringArrayVar(&columns, "column", nil, "`FIELD=TYPE[:UNIT[:NAME]]`, instead of what is guessed; "+fmt.Sprint(source.Types()))
	return cmd
}

// sayColumn puts FIELD=TYPE[:UNIT[:NAME]] into the column of the field.
func sayColumn(columns []source.Column, text string) error {
	at := strings.LastIndex(text, "=")
	n := slices.IndexFunc(columns, func(c source.Column) bool { return at > 0 && c.Field == text[:at] })
	if n < 0 {
		var fields []string
		for _, c := range columns {
			fields = append(fields, c.Field)
		}
		return fmt.Errorf("--column %q: there is no such field; write FIELD=TYPE, there are: %s", text, strings.Join(fields, ", "))
	}
	parts := strings.Split(text[at+1:], ":")
	c := &columns[n]
	c.Type, c.Unit = source.Type(parts[0]), ""
	if len(parts) > 1 {
		c.Unit = indicator.Unit(parts[1])
	}
	if len(parts) > 2 {
		c.Name = parts[2]
	}
	return nil
}

// tellSource prints what was read of a source.
func tellSource(cmd *cobra.Command, s *source.Shelf, name string) error {
	d, err := s.Details(cmd.Context(), settings.OfMachine(), name)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d rows, %d refused\n", name, d.View.Rows, d.View.Rejected)
	for _, v := range d.Versions {
		if v.Holds {
			for _, f := range v.Read.Faults[:min(len(v.Read.Faults), 10)] {
				fmt.Fprintf(&b, "  row %d, %s %q: %s\n", f.Row, f.Column, f.Value, f.Text)
			}
		}
	}
	for _, c := range d.Definition.Columns {
		fmt.Fprintf(&b, "  %s: %s %s\n", c.Field, c.Type, c.Unit)
	}
	fmt.Fprintf(&b, "its figures: %s\nto whom it is open: aggregator user grant NAME --data-set src.%s --province CODES\n", strings.Join(d.View.Figures, ", "), name)
	_, err = fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}

func sourceRefresh() *cobra.Command {
	var path string
	cmd := onSources("refresh NAME", "Read a source again; if that fails, what was read before goes on to hold", cobra.ExactArgs(1), func(cmd *cobra.Command, s *source.Shelf, args []string) error {
		var upload string
		if path != "" {
			var err error
			if upload, _, err = stage(cmd.Context(), s, path, ""); err != nil {
				return err
			}
		}
		if err := s.Refresh(cmd.Context(), settings.OfMachine(), args[0], upload); err != nil {
			return err
		}
		return tellSource(cmd, s, args[0])
	})
	cmd.Flags().StringVar(&path, "file", "", "the new CSV or XLSX `FILE` of an upload")
	return cmd
}

func sourceRemove() *cobra.Command {
	return onSources("remove NAME", "Remove a source with all its versions; its name is not given again", cobra.ExactArgs(1), func(cmd *cobra.Command, s *source.Shelf, args []string) error {
		if err := s.Remove(cmd.Context(), settings.OfMachine(), args[0]); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is removed\n", args[0])
		return err
	})
}
