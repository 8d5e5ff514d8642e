package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/phone"
)

// appsDir holds apps for phones, what was made of them, and the key that signs them.
const appsDir = "apps"

// mapFile is the operator's map of the provinces.
const mapFile = "map.geojson"

func appCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "app", Short: "Apps for phones: make them, and packages of them",
		Long: "Apps for phones. An app has a name, an icon, colours and boards to begin with, and an address of its own, /app/NAME/, where browsers install it. Of it an Android package is made, signed with a key that is made in the data folder at its first use, or an Xcode project. It works beside a running aggregator.",
		Example: `  aggregator app set boards --zh 灵动 --en Boards --server https://data.example --icon icon.png --start content=~content --start =~wall
  aggregator app make boards --android
  aggregator app key -o key.zip              # keep it elsewhere: without it nobody updates`}
	cmd.AddCommand(appSet(), appList(), appMake(), appKey(), appRemove())
	return cmd
}

// onApps makes a command that works on the apps of a data folder.
func onApps(use, short string, args cobra.PositionalArgs, f func(cmd *cobra.Command, m *phone.Maker, args []string) error) *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		if info, err := os.Stat(data); err != nil || !info.IsDir() {
			return fmt.Errorf("there is no folder %s; start the aggregator, or give its folder with --data DIR", data)
		}
		m, err := phone.Open(filepath.Join(data, appsDir), slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		return errors.Join(forPeople(f(cmd, m, args)), m.Close())
	}}
	dataFlag(cmd, &data)
	return cmd
}

func appSet() *cobra.Command {
	var a phone.App
	var icon string
	var starts []string
	cmd := onApps("set NAME", "Make or change an app; what is not given stays", cobra.ExactArgs(1), func(cmd *cobra.Command, m *phone.Maker, args []string) error {
		next, err := m.App(args[0])
		if err != nil {
			next = phone.App{Name: args[0], Theme: a.Theme, Background: a.Background}
		}
		for flag, field := range map[string]struct{ from, to *string }{
			"zh": {&a.Title.ZH, &next.Title.ZH}, "en": {&a.Title.EN, &next.Title.EN}, "server": {&a.Server, &next.Server},
			"theme": {&a.Theme, &next.Theme}, "background": {&a.Background, &next.Background},
		} {
			if cmd.Flags().Changed(flag) {
				*field.to = *field.from
			}
		}
		if cmd.Flags().Changed("start") {
			next.Starts = nil
			for _, s := range starts {
				role, board, ok := strings.Cut(s, "=")
				if !ok {
					return fmt.Errorf("--start %q: write ROLE=BOARD, or =BOARD for everybody", s)
				}
				next.Starts = append(next.Starts, phone.Start{Role: role, Board: board})
			}
		}
		if next, err = m.Set(next); err != nil {
			return err
		}
		if icon != "" {
			b, err := os.ReadFile(icon)
			if err != nil {
				return err
			}
			if next, err = m.SetIcon(args[0], b); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s, revision %d\n", next.Address(), next.Revision)
		return err
	})
	f := cmd.Flags()
	f.StringVar(&a.Title.ZH, "zh", "", "its `TITLE` in Chinese")
	f.StringVar(&a.Title.EN, "en", "", "its `TITLE` in English")
	f.StringVar(&a.Server, "server", "", "the page as phones reach it, a `URL` as https://data.example")
	f.StringVar(&a.Theme, "theme", "#0b6478", "`COLOUR` of bars")
	f.StringVar(&a.Background, "background", "#f3f5f7", "`COLOUR` while it starts")
	f.StringVar(&icon, "icon", "", "`FILE` of a square PNG, 192 to 2048 pixels")
	f.StringArrayVar(&starts, "start", nil, "`ROLE=BOARD`, with which readers of a role begin; =BOARD: everybody; ~NAME is a template")
	return cmd
}

func appList() *cobra.Command {
	return onApps("list", "List apps and what was made of them", cobra.NoArgs, func(cmd *cobra.Command, m *phone.Maker, _ []string) error {
		apps, err := m.Apps()
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		for _, a := range apps {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\trevision %d\t%s\n", a.Address(), a.Title.ZH, a.Title.EN, a.Revision, a.Server)
			builds, err := m.Builds(a.Name)
			if err != nil {
				return err
			}
			for _, b := range builds {
				_, _ = fmt.Fprintf(w, "  %s\t%d bytes\t%s\t\t\n", b.File, b.Bytes, b.Made.Format("2006-01-02 15:04"))
			}
		}
		return w.Flush()
	})
}

func appMake() *cobra.Command {
	var android, ios bool
	cmd := onApps("make NAME", "Make an Android package or an Xcode project of an app, and print where it is", cobra.ExactArgs(1), func(cmd *cobra.Command, m *phone.Maker, args []string) error {
		if !android && !ios {
			return errors.New("make what? give --android, --ios, or both")
		}
		for kind, wanted := range map[phone.Kind]bool{phone.Android: android, phone.IOS: ios} {
			if !wanted {
				continue
			}
			path, err := m.Make(cmd.Context(), args[0], kind)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), path); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().BoolVar(&android, "android", false, "an Android package; takes Debian's aapt, zipalign, apksigner, libsmali-java, android-framework-res and Java")
	cmd.Flags().BoolVar(&ios, "ios", false, "an Xcode project")
	return cmd
}

func appKey() *cobra.Command {
	var out string
	cmd := onApps("key", "Write the key that signs Android packages, with its password, into a zip file", cobra.NoArgs, func(cmd *cobra.Command, m *phone.Maker, _ []string) error {
		b, err := m.Key()
		if err != nil {
			return err
		}
		return os.WriteFile(out, b, 0o600)
	})
	cmd.Flags().StringVarP(&out, "out", "o", "android-key.zip", "`FILE` to write")
	return cmd
}

func appRemove() *cobra.Command {
	return onApps("remove NAME", "Remove an app and what was made of it; the key stays", cobra.ExactArgs(1), func(_ *cobra.Command, m *phone.Maker, args []string) error {
		return m.Remove(args[0])
	})
}
