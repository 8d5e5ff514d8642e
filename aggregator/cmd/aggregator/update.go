package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/profiles"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/settings"
	"iptvdc/protocol"
)

const updateHelp = `Update the agents of boxes: sign a program, publish it for a part of the boxes, see
how it goes, halt it.

A program is signed where the private key is, which need not be this machine. Boxes
take it if their image has the public key (stbagent run -update-keys), fetch it over
HTTP in their hours from where the config says updates.listen, start it beside the
image's own program, and go back by themselves if it does no good. A release of which
too many boxes go back halts by itself (updates.halt_percent, updates.halt_least).
Publishing, staging, halting and resuming are on the page too, under Boxes; with
updates.keys, the file of the boxes' public keys, that refuses what boxes would refuse.`

const updateExample = `  aggregator update keygen --id 1 --out release.key         # prints the line for the boxes' -update-keys
  aggregator update sign bin/firmware/stbagent-armv7 --key release.key --version 27 --agent 1.4.3 > 27-armv7.signed
  aggregator update publish 27-armv7.signed --program bin/firmware/stbagent-armv7 --percent 1 --province 33 --data data/centre
  aggregator update show --data data/centre
  aggregator update stage 27 --percent 20 --data data/centre
  aggregator update halt 27 --why "black screens" --data data/centre
  aggregator update resume 27 --data data/centre`

func updateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "update", Short: "Update the agents of boxes: sign, publish, stage, halt", Long: updateHelp, Example: updateExample}
	cmd.AddCommand(updateKeygen(), updateSign(), updatePublish(), updateStage(), updateHalt(), updateResume(), updateRemove(), updateShow())
	return cmd
}

func updateKeygen() *cobra.Command {
	cmd := keygenCommand()
	cmd.Long = "Make a key that signs updates. The private key goes to a new file that only you may read; keep it apart from the aggregator. Printed is the public line for the boxes' file of keys (stbagent run -update-keys). Make two: either may sign, and the one with the higher number, kept in a safe, can take the other out of use (update sign --retire)."
	return cmd
}

func updateSign() *cobra.Command {
	var m protocol.Manifest
	var keyFile, expires string
	var libraries bool
	cmd := &cobra.Command{Use: "sign PROGRAM", Short: "Sign a program on a machine that has the key", Args: cobra.ExactArgs(1),
		Long:    "Sign a program where the private key is, and print the signed file for update publish. Hash, size, processor and the format of the outbox are read from the program. One version may have a program for each processor.",
		Example: "  aggregator update sign bin/firmware/stbagent-armv7 --key release.key --version 27 --agent 1.4.3 --model E900V22C > 27-armv7.signed",
		RunE: func(cmd *cobra.Command, args []string) error {
			if keyFile == "" {
				return errors.New("key: write --key FILE; make one with: aggregator update keygen --out FILE")
			}
			if m.Version == 0 {
				return errors.New("version: write --version N, above every one before; aggregator update show lists them")
			}
			if m.Agent == "" {
				return errors.New("agent: write --agent WORD, the first word behind stbagent that stbagent version prints there")
			}
			if expires != "" {
				at, err := (&target{expires: expires}).until(time.Now())
				if err != nil {
					return err
				}
				m.ExpiresMs = uint64(at.UnixMilli())
			}
			key, err := profiles.LoadKey(keyFile)
			if err != nil {
				return err
			}
			packet, err := rollout.Sign(m, args[0], libraries, key.ID, key.Private)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(rollout.Signed{Packet: packet})
		}}
	f := cmd.Flags()
	f.StringVar(&keyFile, "key", "", "`FILE` with the private key, of update keygen")
	f.Uint64Var(&m.Version, "version", 0, "the release's `NUMBER`, which rises for ever")
	f.StringVar(&m.Agent, "agent", "", "`WORD` that the program tells as its version")
	f.StringVar(&m.Build, "build", "", "refuse the program unless it is for this processor: `NAME` as arm7")
	f.StringSliceVar(&m.Models, "model", nil, "`NAME`s of models that may run it; without: all")
	f.StringSliceVar(&m.URLs, "url", nil, "`URL`s of mirrors, which have the program as URL/SHA256")
	f.StringVar(&expires, "expires", "", "how long boxes may take it: `TIME` as 90d, or a date; without: for ever")
	f.BoolVar(&libraries, "libraries", false, "let a program pass that is linked to libraries of the system; boxes must have these")
	f.Var(&numbers{&m.Retires}, "retire", "`NUMBER`s of keys that boxes shall not believe any more, lower than the one that signs")
	return cmd
}

// numbers is a flag of several numbers.
type numbers struct{ to *[]uint64 }

func (n *numbers) String() string { return strings.Trim(fmt.Sprint(*n.to), "[]") }
func (n *numbers) Type() string   { return "numbers" }
func (n *numbers) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseUint(part, 10, 53)
		if err != nil {
			return fmt.Errorf("%q is no number of a key", part)
		}
		*n.to = append(*n.to, v)
	}
	return nil
}

// stageFlags say for which boxes a release is.
type stageFlags struct {
	percent float64
	codes   []string
	models  []string
}

func (s *stageFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Float64Var(&s.percent, "percent", 0, "`PERCENT` of the boxes, 0 to 100 in tenths: the same ones are in every larger stage")
	f.StringSliceVar(&s.codes, "province", nil, "`CODE`s of provinces, as 33,43; without: all")
	f.StringSliceVar(&s.models, "model", nil, "`NAME`s of models; without: all that it was signed for")
}

func (s *stageFlags) stage(cmd *cobra.Command) (rollout.Stage, error) {
	stage := rollout.Stage{Models: s.models}
	if !cmd.Flags().Changed("percent") {
		return stage, errors.New("percent: write --percent 1 for one in a hundred boxes, 100 for all, 0 for none yet")
	}
	if !(s.percent >= 0 && s.percent <= 100) {
		return stage, fmt.Errorf("percent: %g; allowed 0 to 100", s.percent)
	}
	stage.PerMille = uint32(math.Round(s.percent * 10))
	for _, code := range s.codes {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return stage, forPeople(err)
		}
		stage.Provinces = append(stage.Provinces, p)
	}
	return stage, nil
}

// onReleases makes a command on the releases of a data folder, which notes in the audit
// log what was done.
func onReleases(use, short string, args cobra.PositionalArgs, flags func(cmd *cobra.Command), f func(cmd *cobra.Command, folder *rollout.Folder, args []string) (what, detail string, err error)) *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		return withSettings(cmd, data, func(s *settings.Settings) error {
			what, detail, err := f(cmd, rollout.In(filepath.Join(data, updatesDir)), args)
			if err != nil {
				return forPeople(err)
			}
			if err := s.Note(cmd.Context(), settings.OfMachine(), what, "", detail); err != nil {
				return fmt.Errorf("it is done, but not in the audit log: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), detail)
			return err
		})
	}}
	dataFlag(cmd, &data)
	if flags != nil {
		flags(cmd)
	}
	return cmd
}

func versionOf(text string) (uint64, error) {
	v, err := strconv.ParseUint(text, 10, 53)
	if err != nil || v == 0 {
		return 0, fmt.Errorf("%q is no version of an update; aggregator update show lists them", text)
	}
	return v, nil
}

func updatePublish() *cobra.Command {
	var program, keysFile string
	var s stageFlags
	cmd := onReleases("publish SIGNED", "Offer a signed program to a part of the boxes", cobra.ExactArgs(1), func(cmd *cobra.Command) {
		cmd.Flags().StringVar(&program, "program", "", "`FILE` of the program that was signed")
		cmd.Flags().StringVar(&keysFile, "keys", "", "`FILE` with the boxes' public keys: refuse what they would refuse")
		s.flags(cmd)
	}, func(cmd *cobra.Command, folder *rollout.Folder, args []string) (string, string, error) {
		stage, err := s.stage(cmd)
		if err != nil {
			return "", "", err
		}
		text, err := os.ReadFile(args[0])
		if err != nil {
			return "", "", err
		}
		var signed rollout.Signed
		if err := json.Unmarshal(text, &signed); err != nil || len(signed.Packet) == 0 {
			return "", "", fmt.Errorf("%s was not made by update sign", args[0])
		}
		if program == "" {
			return "", "", errors.New("program: write --program FILE, the program that was signed")
		}
		var keys protocol.Keys
		if keysFile != "" {
			if keys, err = profiles.LoadPublic(keysFile); err != nil {
				return "", "", err
			}
		}
		f, err := os.Open(program)
		if err != nil {
			return "", "", err
		}
		defer f.Close()
		r, err := folder.Publish(signed.Packet, f, stage, keys, time.Now())
		if err != nil {
			return "", "", err
		}
		return "update_published", fmt.Sprintf("version=%d agent=%s %s", r.Version, r.Agent(), stageText(&r)), nil
	})
	cmd.Long = "Offer a signed program to a part of the boxes. A running aggregator offers it within a second. Publish each processor's program of a version by itself; the stage is that of the last."
	return cmd
}

// stageText says a stage as one line of the audit log.
func stageText(r *rollout.Release) string {
	provinces := "all"
	if len(r.Stage.Provinces) > 0 {
		var codes []string
		for _, p := range r.Stage.Provinces {
			codes = append(codes, p.String())
		}
		provinces = strings.Join(codes, ",")
	}
	models := "all"
	if len(r.Stage.Models) > 0 {
		models = strings.Join(r.Stage.Models, ",")
	}
	return fmt.Sprintf("percent=%g provinces=%s models=%s", float64(r.Stage.PerMille)/10, provinces, models)
}

func updateStage() *cobra.Command {
	var s stageFlags
	return onReleases("stage VERSION", "Offer a release to more boxes, or to others", cobra.ExactArgs(1), s.flags,
		func(cmd *cobra.Command, folder *rollout.Folder, args []string) (string, string, error) {
			version, err := versionOf(args[0])
			if err != nil {
				return "", "", err
			}
			stage, err := s.stage(cmd)
			if err != nil {
				return "", "", err
			}
			r, err := folder.Restage(version, stage, time.Now())
			return "update_staged", fmt.Sprintf("version=%d %s", version, stageText(&r)), err
		})
}

func updateHalt() *cobra.Command {
	var why string
	cmd := onReleases("halt VERSION", "Offer a release to nobody any more", cobra.ExactArgs(1), func(cmd *cobra.Command) {
		cmd.Flags().StringVar(&why, "why", "", "`TEXT` for those who ask later")
	}, func(_ *cobra.Command, folder *rollout.Folder, args []string) (string, string, error) {
		version, err := versionOf(args[0])
		if err != nil {
			return "", "", err
		}
		if why == "" || len(why) > 200 {
			return "", "", errors.New("why: write --why TEXT, at most 200 bytes: others will ask")
		}
		_, err = folder.Halt(version, settings.OfMachine().Name, why, time.Now())
		return "update_halted", fmt.Sprintf("version=%d why=%q", version, why), err
	})
	cmd.Long = "Offer a release to nobody any more. Boxes that are fetching it do not start it; those that run it go on: to take them back, sign the program of before with a higher version."
	return cmd
}

func updateResume() *cobra.Command {
	var a asked
	cmd := &cobra.Command{Use: "resume VERSION", Short: "Offer a halted release again", Args: cobra.ExactArgs(1),
		Long: "Offer a halted release again, by the running aggregator: the boxes that went back so far do not halt it once more.",
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := versionOf(args[0])
			if err != nil {
				return err
			}
			var done struct {
				Done bool `json:"done"`
			}
			if err := a.call(cmd.Context(), "POST", fmt.Sprintf("/api/v1/updates/%d/resume", version), &done); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "version=%d is offered again\n", version)
			return err
		}}
	a.flags(cmd)
	return cmd
}

func updateRemove() *cobra.Command {
	return onReleases("remove VERSION", "Forget a release that is not the newest, and its programs", cobra.ExactArgs(1), nil,
		func(_ *cobra.Command, folder *rollout.Folder, args []string) (string, string, error) {
			version, err := versionOf(args[0])
			if err != nil {
				return "", "", err
			}
			return "update_removed", fmt.Sprintf("version=%d", version), folder.Remove(version)
		})
}
