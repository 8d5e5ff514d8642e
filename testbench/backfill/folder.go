package backfill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"iptvdc/aggregator"
	"iptvdc/aggregator/durable"
	"iptvdc/aggregator/store/duckdb"
)

// What lies in an aggregator's data folder, as aggregator/cmd/aggregator has it.
const (
	secretsFile = "secrets.json"
	storeFile   = "store.duckdb"
	lockFile    = "lock"
)

// Folder is the data folder of an aggregator that does not run, locked as one
// that runs would lock it.
type Folder struct {
	Store   *duckdb.Store
	Secrets aggregator.Secrets
	path    string
	lock    *os.File
}

// Lock locks a data folder, making it if it is not there. One that an aggregator
// works on is an error which names the process.
func Lock(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data folder %s cannot be made (%w); give another with --data DIR", path, err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder %s cannot be written to (%w); give another with --data DIR", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 32)
		n, _ := f.Read(holder) // only for the message
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data folder %s is in use (process %s); stop the aggregator first, or give another folder with --data DIR", path, strings.TrimSpace(string(holder[:n])))
		}
		return nil, fmt.Errorf("data folder %s cannot be locked: %w", path, err)
	}
	d := &Folder{path: path, lock: f}
	if err := errors.Join(f.Truncate(0), d.sign()); err != nil {
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", path, err), f.Close())
	}
	return d, nil
}

func (d *Folder) sign() error {
	_, err := d.lock.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// Free returns how many bytes the folder's disk can still take.
func (d *Folder) Free() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.path, &s); err != nil {
		return 0, fmt.Errorf("data folder %s: %w", d.path, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// Open opens the folder's store, and its secrets, which it makes if neither is
// there.
func (d *Folder) Open(o duckdb.Options) error {
	path := filepath.Join(d.path, secretsFile)
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if d.Secrets, err = aggregator.ParseSecrets(text); err != nil {
			return fmt.Errorf("%s: %w; put back the file from a backup", path, err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("secrets: %w", err)
	default:
		if _, err := os.Stat(filepath.Join(d.path, storeFile)); err == nil {
			return fmt.Errorf("%s is missing although %s holds events; put it back from a backup", path, storeFile)
		}
		d.Secrets = aggregator.NewSecrets()
		if text, err = d.Secrets.Marshal(); err != nil {
			return fmt.Errorf("secrets: %w", err)
		}
		if err := durable.WriteFile(path, text); err != nil {
			return fmt.Errorf("secrets: %w", err)
		}
	}
	if d.Store, err = duckdb.Open(filepath.Join(d.path, storeFile), o); err != nil {
		return err
	}
	return nil
}

// Path is where the folder lies.
func (d *Folder) Path() string { return d.path }

// Shut closes the store and keeps the lock.
func (d *Folder) Shut() error {
	if d.Store == nil {
		return nil
	}
	err := d.Store.Shutdown()
	d.Store = nil
	return err
}

// HasStore reports whether there is a store in the folder.
func (d *Folder) HasStore() bool {
	_, err := os.Stat(filepath.Join(d.path, storeFile))
	return err == nil
}

// CloneTo makes the store of folder to, which has none, of this one's, whose store
// is shut: see Clone. The secrets are this one's too. After an error or a kill the
// other folder still has no store.
func (d *Folder) CloneTo(ctx context.Context, to *Folder, o CloneOptions) error {
	text, err := os.ReadFile(filepath.Join(d.path, secretsFile))
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(to.path, secretsFile), text); err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	from := filepath.Join(d.path, storeFile)
	need, err := CloneBytes(ctx, from, o)
	if err != nil {
		return err
	}
	free, err := to.Free()
	if err != nil {
		return err
	}
	if need > free-free/10 {
		return fmt.Errorf("the disk is too small: clones take about %s, %s are free; take fewer, or leave facts by box out", size(need), size(free))
	}
	return Clone(ctx, from, filepath.Join(to.path, storeFile), o)
}

// StoreBytes is how long the store's file is.
func (d *Folder) StoreBytes() int64 {
	info, err := os.Stat(filepath.Join(d.path, storeFile))
	if err != nil {
		return 0
	}
	return info.Size()
}

// Close closes the store and gives the lock back.
func (d *Folder) Close() error {
	return errors.Join(d.Shut(), d.lock.Close())
}
