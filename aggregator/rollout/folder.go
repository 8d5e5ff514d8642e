package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/durable"
	"iptvdc/protocol"
)

// Folder keeps one file a release, and programs by their hash. Safe for use by
// several processes.
type Folder struct {
	dir  string
	keys protocol.Keys
}

// In is the folder of that path; it is made when it is first written to.
func In(dir string) *Folder { return &Folder{dir: dir} }

// Believing is the folder to which Take lets in what one of the keys signed, and nothing
// else; none: whatever is signed, boxes look themselves by whom.
func (f *Folder) Believing(keys protocol.Keys) *Folder { return &Folder{f.dir, keys} }

const suffix = ".json"

func (f *Folder) file(version uint64) string {
	return filepath.Join(f.dir, strconv.FormatUint(version, 10)+suffix)
}

// Program is where the program of a hash is; it may not be there.
func (f *Folder) Program(sha string) string { return filepath.Join(f.dir, "files", sha) }

// Get returns a release, or an *aggregator.Error of code not_found.
func (f *Folder) Get(version uint64) (Release, error) {
	r, err := read(f.file(version))
	if errors.Is(err, os.ErrNotExist) {
		return r, fault("not_found", "No update of version %d is published; aggregator update show lists them.", version)
	}
	return r, err
}

func read(path string) (Release, error) {
	var r Release
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if err := r.check(); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// List returns every release, the newest first. What cannot be read is left out and
// named in the error.
func (f *Folder) List() ([]Release, error) {
	names, err := filepath.Glob(filepath.Join(f.dir, "*"+suffix))
	if err != nil {
		return nil, err
	}
	var all []Release
	var bad []error
	for _, name := range names {
		r, err := read(name)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Release) int {
		if a.Version > b.Version {
			return -1
		}
		return 1
	})
	return all, errors.Join(bad...)
}

// Publish takes a signed manifest and its program, and offers it to a stage. A
// version that is there gets another build or another stage; one that is not must
// be above all others, because boxes refuse what is not. Keys, if there are any,
// must have signed it. What is wrong with what was given is an *aggregator.Error of code
// bad_update or bad_stage; nothing is offered then.
func (f *Folder) Publish(packet []byte, program io.Reader, stage Stage, keys protocol.Keys, now time.Time) (r Release, err error) {
	m, _, err := protocol.ReadManifest(packet)
	if err == nil && len(keys) > 0 {
		_, _, err = protocol.OpenManifest(packet, keys)
	}
	if err != nil {
		return r, &aggregator.Error{Code: "bad_update", Message: "The signed manifest: " + err.Error() + ".", Cause: err}
	}
	if err := stage.Check(); err != nil {
		return r, err
	}
	if m.ExpiresMs > 0 && now.UnixMilli() >= int64(m.ExpiresMs) {
		return r, fault("bad_update", "It expired on %s; sign it anew.", time.UnixMilli(int64(m.ExpiresMs)).UTC().Format(time.RFC3339))
	}
	err = f.locked(func() error {
		all, err := f.List()
		if err != nil {
			return err
		}
		r = Release{Version: m.Version, Packets: map[string][]byte{}, AtMs: now.UnixMilli()}
		for _, other := range all {
			if other.Version == m.Version {
				r = other
			} else if len(all) > 0 && other.Version > m.Version && !slices.ContainsFunc(all, func(o Release) bool { return o.Version == m.Version }) {
				return fault("bad_update", "Version %d: version %d was published before; boxes refuse what is not above it, sign it as version %d.", m.Version, all[0].Version, all[0].Version+1)
			}
		}
		if had := r.Packets[m.Build]; had != nil {
			if before, _, err := protocol.ReadManifest(had); err != nil || before.SHA256 != m.SHA256 {
				return fault("bad_update", "Version %d for %s is published with another program; boxes that took it refuse this one, sign it as version %d.", m.Version, m.Build, all[0].Version+1)
			}
		}
		if err := f.keep(&m, program); err != nil {
			return err
		}
		r.Packets[m.Build] = packet
		r.Stage, r.MovedMs = stage, now.UnixMilli()
		return f.write(&r)
	})
	return r, err
}

// MaxBundle is the greatest bundle, in bytes.
const MaxBundle = maxSigned + protocol.MaxAgent

// Take publishes a bundle: what update sign prints, one line, and the program right behind
// it. It returns what it was built for beside the release. Errors are those of Publish.
func (f *Folder) Take(bundle io.Reader, stage Stage, now time.Time) (r Release, build string, err error) {
	packet, program, err := readBundle(bundle)
	if err != nil {
		return r, "", err
	}
	if r, err = f.Publish(packet, program, stage, f.keys, now); err != nil {
		return r, "", err
	}
	m, _, err := protocol.ReadManifest(packet)
	return r, m.Build, err
}

// keep copies a program beside, checks it, and renames it.
func (f *Folder) keep(m *protocol.Manifest, program io.Reader) error {
	folder := filepath.Dir(f.Program(m.SHA256))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	to, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(to.Name()) // unless it was renamed
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, h), io.LimitReader(program, int64(m.Size)+1))
	if err == nil && (uint64(n) != m.Size || hex.EncodeToString(h.Sum(nil)) != m.SHA256) {
		err = fault("bad_update", "The program is not the one that the manifest was signed for.")
	}
	if err := errors.Join(err, to.Sync(), to.Close()); err != nil {
		return err
	}
	return os.Rename(to.Name(), f.Program(m.SHA256))
}

func (f *Folder) write(r *Release) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return durable.WriteFile(f.file(r.Version), append(text, '\n'))
}

// Change has a release changed by by, one change at a time in all processes.
func (f *Folder) Change(version uint64, now time.Time, by func(*Release) error) (r Release, err error) {
	err = f.locked(func() error {
		if r, err = f.Get(version); err != nil {
			return err
		}
		if err := by(&r); err != nil {
			return err
		}
		if err := r.Stage.Check(); err != nil {
			return err
		}
		r.MovedMs = now.UnixMilli()
		return f.write(&r)
	})
	return r, err
}

// Halt stops a release, by a person of that name or ByItself: boxes that fetch it do not
// start it, those that run it go on.
func (f *Folder) Halt(version uint64, by, why string, now time.Time) (Release, error) {
	return f.Change(version, now, func(r *Release) error {
		if r.Halted {
			return fault("halted", "Version %d is halted already: %s", version, r.Why)
		}
		r.Halted, r.Why, r.By = true, why, by
		return nil
	})
}

// Resume offers a halted release again. The boxes that went back so far, back of
// them, do not halt it once more.
func (f *Folder) Resume(version uint64, back int64, now time.Time) (Release, error) {
	return f.Change(version, now, func(r *Release) error {
		if !r.Halted {
			return fault("not_halted", "Version %d is not halted.", version)
		}
		r.Halted, r.Why, r.By, r.Trusted = false, "", "", back
		return nil
	})
}

// Restage sets for which boxes a release is.
func (f *Folder) Restage(version uint64, s Stage, now time.Time) (Release, error) {
	return f.Change(version, now, func(r *Release) error {
		r.Stage = s
		return nil
	})
}

// locked keeps other processes from changing the folder meanwhile.
func (f *Folder) locked(do func() error) error {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(f.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%s: %w", lock.Name(), err)
	}
	return do()
}

// Remove forgets a release and its programs; not the newest, whose number holds off
// lower ones.
func (f *Folder) Remove(version uint64) error {
	return f.locked(func() error {
		all, err := f.List()
		if err != nil {
			return err
		}
		kept := map[string]bool{}
		var gone *Release
		for i := range all {
			if all[i].Version == version {
				gone = &all[i]
				continue
			}
			for _, m := range all[i].Manifests() {
				kept[m.SHA256] = true
			}
		}
		switch {
		case gone == nil:
			return fault("not_found", "No update of version %d is published.", version)
		case all[0].Version == version:
			return fault("newest", "Version %d is the newest: its number keeps lower ones from being published. Halt it, or stage it for 0 percent.", version)
		}
		if err := os.Remove(f.file(version)); err != nil {
			return err
		}
		for _, m := range gone.Manifests() {
			if !kept[m.SHA256] {
				if err := os.Remove(f.Program(m.SHA256)); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
		}
		return nil
	})
}
