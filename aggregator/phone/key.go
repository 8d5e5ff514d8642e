package phone

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"iptvdc/aggregator/durable"
)

// key is the operator's, with which Android packages are signed. Phones take a newer
// package of an app only with the key of the one before, so whoever loses it must have
// everybody install anew.
type key struct{ store, password string } // files

const (
	keyFile      = "android-key.p12"
	passwordFile = "android-key.password"
)

// openKey returns the key in a folder, made if there is none yet. A crash leaves none or
// a whole one.
func openKey(ctx context.Context, folder string) (key, error) {
	k := key{filepath.Join(folder, keyFile), filepath.Join(folder, passwordFile)}
	_, err := os.Stat(k.store)
	if err == nil {
		if _, err = os.Stat(k.password); err != nil {
			return k, fmt.Errorf("%s is missing beside %s; put it back from a backup", k.password, k.store)
		}
		return k, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return k, err
	}
	if missing := Missing(); len(missing) > 0 {
		return k, errMissing(missing)
	}
	if err := durable.WriteFile(k.password, []byte(rand.Text()+"\n")); err != nil {
		return k, err
	}
	dir, err := os.MkdirTemp(folder, ".key-")
	if err != nil {
		return k, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // holds nothing that is used
	made := filepath.Join(dir, keyFile)
	if err := tool(ctx, dir, "keytool", "-genkeypair", "-storetype", "PKCS12", "-keystore", made, "-storepass:file", k.password, "-alias", "app",
		"-keyalg", "RSA", "-keysize", "3072", "-validity", "18250", "-dname", "CN=IPTV data centre"); err != nil {
		return k, err
	}
	b, err := os.ReadFile(made)
	if err != nil {
		return k, err
	}
	return k, durable.WriteFile(k.store, b)
}

// export packs the key with its password, to be kept elsewhere.
func (k key) export() ([]byte, error) {
	files := map[string][]byte{}
	for _, path := range []string{k.store, k.password} {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[filepath.Base(path)] = b
	}
	return packed(files)
}

// packed makes a zip archive; the same files give the same bytes.
func packed(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sorted(files) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o644)
		h.Modified = epoch
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
