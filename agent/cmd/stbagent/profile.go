package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/profile"
	"iptvdc/protocol"
)

// maxKeyFile is more than two keys and some comments take.
const maxKeyFile = 16 << 10

// profileFlags adds the flags of profiles; the file of -profile-keys is read
// later.
func profileFlags(fs *flag.FlagSet, cfg *daemon.Config) (keys *string) {
	fs.StringVar(&cfg.ProfileGroup, "profile-group", "", "the box's `group` of profiles beside all (default: its model)")
	return fs.String("profile-keys", "", "`file` with the public keys that profiles and commands are checked against, lines \"<id> <base64>\"; without it they are ignored")
}

// readProfileKeys reads the file; "" means no keys.
func readProfileKeys(path string, cfg *daemon.Config) error {
	if path == "" {
		return nil
	}
	keys, err := readKeys("profile-keys", path)
	cfg.ProfileKeys = keys
	return err
}

// readKeys reads a file of public keys, that of a flag.
func readKeys(flag, path string) (protocol.Keys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	keys, err := profile.ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", flag, path, err)
	}
	return keys, nil
}

// profileLine says in a line which profile runs.
func profileLine(s *profile.Stats) string {
	if s.Keys == 0 {
		return "ignored: no keys; start the agent with -profile-keys FILE"
	}
	line := "as built in"
	if s.Version > 0 {
		line = fmt.Sprintf("version %d until %s", s.Version, time.UnixMilli(int64(s.Expires)).UTC().Format(time.RFC3339))
	}
	if s.Quiet {
		line += ", quiet now"
	}
	if s.Sampling {
		line += ", some kinds not recorded"
	}
	if s.Trigger > 0 {
		line += fmt.Sprintf(", trigger %d holds", s.Trigger)
	}
	if s.Refused > 0 {
		line += fmt.Sprintf("; %d refused, last: %s", s.Refused, s.Why)
	}
	return line
}
