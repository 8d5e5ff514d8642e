package daemon

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"iptvdc/protocol"
)

// hardware is what tells boards apart; empty fields could not be read.
type hardware struct{ mac, serial, cid string }

// readHardware looks below root, "/" on a box.
func readHardware(root string) hardware {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return ""
		}
		return strings.ToLower(strings.Trim(strings.TrimSpace(string(b)), "\x00"))
	}
	var h hardware
	h.serial = read("sys/firmware/devicetree/base/serial-number")
	if h.serial == "" {
		for line := range strings.Lines(read("proc/cpuinfo")) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "serial" {
				h.serial = strings.TrimSpace(value)
			}
		}
	}
	h.cid = read("sys/block/mmcblk0/device/cid")
	// A real card has a device behind it; bridges, tunnels and containers' ends
	// come and go. Names sort as eth0, eth1, wlan0.
	cards, _ := filepath.Glob(filepath.Join(root, "sys/class/net/*/device"))
	for _, c := range cards {
		rel, err := filepath.Rel(root, filepath.Join(filepath.Dir(c), "address"))
		if err != nil {
			continue
		}
		if mac := read(rel); mac != "" && mac != "00:00:00:00:00:00" {
			h.mac = mac
			break
		}
	}
	return h
}

// hash is what the outbox notes [D7]; zero if nothing is known.
func (h hardware) hash() (sum [8]byte) {
	if h == (hardware{}) {
		return sum
	}
	full := sha256.Sum256([]byte(h.mac + "|" + h.serial + "|" + h.cid))
	copy(sum[:], full[:])
	return sum
}

const boxFile = "box.id"

// boxID returns the id stored in dir, or derives one from the hardware and
// stores it: it must not change when a card is added. If it cannot be stored,
// an id from the hardware comes with the error; a random one does not.
func boxID(dir string, h hardware) (string, error) {
	path := filepath.Join(dir, boxFile)
	b, err := os.ReadFile(path)
	if err == nil {
		box := strings.TrimSpace(string(b))
		if err := protocol.CheckBox(box); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		return box, nil
	}
	seed := []byte(h.mac + "|" + h.serial)
	if h.mac == "" && h.serial == "" {
		seed = make([]byte, 16)
		if _, err := rand.Read(seed); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256(append([]byte("stbagent box "), seed...))
	box := fmt.Sprintf("%020s", new(big.Int).SetBytes(sum[:12]).Text(36))[:20]
	err = writeFile(path, box+"\n")
	if err != nil && h.mac == "" && h.serial == "" {
		return "", err
	}
	return box, err
}

// writeFile replaces a file as a whole.
func writeFile(path, text string) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if serr := f.Sync(); err == nil {
		err = serr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
