package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/provision"
	"iptvdc/aggregator/settings"
)

func lookupEnv(name string) (string, bool) { return os.LookupEnv(name) }

// makeFolder makes a folder in the data folder, for its owner only.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("%s cannot be made: %w", path, err)
	}
	return nil
}

// registryFolder is the registry's folder in a data folder that must be there: a
// typing error would else make one.
func registryFolder(data string) (string, error) {
	if info, err := os.Stat(data); err != nil || !info.IsDir() {
		return "", fmt.Errorf("there is no folder %s; start the aggregator, or give its folder with --data DIR", data)
	}
	dir := filepath.Join(data, provisionDir)
	return dir, makeFolder(dir)
}

const claimHelp = `Certificates of boxes. A claim credential goes into the image of a batch of boxes;
each of them makes a key at its first boot, and claims a certificate for it with
the credential, once. From then on it is known by that, and renews it by itself.

The certificates are signed by an authority that is made in the data folder at
its first use ("provision"; back it up: images carry its certificate), or by one
of yours (mqtt.ca_cert, mqtt.ca_key). It works beside a running aggregator; what
is revoked is cut off within seconds.

机顶盒证书。申领凭证随一批机顶盒的固件下发；每台机顶盒首次开机时生成私钥，
并凭它申领一次证书，此后凭证书接入并自动续期。证书由数据目录中首次使用时
生成的 CA（目录 provision，请备份：固件中带有其证书）或贵方 CA 签发。命令
可在运行中的中心旁执行，吊销在数秒内生效。`

const claimExample = `  aggregator serve --data data/centre --mqtt-tls-listen 0.0.0.0:8883 --mqtt-tls-names 10.1.2.3
  aggregator claim ca --data data/centre > ca.pem                 # for images: mkimage build --ca ca.pem
  aggregator claim new --name E900V22C-2026-11 --province 33 --most 20000 --expires 180d --data data/centre > claim.txt
  mkimage build --claim claim.txt ...
  aggregator claim list --data data/centre
  aggregator claim refusals --data data/centre                    # whom it was refused, and why
  aggregator claim revoke claim-k3f9x2ma --boxes --data data/centre`

func claimCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "claim", Short: "Claim credentials, by which boxes get their certificates: new, list, revoke, refusals, ca", Long: claimHelp, Example: claimExample}
	cmd.AddCommand(claimNew(), claimList(), claimRevoke(), claimRefusals(), claimCA())
	return cmd
}

// onClaims makes a command that works on the registry of a data folder. What it
// returns as note goes to the audit log, beside an error too; "": nothing changed.
func onClaims(use, short string, args cobra.PositionalArgs, f func(cmd *cobra.Command, r *provision.Registry, args []string) (note, detail string, err error)) *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		return onRegistry(cmd.Context(), data, "", false, func(r *provision.Registry, _ *provision.Authority) error {
			note, detail, err := f(cmd, r, args)
			if note == "" {
				return err
			}
			return errors.Join(err, withSettings(cmd, data, func(s *settings.Settings) error {
				if err := s.Note(cmd.Context(), settings.OfMachine(), note, "", detail); err != nil {
					return fmt.Errorf("it is done, but the audit log does not have it: %w", err)
				}
				return nil
			}))
		})
	}}
	dataFlag(cmd, &data)
	return cmd
}

func claimNew() *cobra.Command {
	var b provision.Batch
	var province, expires, serials string
	cmd := onClaims("new", "Make a credential and print it, once", cobra.NoArgs, func(cmd *cobra.Command, r *provision.Registry, _ []string) (string, string, error) {
		if province != "" {
			n, err := strconv.ParseUint(province, 10, 8)
			if err != nil || len(province) != 2 {
				return "", "", errors.New("province: write two digits, as --province 33 for Zhejiang")
			}
			b.Province = uint8(n)
		}
		if expires != "" {
			t := target{expires: expires}
			at, err := t.until(time.Now())
			if err != nil {
				return "", "", err
			}
			b.Expires = at
		}
		if serials != "" {
			var err error
			if b.Serials, err = readSerials(serials); err != nil {
				return "", "", err
			}
		}
		k, err := r.NewClaim(cmd.Context(), b)
		if err != nil {
			return "", "", err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), k)
		return "claim_made", fmt.Sprintf("claim=%s name=%s", k.ID, b.Name), err
	})
	cmd.Long = "Make a credential and print it, once; only what it proves is kept. Give it to mkimage (--claim FILE), or to a box as STBAGENT_CLAIM. Its bounds hold for new boxes: those that came of it go on."
	f := cmd.Flags()
	f.StringVar(&b.Name, "name", "", "what people call it, as the `MODEL` and delivery")
	f.StringVar(&province, "province", "", "two digits of the only province that its boxes may be in, a `CODE`; without: any")
	f.IntVar(&b.Most, "most", 0, "at most `N` boxes; 0: any number")
	f.StringVar(&expires, "expires", "", "takes new boxes for a `TIME` as 180d, or until a date as 2027-06-30; without: always")
	f.StringVar(&serials, "serials", "", "`FILE` with the only serials that may come, a line each")
	return cmd
}

// readSerials reads a list, a line each; blank lines are passed over.
func readSerials(path string) (all []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("serials: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	all = []string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if s := strings.TrimSpace(lines.Text()); s != "" {
			all = append(all, s)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("serials: %w", err)
	}
	return all, nil
}

func claimList() *cobra.Command {
	return onClaims("list", "List credentials and how many boxes came of each", cobra.NoArgs, func(cmd *cobra.Command, r *provision.Registry, _ []string) (string, string, error) {
		all, err := r.Claims(cmd.Context())
		if err != nil {
			return "", "", err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "CLAIM\tNAME\tPROVINCE\tBOXES\tAT MOST\tSERIALS\tMADE\tNEW BOXES UNTIL\tREVOKED")
		for _, k := range all {
			province, most, listed := "any", "-", "any"
			if k.Province != 0 {
				province = fmt.Sprint(k.Province)
			}
			if k.Most > 0 {
				most = fmt.Sprint(k.Most)
			}
			if k.Listed >= 0 {
				listed = fmt.Sprintf("%d listed", k.Listed)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", k.ID, plain(cmp.Or(k.Name, "-")), province, k.Boxes, most, listed, dayOrDash(k.Made), dayOrDash(k.Expires), dayOrDash(k.Revoked))
		}
		return "", "", w.Flush()
	})
}

func claimRevoke() *cobra.Command {
	var boxes bool
	cmd := onClaims("revoke CLAIM", "End a credential for good; with --boxes also the certificates of all boxes that came of it", cobra.ExactArgs(1), func(cmd *cobra.Command, r *provision.Registry, args []string) (string, string, error) {
		n, err := r.RevokeClaim(cmd.Context(), args[0], boxes)
		if err != nil {
			return "", "", err
		}
		says := "boxes that came of it go on, those to come are refused"
		if boxes {
			says = fmt.Sprintf("%d boxes with it", n)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is revoked; %s\n", args[0], says)
		return "claim_revoked", fmt.Sprintf("claim=%s boxes=%d", args[0], n), err
	})
	cmd.Flags().BoolVar(&boxes, "boxes", false, "revoke all boxes that came of it as well; a running aggregator cuts them off")
	return cmd
}

func claimRefusals() *cobra.Command {
	var limit int
	cmd := onClaims("refusals", "List claims that were refused, why and how often, the latest first", cobra.NoArgs, func(cmd *cobra.Command, r *provision.Registry, _ []string) (string, string, error) {
		all, err := r.Refusals(cmd.Context(), limit)
		if err != nil {
			return "", "", err
		}
		return "", "", writeRefusals(cmd, all)
	})
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `N` lines")
	return cmd
}

func writeRefusals(cmd *cobra.Command, all []provision.Refusal) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "LAST\tTIMES\tBOX\tSERIAL\tCLAIM\tREASON\tFROM\tDETAIL")
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", dayOrDash(f.Last), f.N, f.Box, f.Serial, cmp.Or(f.Claim, "(renewal)"), f.Reason, cmp.Or(f.Place, "-"), plain(f.Detail))
	}
	return w.Flush()
}

func claimCA() *cobra.Command {
	var data, config string
	var crl bool
	cmd := &cobra.Command{Use: "ca", Short: "Print the authority's certificate, for images and brokers; makes an own one at the first use", Args: cobra.NoArgs,
		Long: "Print the authority's certificate (PEM). Images carry it (mkimage build --ca FILE) where the broker's certificate is of the same authority; brokers that stand elsewhere check boxes by it, and by the list of revoked certificates that --crl prints.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onRegistry(cmd.Context(), data, config, true, func(r *provision.Registry, a *provision.Authority) error {
				text := a.PEM()
				if crl {
					var err error
					if text, err = r.CRL(cmd.Context()); err != nil {
						return err
					}
				}
				_, err := cmd.OutOrStdout().Write(text)
				return err
			})
		}}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&config, "config", "", "config `FILE` that names an authority of yours")
	cmd.Flags().BoolVar(&crl, "crl", false, "print the list of revoked certificates instead; good for a week")
	return cmd
}
