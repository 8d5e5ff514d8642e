package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/profiles"
	"iptvdc/protocol"
)

// profilesDir is the folder in the data folder of what is published to boxes.
const profilesDir = "profiles"

const profileHelp = `Make, sign and publish what steers boxes: profiles for the boxes of a province
or of a group in it, commands for one box. What is published lies in the folder
"profiles" of the data folder; a running aggregator looks there every other
second and has its brokers retain it, and again whenever it starts.

A box takes a profile if it has the public key, and keeps it until it expires or
a later version comes. What became of it a box tells by "running" events; profile
show counts them beside what is published.`

const profileExample = `  aggregator profile keygen --id 1 --out profile.key      # prints the line for the boxes' -profile-keys
  aggregator profile check evening.yaml
  aggregator profile publish evening.yaml --key profile.key --province 33 --expires 30d --data data/centre
  aggregator profile publish trial.yaml --key profile.key --province 33 --group E900V22C --data data/centre
  aggregator profile command report --key profile.key --province 33 --box 0123456789abcdef --data data/centre
  aggregator profile show --data data/centre

evening.yaml:
  sample: {impression: 100}           # a tenth of the boxes records impressions
  quiet: [{from: "19:30", to: "22:00"}]
  batch_age_s: 60`

func profileCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "profile", Short: "Steer boxes: sign and publish profiles and commands", Long: profileHelp, Example: profileExample}
	cmd.AddCommand(keygenCommand(), checkCommand(), signCommand(), publishCommand(), orderCommand(), showCommand(), withdrawCommand())
	return cmd
}

// target is for whom something is meant, and how it is signed.
type target struct {
	province, group, box string
	key, expires         string
	version              uint64
}

func (t *target) address(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.province, "province", "", "two digits of the province's `CODE`, as 33 for Zhejiang")
	f.StringVar(&t.group, "group", protocol.GroupAll, "`GROUP` of boxes: all, a model, a trial ring")
}

func (t *target) signature(cmd *cobra.Command, expires string) {
	f := cmd.Flags()
	f.StringVar(&t.key, "key", "", "`FILE` with the private key, of profile keygen")
	f.StringVar(&t.expires, "expires", expires, "how long it holds: `TIME` as 12h, 30d, or a date as 2027-01-31")
	f.Uint64Var(&t.version, "version", 0, "version `N`; without: one above the highest published")
}

// topic checks the address.
func (t *target) topic() (string, error) {
	n, err := strconv.ParseUint(t.province, 10, 8)
	if err != nil || n < 10 || n > 99 || len(t.province) != 2 {
		return "", errors.New("province: write two digits, as --province 33 for Zhejiang")
	}
	if t.box != "" {
		return protocol.CommandTopic(uint8(n), t.box), protocol.CheckBox(t.box)
	}
	return protocol.ProfileTopic(uint8(n), t.group), protocol.CheckGroup(t.group)
}

// until is when it expires.
func (t *target) until(now time.Time) (time.Time, error) {
	wrong := fmt.Errorf("expires: %q; write a time as 12h or 30d, or a date as 2027-01-31", t.expires)
	if days, ok := strings.CutSuffix(t.expires, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n == 0 {
			return now, wrong
		}
		return now.Add(time.Duration(n) * 24 * time.Hour), nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, t.expires, time.Local); err == nil {
		if !at.After(now) {
			return now, fmt.Errorf("expires: %s is over", t.expires)
		}
		return at, nil
	}
	d, err := time.ParseDuration(t.expires)
	if err != nil || d <= 0 {
		return now, wrong
	}
	return now.Add(d), nil
}

// sign makes a packet of what compose gives for a version and an expiry.
func (t *target) sign(topic string, compose func(version uint64, expires time.Time) ([]byte, error)) (packet []byte, expires time.Time, err error) {
	if t.key == "" {
		return nil, expires, errors.New("key: write --key FILE; make one with: aggregator profile keygen --out FILE")
	}
	if expires, err = t.until(time.Now()); err != nil {
		return nil, expires, err
	}
	key, err := profiles.LoadKey(t.key)
	if err != nil {
		return nil, expires, err
	}
	payload, err := compose(t.version, expires)
	if err != nil {
		return nil, expires, err
	}
	packet, err = key.Sign(topic, payload)
	return packet, expires, err
}

// next sets the version that follows what was published.
func (t *target) next(f *profiles.Folder, topic string) error {
	if t.version > 0 {
		return nil
	}
	e, err := f.Get(topic)
	t.version = e.Version + 1
	return err
}

func keygenCommand() *cobra.Command {
	var id uint64
	var out string
	cmd := &cobra.Command{Use: "keygen", Short: "Make a key; print the line for the boxes", Args: cobra.NoArgs,
		Long: "Make a key for profiles. The private key goes to a new file that only you may read; keep it apart from the aggregator if you can. Printed is the public line for the boxes' file of keys (stbagent -profile-keys); a box has at most two keys, the one in use and the next.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return errors.New("out: write --out FILE for the private key")
			}
			k, err := profiles.NewKey(id)
			if err != nil {
				return err
			}
			if err := k.Save(out); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), k.PublicLine())
			return err
		}}
	cmd.Flags().Uint64Var(&id, "id", 1, "the key's `NUMBER`; the next key takes another")
	cmd.Flags().StringVar(&out, "out", "", "new `FILE` for the private key")
	return cmd
}

func checkCommand() *cobra.Command {
	return &cobra.Command{Use: "check FILE", Short: "Say what is wrong with a profile, or what it means", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			compose, err := fromFile(args[0])
			if err != nil {
				return err
			}
			payload, err := compose(1, time.Now().Add(time.Hour))
			if err != nil {
				return err
			}
			p, err := protocol.ParseProfile(payload)
			if err != nil {
				return err
			}
			for _, line := range profiles.Explain(&p) {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%-13s about %d of %d bytes\n", "size", len(payload)+90, protocol.MaxPacketDown)
			return err
		}}
}

// fromFile reads a profile file now and composes payloads of it.
func fromFile(path string) (func(uint64, time.Time) ([]byte, error), error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return func(version uint64, expires time.Time) ([]byte, error) {
		payload, err := profiles.Compose(text, version, expires)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return payload, nil
	}, nil
}

// signedFile is what sign writes and publish --signed takes.
type signedFile struct {
	Topic  string `json:"topic"`
	Packet []byte `json:"packet"`
}

func signCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{Use: "sign FILE", Short: "Sign a profile on a machine that has the key", Args: cobra.ExactArgs(1),
		Long:    "Sign a profile where the private key is, and print the signed file; publish it where the aggregator is with: aggregator profile publish --signed FILE.",
		Example: "  aggregator profile sign evening.yaml --key profile.key --province 33 --version 27 --expires 30d > evening.signed",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, err := t.topic()
			if err != nil {
				return err
			}
			if t.version == 0 {
				return errors.New("version: write --version N, above the one published; aggregator profile show names it")
			}
			compose, err := fromFile(args[0])
			if err != nil {
				return err
			}
			packet, _, err := t.sign(topic, compose)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(signedFile{topic, packet})
		}}
	t.address(cmd)
	t.signature(cmd, "30d")
	return cmd
}

func publishCommand() *cobra.Command {
	var t target
	var data, signed string
	cmd := &cobra.Command{Use: "publish FILE", Short: "Publish the next version of a profile", Args: cobra.MaximumNArgs(1),
		Long: "Sign a profile as the next version and publish it, or with --signed publish what profile sign made. Works while the aggregator runs and while it does not.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := folderOf(data)
			if err != nil {
				return err
			}
			if (signed == "") == (len(args) == 0) {
				return errors.New("give either a profile FILE with --key and --province, or --signed FILE")
			}
			if signed != "" {
				return publishSigned(cmd, f, signed)
			}
			topic, err := t.topic()
			if err != nil {
				return err
			}
			compose, err := fromFile(args[0])
			if err != nil {
				return err
			}
			return t.publish(cmd, f, topic, compose)
		}}
	t.address(cmd)
	t.signature(cmd, "30d")
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&signed, "signed", "", "`FILE` that profile sign has made")
	return cmd
}

// publish signs the next version and puts it into the folder.
func (t *target) publish(cmd *cobra.Command, f *profiles.Folder, topic string, compose func(uint64, time.Time) ([]byte, error)) error {
	if err := t.next(f, topic); err != nil {
		return err
	}
	packet, expires, err := t.sign(topic, compose)
	if err != nil {
		return err
	}
	return put(cmd.OutOrStdout(), f, topic, packet, t.version, expires)
}

func put(out io.Writer, f *profiles.Folder, topic string, packet []byte, version uint64, expires time.Time) error {
	if err := f.Put(topic, packet, time.Now()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s version %d until %s\n", topic, version, expires.UTC().Format(time.RFC3339))
	return err
}

func publishSigned(cmd *cobra.Command, f *profiles.Folder, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s signedFile
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s was not made by profile sign: %w", path, err)
	}
	e := profiles.Entry{Topic: s.Topic, Packet: s.Packet}
	h, err := e.Head()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return put(cmd.OutOrStdout(), f, s.Topic, s.Packet, h.Version, time.UnixMilli(int64(h.ExpiresMs)))
}

func orderCommand() *cobra.Command {
	var t target
	var data string
	cmd := &cobra.Command{Use: "command " + protocol.DoReport, Short: "Have one box do something", Args: cobra.ExactArgs(1),
		Long: "Have one box do something once. report: tell which profile runs and how the box does, and send everything now. The answer is a running event with \"command N\", N the version printed here; it stays published until it expires or profile withdraw takes it away.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := folderOf(data)
			if err != nil {
				return err
			}
			if t.box == "" {
				return errors.New("box: write --box ID")
			}
			topic, err := t.topic()
			if err != nil {
				return err
			}
			return t.publish(cmd, f, topic, func(version uint64, expires time.Time) ([]byte, error) {
				return profiles.Command(args[0], version, expires)
			})
		}}
	cmd.Flags().StringVar(&t.province, "province", "", "two digits of the province's `CODE`")
	cmd.Flags().StringVar(&t.box, "box", "", "the box's `ID`")
	t.signature(cmd, "24h")
	dataFlag(cmd, &data)
	return cmd
}

func withdrawCommand() *cobra.Command {
	var t target
	var data string
	cmd := &cobra.Command{Use: "withdraw", Short: "Publish a profile or command no longer", Args: cobra.NoArgs,
		Long: "Publish a profile or command no longer. Boxes that have the profile keep it until it expires; to have them as they are built at once, publish an empty file instead.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := folderOf(data)
			if err != nil {
				return err
			}
			topic, err := t.topic()
			if err != nil {
				return err
			}
			if err := f.Withdraw(topic, time.Now()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), topic, "withdrawn")
			return err
		}}
	t.address(cmd)
	cmd.Flags().StringVar(&t.box, "box", "", "the box's `ID`, to withdraw a command")
	dataFlag(cmd, &data)
	return cmd
}

// folderOf is the folder of profiles in a data folder that must be there.
func folderOf(data string) (*profiles.Folder, error) {
	if info, err := os.Stat(data); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s; start the aggregator, or give its folder with --data DIR", data)
	}
	return profiles.In(filepath.Join(data, profilesDir)), nil
}
