package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"iptvdc/aggregator"
	"iptvdc/aggregator/durable"
)

// dataDir is the folder of everything that must survive, locked for this
// process. The lock goes with the process, however it ends.
type dataDir struct {
	path string
	lock *os.File
}

// What lies in the folder.
const (
	settingsFile = "settings.sqlite"
	secretsFile  = "secrets.json"
	storeFile    = "store.duckdb"
	ledgerDir    = "ledger"
	c3Dir        = "c3"
	sourcesDir   = "sources"
	sourcesKey   = "sources.key"
	lockFile     = "lock"
)

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// makeDataDir makes the folder, for its owner only, and sees that files can be
// made in it.
func makeDataDir(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("data folder %s: %w", path, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return "", fmt.Errorf("data folder %s cannot be made (%w); give another with --data DIR", abs, err)
	}
	probe, err := os.CreateTemp(abs, ".probe-*")
	if err != nil {
		return "", fmt.Errorf("data folder %s cannot be written to (%w); give its owner's account to this program, or another folder with --data DIR", abs, err)
	}
	return abs, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// folderInUse says which process works on a folder.
type folderInUse struct{ path, process string }

func (e *folderInUse) Error() string {
	return fmt.Sprintf("data folder %s is in use by another aggregator (process %s); stop that one, or give another folder with --data DIR", e.path, e.process)
}

// openDataDir makes the folder and locks it. A folder in use is an error that
// names the process.
func openDataDir(path string) (*dataDir, error) {
	abs, err := makeDataDir(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(abs, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", abs, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 32)
		n, _ := f.Read(holder) // only for the message
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &folderInUse{abs, strings.TrimSpace(string(holder[:n]))}
		}
		return nil, fmt.Errorf("data folder %s cannot be locked: %w", abs, err)
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, fmt.Sprintf("%d\n", os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("data folder %s: %w", abs, err)
	}
	return &dataDir{abs, f}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// close gives the lock back.
func (d *dataDir) close() error { return d.lock.Close() }

// secrets reads the platform's secrets, or makes them at the first start. They
// are written beside and renamed, so that a crash leaves none or whole ones.
func (d *dataDir) secrets() (aggregator.Secrets, error) {
	path := d.file(secretsFile)
	b, err := os.ReadFile(path)
	if err == nil {
		s, err := aggregator.ParseSecrets(b)
		if err != nil {
			return s, fmt.Errorf("%s: %w; put back the file from a backup: without it old and new events of a box cannot be joined", path, err)
		}
		return s, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return aggregator.Secrets{}, fmt.Errorf("secrets: %w", err)
	}
	if _, err := os.Stat(d.file(storeFile)); err == nil {
		return aggregator.Secrets{}, fmt.Errorf("%s is missing although %s holds events; put it back from a backup: without it old and new events of a box cannot be joined", path, d.file(storeFile))
	}
	s := aggregator.NewSecrets()
	if b, err = s.Marshal(); err != nil {
		return s, fmt.Errorf("secrets: %w", err)
	}
	return s, durable.WriteFile(path, b)
}
