package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDirIsForOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := openDataDir(path); err == nil || !strings.Contains(err.Error(), "is in use by another aggregator (process ") || !strings.Contains(err.Error(), "--data DIR") {
		t.Errorf("a second one: %v", err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.close()
}

func TestDataDirThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(filepath.Join(file, "below")); err == nil || !strings.Contains(err.Error(), "cannot be made") {
		t.Error(err)
	}
	if os.Geteuid() != 0 { // root may write anywhere
		locked := filepath.Join(t.TempDir(), "locked")
		if err := os.Mkdir(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := openDataDir(locked); err == nil || !strings.Contains(err.Error(), "cannot be written to") {
			t.Error(err)
		}
	}
}

func TestSecretsStay(t *testing.T) {
	d, err := openDataDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.close() }()
	first, err := d.secrets()
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.secrets()
	if err != nil || first.BoxKey("0123456789abcdef") != second.BoxKey("0123456789abcdef") {
		t.Errorf("keys differ after a restart: %v", err)
	}
	if info, err := os.Stat(d.file(secretsFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}

	if err := os.WriteFile(d.file(secretsFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.secrets(); err == nil || !strings.Contains(err.Error(), "from a backup") {
		t.Errorf("damaged: %v", err)
	}
	// New secrets over old events would split every box in two.
	if err := os.Remove(d.file(secretsFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.file(storeFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.secrets(); err == nil || !strings.Contains(err.Error(), "is missing although") {
		t.Errorf("missing beside a store: %v", err)
	}
}
