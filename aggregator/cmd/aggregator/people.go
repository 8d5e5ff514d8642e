package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// onSettings makes a command that works on the settings of a data folder, beside a
// running aggregator or without one. Errors are told as people read them.
func onSettings(use, short string, args cobra.PositionalArgs, f func(cmd *cobra.Command, s *settings.Settings, args []string) error) *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		return withSettings(cmd, data, func(s *settings.Settings) error { return forPeople(f(cmd, s, args)) })
	}}
	dataFlag(cmd, &data)
	return cmd
}

func userCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "People who may sign in: make, list, grant, revoke, disable",
		Long: "People who may sign in, and what they hold. What is done here is done as the built-in administrator: whoever may read the data folder may do everything. It works at once, also while the aggregator runs.",
		Example: `  aggregator user add wang --display 王芳 --role province_manager --province 33 --data data/centre
  aggregator user link wang --data data/centre                 # the invitation
  aggregator user grant li --data-set orders --province 33,43
  aggregator user revoke li --role content
  aggregator user list`}
	cmd.AddCommand(userAdd(), userList(), userShow(), userGrant(), userRevoke(), userDisable(true), userDisable(false), userLink(), userResetTOTP())
	return cmd
}

// grantFlags are what is given or taken.
type grantFlags struct{ roles, sets, codes []string }

func (g *grantFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&g.roles, "role", nil, "`NAME`s of roles; aggregator role list")
	f.StringSliceVar(&g.sets, "data-set", nil, "`NAME`s of data sets, as epg,ratings")
	f.StringSliceVar(&g.codes, "province", nil, "`CODE`s of provinces, as 33,43; all: all of them, also ones that report later")
}

// permits are what the flags say. Nobody gets all provinces by leaving something out.
func (g *grantFlags) permits() ([]settings.Permit, error) {
	if len(g.roles)+len(g.sets) == 0 {
		return nil, nil
	}
	var scope aggregator.Scope
	switch {
	case len(g.codes) == 0:
		return nil, errors.New("in which provinces? give --province 33,43, or --province all")
	case slices.Equal(g.codes, []string{"all"}):
		scope.All = true
	default:
		var err error
		if scope, err = scopeOf(g.codes); err != nil {
			return nil, err
		}
	}
	var all []settings.Permit
	for _, role := range g.roles {
		all = append(all, settings.Permit{Role: role, Scope: scope})
	}
	for _, name := range g.sets {
		d, err := aggregator.ParseDataSet(name)
		if err != nil {
			return nil, err
		}
		all = append(all, settings.Permit{Data: d, Scope: scope})
	}
	return all, nil
}

func userAdd() *cobra.Command {
	var p settings.Profile
	var g grantFlags
	cmd := onSettings("add NAME", "Make a person; they sign in by a link first", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		give, err := g.permits()
		if err != nil {
			return err
		}
		if err := s.AddPerson(cmd.Context(), settings.OfMachine(), args[0], p, give); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is there; their invitation: aggregator user link %s\n", args[0], args[0])
		return err
	})
	cmd.Flags().StringVar(&p.Display, "display", "", "`TEXT` that they are called")
	cmd.Flags().StringVar(&p.Language, "language", "", "zh or en; without: what their browser asks for")
	cmd.Flags().StringVar(&p.Department, "department", "", "`NAME` of where they belong, with which boards can be shared")
	g.flags(cmd)
	return cmd
}

func userList() *cobra.Command {
	return onSettings("list", "List everybody and what they hold", cobra.NoArgs, func(cmd *cobra.Command, s *settings.Settings, _ []string) error {
		all, err := s.People(cmd.Context(), settings.OfMachine())
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tCALLED\tDEPARTMENT\tSTATE\tHOLDS")
		for _, one := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", one.Name, plain(cmp.Or(one.Display, "-")), cmp.Or(one.Department, "-"), state(&one), given(&one))
		}
		return w.Flush()
	})
}

func state(one *settings.Seen) string {
	switch {
	case one.Disabled:
		return "disabled"
	case one.TOTP:
		return "password, code"
	case one.Password:
		return "password"
	}
	return "link only"
}

// given is in one line what was given and still opens something.
func given(one *settings.Seen) string {
	if one.Name == "administrator" {
		return "everything"
	}
	var parts []string
	for n, g := range one.Permits {
		if one.Worth[n] {
			parts = append(parts, cmp.Or(g.Role, string(g.Data))+" "+settings.ScopeText(g.Scope))
		}
	}
	return cmp.Or(strings.Join(parts, "; "), "nothing")
}

func userShow() *cobra.Command {
	return onSettings("show NAME", "Show what one person was given, by whom, and where they see what", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		one, err := s.OnePerson(cmd.Context(), settings.OfMachine(), args[0])
		if err != nil {
			return err
		}
		return writePerson(cmd.OutOrStdout(), &one)
	})
}

func writePerson(out io.Writer, one *settings.Seen) error {
	fmt.Fprintf(out, "%s (%s), department %s, %s, made %s\n", one.Name, plain(cmp.Or(one.Display, one.Name)), cmp.Or(one.Department, "none"), state(one), one.Made.In(aggregator.Shanghai).Format("2006-01-02"))
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nGIVEN\tPROVINCES\tBY\tNOW")
	for n, g := range one.Permits {
		worth := "holds"
		if !one.Worth[n] {
			worth = "holds no longer: " + one.Givers[n] + " may not give it any more"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", cmp.Or(g.Role, "data set "+string(g.Data)), settings.ScopeText(g.Scope), one.Givers[n], worth)
	}
	fmt.Fprintln(w, "\nDATA SET\tPROVINCES")
	for _, d := range aggregator.DataSets() {
		fmt.Fprintf(w, "%s\t%s\n", d, cmp.Or(settings.ScopeText(one.Holds[d]), "-"))
	}
	fmt.Fprintf(w, "\nmay\t%s\n", cmp.Or(strings.Join(one.Powers.Names(), ", "), "nothing"))
	return w.Flush()
}

func userGrant() *cobra.Command {
	var g grantFlags
	cmd := onSettings("grant NAME", "Give a person roles or data sets in provinces", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		give, err := g.permits()
		if err != nil {
			return err
		}
		if len(give) == 0 {
			return errors.New("what? give --role NAME or --data-set NAME")
		}
		one, err := s.OnePerson(cmd.Context(), settings.OfMachine(), args[0])
		if err != nil {
			return err
		}
		want := one.Permits
		for _, n := range give {
			// What they had of the same is widened, not doubled.
			at := slices.IndexFunc(want, func(h settings.Permit) bool { return h.Role == n.Role && h.Data == n.Data })
			if at >= 0 {
				n.Scope = n.Scope.Or(want[at].Scope)
				want = slices.Delete(slices.Clone(want), at, at+1)
			}
			want = append(want, n)
		}
		return changed(cmd, s, args[0], s.SetPermits(cmd.Context(), settings.OfMachine(), args[0], want))
	})
	g.flags(cmd)
	return cmd
}

func userRevoke() *cobra.Command {
	var g grantFlags
	var all bool
	cmd := onSettings("revoke NAME", "Take roles or data sets from a person, and from all to whom they passed them on", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		if all == (len(g.roles)+len(g.sets) > 0) {
			return errors.New("what? give --role NAME or --data-set NAME, or --all")
		}
		one, err := s.OnePerson(cmd.Context(), settings.OfMachine(), args[0])
		if err != nil {
			return err
		}
		var want []settings.Permit
		taken := false
		provinces, err := scopeOf(g.codes)
		if len(g.codes) == 1 && g.codes[0] == "all" {
			provinces, err = aggregator.Scope{All: true}, nil
		}
		if err != nil {
			return err
		}
		for _, h := range one.Permits {
			if !all && !slices.Contains(g.roles, h.Role) && !slices.Contains(g.sets, string(h.Data)) {
				want = append(want, h)
				continue
			}
			taken = true
			if left := h.Scope; !provinces.All {
				if left.All {
					return fmt.Errorf("%s is held in all provinces; take it whole and grant those that stay", cmp.Or(h.Role, string(h.Data)))
				}
				left.Provinces = slices.DeleteFunc(slices.Clone(left.Provinces), provinces.Sees)
				if h.Scope = left; !left.Empty() {
					want = append(want, h)
				}
			}
		}
		if !taken {
			return fmt.Errorf("%s holds nothing of that; aggregator user show %s", args[0], args[0])
		}
		return changed(cmd, s, args[0], s.SetPermits(cmd.Context(), settings.OfMachine(), args[0], want))
	})
	g.flags(cmd)
	cmd.Flags().Lookup("province").Usage = "`CODE`s of the provinces in which it is taken; without: in all"
	cmd.Flags().BoolVar(&all, "all", false, "everything")
	return cmd
}

// changed tells what a person holds after a change.
func changed(cmd *cobra.Command, s *settings.Settings, name string, err error) error {
	if err != nil {
		return err
	}
	one, err := s.OnePerson(cmd.Context(), settings.OfMachine(), name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s holds %s\n", name, given(&one))
	return err
}

func userDisable(off bool) *cobra.Command {
	use, short := "enable NAME", "Let a person sign in again"
	if off {
		use, short = "disable NAME", "Let a person sign in no more and end their sessions; what they passed on stays"
	}
	return onSettings(use, short, cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		return s.Disable(cmd.Context(), settings.OfMachine(), args[0], off)
	})
}

func userLink() *cobra.Command {
	var url string
	cmd := onSettings("link NAME", "Make a one-time link that signs a person in, and print it", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		key, err := s.LinkFor(cmd.Context(), settings.OfMachine(), args[0])
		if err != nil {
			return err
		}
		page := url
		if page == "" {
			page = pageOf(cmd.Flag("data").Value.String())
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), loginURL(page, key))
		return err
	})
	cmd.Flags().StringVar(&url, "url", "", "`URL` of the page as people reach it; without: where the aggregator listens")
	return cmd
}

func userResetTOTP() *cobra.Command {
	return onSettings("reset-totp NAME", "Take a person's second factor away, so that they can set up another", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		return s.ResetTOTP(cmd.Context(), settings.OfMachine(), args[0])
	})
}

func roleCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "role", Short: "Roles: bundles of data sets and powers"}
	list := onSettings("list", "List all roles", cobra.NoArgs, func(cmd *cobra.Command, s *settings.Settings, _ []string) error {
		all, err := s.Roles(cmd.Context())
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "ROLE\tTITLE\tDATA SETS\tMAY\tBUILT IN")
		for _, r := range all {
			names := make([]string, len(r.Data))
			for n, d := range r.Data {
				names[n] = string(d)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%t\n", r.Name, plain(r.Title.EN), strings.Join(names, ","), r.Powers, r.BuiltIn)
		}
		return w.Flush()
	})
	var sets, powers []string
	var r settings.Role
	set := onSettings("set NAME", "Make a role, or change one; people have what it says from then on", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		var err error
		r.Name, r.Data = args[0], nil
		for _, name := range sets {
			d, err := aggregator.ParseDataSet(name)
			if err != nil {
				return err
			}
			r.Data = append(r.Data, d)
		}
		if r.Powers, err = settings.ParsePowers(powers); err != nil {
			return err
		}
		return s.SetRole(cmd.Context(), settings.OfMachine(), r)
	})
	set.Flags().StringSliceVar(&sets, "data-set", nil, "`NAME`s of its data sets")
	set.Flags().StringSliceVar(&powers, "may", []string{"see_boards", "make_boards", "share_boards", "export"}, "`NAME`s of its powers")
	set.Flags().StringVar(&r.Title.ZH, "zh", "", "its title in Chinese")
	set.Flags().StringVar(&r.Title.EN, "en", "", "its title in English")
	remove := onSettings("remove NAME", "Remove a role, from everybody", cobra.ExactArgs(1), func(cmd *cobra.Command, s *settings.Settings, args []string) error {
		return s.RemoveRole(cmd.Context(), settings.OfMachine(), args[0])
	})
	cmd.AddCommand(list, set, remove)
	return cmd
}

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "The audit log: who did what, and whether it is whole"}
	var head string
	verify := onSettings("verify", "Go through the audit log; name the first line that was changed, is missing or stands elsewhere", cobra.NoArgs, func(cmd *cobra.Command, s *settings.Settings, _ []string) error {
		var noted settings.Head
		if head != "" {
			var err error
			if noted, err = settings.ParseHead(head); err != nil {
				return err
			}
		}
		at, err := s.Verify(cmd.Context(), noted)
		if err != nil {
			return fmt.Errorf("the audit log is broken: %w; put the settings back from a backup and compare", forPeople(err))
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d lines, whole; note this elsewhere and give it with --head next time:\n%s\n", at.No, at)
		return err
	})
	verify.Flags().StringVar(&head, "head", "", "what an earlier verify printed: shows also that nothing was cut off since, or made anew")
	var person, what string
	var limit int
	list := onSettings("list", "List the audit log, the newest first", cobra.NoArgs, func(cmd *cobra.Command, s *settings.Settings, _ []string) error {
		all, err := s.Trail(cmd.Context(), settings.OfMachine(), settings.TrailQuery{Person: person, What: what, Limit: limit})
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "NO\tAT\tWHO\tWHAT\tWHOM\tFROM\tDETAIL")
		for _, e := range all {
			who := e.Who
			if e.By != "" {
				who = e.By + " as " + e.Who
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.No, e.At.In(aggregator.Shanghai).Format(time.DateTime), plain(who), e.What, plain(cmp.Or(e.Whom, "-")), cmp.Or(e.Place, "-"), plain(e.Detail))
		}
		return w.Flush()
	})
	list.Flags().StringVar(&person, "person", "", "only what `NAME` did or had done to them")
	list.Flags().StringVar(&what, "what", "", "only this, as signed_in")
	list.Flags().IntVar(&limit, "limit", 100, "at most `N` lines")
	cmd.AddCommand(verify, list)
	return cmd
}

func optionsCommand() *cobra.Command {
	var watermark, totp bool
	var noLinks []string
	cmd := onSettings("options", "Show or change what holds for everybody: watermarks, a second factor of administrators, roles without share links", cobra.NoArgs, func(cmd *cobra.Command, s *settings.Settings, _ []string) error {
		o, err := s.Options(cmd.Context())
		if err != nil {
			return err
		}
		was := o
		if cmd.Flags().Changed("watermark") {
			o.Watermark = watermark
		}
		if cmd.Flags().Changed("admin-totp") {
			o.AdminTOTP = totp
		}
		if cmd.Flags().Changed("no-links") {
			o.NoLinks = slices.DeleteFunc(noLinks, func(role string) bool { return role == "" })
		}
		if o.Watermark != was.Watermark || o.AdminTOTP != was.AdminTOTP || !slices.Equal(o.NoLinks, was.NoLinks) {
			if err := s.SetOptions(cmd.Context(), settings.OfMachine(), o); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "watermark: %t\nadmin-totp: %t\nno-links: %s\n", o.Watermark, o.AdminTOTP, strings.Join(o.NoLinks, ","))
		return err
	})
	cmd.Flags().BoolVar(&watermark, "watermark", false, "write the reader's name on every page and export")
	cmd.Flags().StringSliceVar(&noLinks, "no-links", nil, "`ROLE`s that do not bring the power to make share links; '' for none")
	cmd.Flags().BoolVar(&totp, "admin-totp", false, "administrators must set up a second factor")
	return cmd
}
