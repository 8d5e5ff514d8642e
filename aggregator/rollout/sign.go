package rollout

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"iptvdc/protocol"
)

// Signed is a manifest that was signed where the key is, as a file: no private key
// has to lie where the centre is.
type Signed struct {
	Packet []byte `json:"packet"`
}

// maxSigned bounds the line that begins a bundle: a manifest fits into a packet.
const maxSigned = 4 * protocol.MaxPacketDown

// readBundle takes apart a bundle; program reads on behind the line.
func readBundle(from io.Reader) (packet []byte, program io.Reader, err error) {
	no := fault("bad_update", "It does not begin with what aggregator update sign prints; send that, one line, and the program behind it.")
	r := bufio.NewReaderSize(from, maxSigned)
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull), errors.Is(err, io.EOF):
		return nil, nil, no
	case err != nil:
		return nil, nil, err
	}
	var s Signed
	if json.Unmarshal(line, &s) != nil || len(s.Packet) == 0 {
		return nil, nil, no
	}
	return s.Packet, r, nil
}

// agentProgram ends the import path of the agent's program.
const agentProgram = "agent/cmd/stbagent"

// Sign fills in what the program itself says (size, hash, build, format of the
// outbox) and signs the manifest. It refuses a program that no box could start: not an
// agent, linked to libraries, built for something else than m.Build, if that is set.
//
// Libraries lets a program pass that is linked to libraries of the system, for systems
// that have them.
func Sign(m protocol.Manifest, program string, libraries bool, key uint64, private ed25519.PrivateKey) ([]byte, error) {
	build, err := buildOf(program, libraries)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	if m.Build != "" && m.Build != build {
		return nil, fmt.Errorf("%s is built for %s, not %s", program, build, m.Build)
	}
	m.Build = build
	f, err := os.Open(program)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return nil, err
	}
	m.Size, m.SHA256 = uint64(n), hex.EncodeToString(h.Sum(nil))
	if m.Agent == "" {
		return nil, errors.New("agent: which version does it tell of itself? stbagent version says so")
	}
	if err := inside(f, &m, program); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return protocol.AppendManifest(nil, key, payload, private)
}

// mark is how an agent says inside its program which outbox it writes.
var mark = regexp.MustCompile(`stbagent-outbox-format:([0-9]{1,3}):([0-9]{1,3});`)

// inside looks into a program for what it says of itself.
func inside(f io.ReadSeeker, m *protocol.Manifest, program string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	whole, err := io.ReadAll(io.LimitReader(f, protocol.MaxAgent))
	if err != nil {
		return err
	}
	if !bytes.Contains(whole, []byte(m.Agent)) {
		return fmt.Errorf("agent: %s does not hold the text %q; what does stbagent version say there?", program, m.Agent)
	}
	says := mark.FindSubmatch(whole)
	if says == nil {
		return fmt.Errorf("%s does not say which outbox it writes: it is older than updates", program)
	}
	var err1, err2 error
	m.Outbox, err1 = strconv.ParseUint(string(says[1]), 10, 64)
	m.OutboxMin, err2 = strconv.ParseUint(string(says[2]), 10, 64)
	return errors.Join(err1, err2)
}

// buildOf reads what a program is built for.
func buildOf(program string, libraries bool) (string, error) {
	e, err := elf.Open(program)
	if err != nil {
		return "", errors.New("no program for Linux")
	}
	defer e.Close()
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP && !libraries {
			return "", errors.New("it is linked to libraries of the system; build it with CGO_ENABLED=0, or say that boxes have these")
		}
	}
	bi, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("not built by Go: %w", err)
	}
	if !strings.HasSuffix(bi.Path, agentProgram) {
		return "", fmt.Errorf("it is the program %s, not the agent", bi.Path)
	}
	var arch, arm string
	for _, s := range bi.Settings {
		switch s.Key {
		case "GOARCH":
			arch = s.Value
		case "GOARM":
			arm = s.Value
		}
	}
	build := protocol.BuildOf(arch, arm)
	if build == "" {
		return "", fmt.Errorf("boxes are not of the kind %s %s", arch, arm)
	}
	return build, nil
}
