package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/store"
)

// watchEvery is how often rules are held against what is over.
const watchEvery = time.Minute

func (p *Platform) newWatcher() *insight.Watcher {
	log := p.log.With("part", "insight")
	return &insight.Watcher{Figures: p.figures(), Book: p.settings, Courier: logCourier{log}, Now: time.Now, Log: log}
}

// valueName names what catalogues are normalised to.
func (p *Platform) valueName(d store.Column, cell string) (indicator.Text, bool) {
	var field normal.Field
	switch d {
	case store.ColGenre, store.ColSubGenre:
		field = normal.Genre
	case store.ColPlace:
		field = normal.Place
	case store.ColMaker:
		field = normal.Provider
	default:
		return indicator.Text{}, false
	}
	e, ok := p.dictionary.LookUp(field, cell)
	return indicator.Text{ZH: e.ZH, EN: e.EN}, ok && e.ZH != "" && e.EN != ""
}

// logCourier writes notices to the log, where an operator's tools find them.
type logCourier struct{ log *slog.Logger }

// Deliver implements insight.Courier.
func (l logCourier) Deliver(_ context.Context, n insight.Notice) error {
	l.log.Info("an alert", "notice", n.ID, "rule", n.Rule, "owner", n.Owner, "name", n.Name, "province", n.Province, "firing", n.Firing, "period", n.Period, "text", n.Text.EN)
	return nil
}

// insight tells how rules of alerts do.
func (c *partsCollector) insight(tell teller) {
	if c.p.watcher == nil {
		return // not open yet
	}
	s := c.p.watcher.Stats()
	tell("iptv_insight_judged_total", float64(s.Judged))
	tell("iptv_insight_notices_total", float64(s.Noticed))
	tell("iptv_insight_failures_total", float64(s.Failed))
	tell("iptv_insight_firing", float64(s.Firing))
}

// sayings is what any insight says in words; each has some of it.
type sayings struct {
	Text indicator.Text
	Rows []struct{ Text indicator.Text }

	Sides []struct{ Text indicator.Text }
	Dead  []struct{ Text indicator.Text }

	Normalised []insight.Normalised
}

// insightAsked is what all questions share.
type insightAsked struct {
	asked
	lang   string
	asJSON bool
	values url.Values
}

func (a *insightAsked) flags(cmd *cobra.Command) {
	a.asked.flags(cmd)
	lang := "en"
	if wordsFor(os.Getenv) == chinese {
		lang = "zh"
	}
	cmd.Flags().StringVar(&a.lang, "lang", lang, "`LANG` of the answer, zh or en; default: as the terminal's")
	cmd.Flags().Lookup("lang").DefValue = ""
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print the whole answer with its numbers, as JSON")
}

// pick is the text in the language asked for.
func (a *insightAsked) pick(t indicator.Text) string {
	if a.lang == "zh" {
		return plain(t.ZH)
	}
	return plain(t.EN)
}

func insightCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "insight", Short: "Say in words what changed, which poster to change where, what a place likes, what is unusual, who may leave",
		Long: "Ask a running aggregator what its figures mean. Without --from and --to it looks at the last seven days that are over.",
	}
	for _, kind := range []struct {
		name, short string
		flags       []string
	}{
		{"movers", "What explains the change of a figure", []string{"indicator", "from", "to", "compare", "by", "province", "limit"}},
		{"posters", "Where a poster does worse or better than elsewhere", []string{"from", "to", "rate", "subject", "level", "province", "page", "limit"}},
		{"positions", "How contents do for where they stand, and dead slots", []string{"from", "to", "rate", "province", "page", "limit"}},
		{"taste", "What places watch more or less of", []string{"from", "to", "by", "level", "province", "limit"}},
		{"offer", "What is watched and hardly shown, and the other way", []string{"from", "to", "by", "level", "province", "limit"}},
		{"products", "What products earn, how their content is watched, and whose is weak", []string{"from", "to", "products", "province", "limit"}},
		{"anomalies", "Figures that are not as on other such days", []string{"day", "hour", "indicators", "province", "limit"}},
	} {
		cmd.AddCommand(insightQuestion(kind.name, kind.short, kind.flags))
	}
	cmd.AddCommand(riskCommand(), alertsCommand(), addRuleCommand(), removeRuleCommand())
	return cmd
}

// insightFlags say what a flag takes.
var insightFlags = map[string]string{
	"indicator": "`ID` of a figure, as plays", "from": "first `DAY`, as 2026-05-03", "to": "last `DAY`", "day": "`DAY`; without: yesterday", "hour": "`HOUR` of it, 0 to 23",
	"compare": "weekdays, previous or year: with which `TIME` before", "by": "`DIMENSION`s to look along, as genre", "province": "`CODE` of a province, as 33",
	"rate": "ctr, focus_ctr or click_to_play: which `RATE`", "subject": "poster or slot: of `WHAT`", "level": "province or city: which `PLACES`", "page": "only this `PAGE`",
	"indicators": "`ID`s of figures with commas between them", "products": "`CODE`s of products with commas between them; without: those that earned most", "limit": "at most `N` findings",
}

func insightQuestion(name, short string, flags []string) *cobra.Command {
	a := insightAsked{values: url.Values{}}
	given := map[string]*string{}
	cmd := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, v := range given {
				if *v != "" {
					a.values.Set(name, *v)
				}
			}
			yesterday := aggregator.DayOf(time.Now().UnixMilli()) - 1
			for name, day := range map[string]aggregator.Day{"from": yesterday - 6, "to": yesterday, "day": yesterday} {
				if given[name] != nil && !a.values.Has(name) {
					a.values.Set(name, day.String())
				}
			}
			var answer json.RawMessage
			err := waiting(cmd.ErrOrStderr(), name, func() error {
				return a.call(cmd.Context(), http.MethodGet, "/api/v1/insights/"+name+"?"+a.values.Encode(), &answer)
			})
			if err != nil {
				return err
			}
			return a.write(cmd.OutOrStdout(), answer)
		},
	}
	a.flags(cmd)
	for _, name := range flags {
		given[name] = cmd.Flags().String(name, "", insightFlags[name])
	}
	if given["indicator"] != nil {
		if err := cmd.MarkFlagRequired("indicator"); err != nil {
			panic(err) // the flag was made above
		}
	}
	return cmd
}

// waiting says on a terminal for how long a question has been thought about.
func waiting(w io.Writer, what string, ask func() error) error {
	f, ok := w.(*os.File)
	if info, err := fileInfo(f, ok); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return ask() // nobody watches
	}
	done := make(chan error, 1)
	go func() { done <- ask() }()
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			fmt.Fprint(w, "\r\x1b[K")
			return err
		case <-tick.C:
			fmt.Fprintf(w, "\r\x1b[K%s: %d s", what, int(time.Since(began).Seconds()))
		}
	}
}

func fileInfo(f *os.File, ok bool) (os.FileInfo, error) {
	if !ok {
		return nil, os.ErrInvalid
	}
	return f.Stat()
}

// write prints an answer's words, the sum of it first.
func (a *insightAsked) write(w io.Writer, answer json.RawMessage) error {
	if a.asJSON {
		_, err := fmt.Fprintln(w, string(answer))
		return err
	}
	var s sayings
	if err := json.Unmarshal(answer, &s); err != nil {
		return fmt.Errorf("the answer is not one of this release: %w", err)
	}
	lines := []string{a.pick(s.Text)}
	for _, side := range s.Sides {
		if text := a.pick(side.Text); text != "" {
			lines = append(lines, "- "+text)
		}
	}
	for _, row := range s.Rows {
		lines = append(lines, "- "+a.pick(row.Text))
	}
	for _, row := range s.Dead {
		lines = append(lines, "- "+a.pick(row.Text))
	}
	for _, n := range s.Normalised {
		lines = append(lines, fmt.Sprintf("- %s: %.2f", plain(n.Content), n.Index))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func alertsCommand() *cobra.Command {
	var a insightAsked
	cmd := &cobra.Command{
		Use: "alerts", Short: "List your rules, how they stand, and what they told", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer json.RawMessage
			if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/insights/alerts", &answer); err != nil {
				return err
			}
			if a.asJSON {
				return a.write(cmd.OutOrStdout(), answer)
			}
			var all console.Alerts
			if err := json.Unmarshal(answer, &all); err != nil {
				return fmt.Errorf("the answer is not one of this release: %w", err)
			}
			out := cmd.OutOrStdout()
			if len(all.Rules) == 0 {
				fmt.Fprintln(out, "There are no rules; make one with: aggregator insight rule --indicator ID")
			}
			for _, r := range all.Rules {
				state := fmt.Sprintf("quiet in %d provinces", r.Judged)
				if len(r.Firing) > 0 {
					state = "fires in " + strings.Join(r.Firing, ", ")
				}
				fmt.Fprintf(out, "%d  %s: %s %s %v by %s, for %d: %s\n", r.ID, plain(r.Name), r.Indicator, r.Kind, r.Level, r.Grain, r.Hold, state)
			}
			for _, n := range all.Notices {
				fmt.Fprintf(out, "%s  rule %d  %s\n", n.Period, n.Rule, a.pick(n.Text))
			}
			return nil
		},
	}
	a.flags(cmd)
	return cmd
}

func addRuleCommand() *cobra.Command {
	var a insightAsked
	var rule console.NewRule
	cmd := &cobra.Command{
		Use: "rule", Short: "Make a rule: when to be told of a figure", Args: cobra.NoArgs,
		Long: "Make a rule. It is judged as days (from six in the morning) and hours (a quarter after) are over, for each province by itself; " +
			"what it tells is in the console, in `aggregator insight alerts`, in the log, and goes to the places of its owner and of --to (aggregator report place).",
		Example: "  aggregator insight rule --indicator power_ons --kind fall --level 20 --hold 2\n  aggregator insight rule --indicator error_rate --kind above --level 5 --grain hour --province 33",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var made console.AlertRule
			if err := a.send(cmd.Context(), http.MethodPost, "/api/v1/insights/rules", rule, &made); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "rule %d\n", made.ID)
			return err
		},
	}
	a.asked.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&rule.Name, "name", "", "`NAME` for people; without: the indicator's")
	f.StringVar(&rule.Indicator, "indicator", "", "`ID` of a figure, as plays")
	f.StringSliceVar(&rule.Provinces, "province", nil, "`CODE`s of provinces, as 33,43; without: all")
	f.StringVar(&rule.Grain, "grain", "day", "day or hour: what is judged")
	f.StringVar(&rule.Kind, "kind", "anomaly", "above, below, rise, fall or anomaly: `WHAT` to be told of")
	f.Float64Var(&rule.Level, "level", 0, "`NUMBER`: of above and below in the figure's unit, of rise and fall percent, of anomaly deviations (3.5)")
	f.IntVar(&rule.Hold, "hold", 1, "for how many days or hours in a row")
	f.StringSliceVar(&rule.Receivers, "to", nil, "`NAME`s of people who are told as well, where the figure is open to them")
	if err := cmd.MarkFlagRequired("indicator"); err != nil {
		panic(err) // the flag was made above
	}
	return cmd
}

func removeRuleCommand() *cobra.Command {
	var a asked
	cmd := &cobra.Command{
		Use: "unrule RULE", Short: "Remove a rule by its number", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is not the number of a rule; aggregator insight alerts lists them", args[0])
			}
			if err := a.call(cmd.Context(), http.MethodDelete, fmt.Sprintf("/api/v1/insights/rules/%d", id), &console.RemovedRule{}); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "removed")
			return err
		},
	}
	a.flags(cmd)
	return cmd
}
