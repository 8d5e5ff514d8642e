package inbox

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"iptvdc/aggregator/c3"
)

// errChanged says that a file changed while it was read: it was not complete.
var errChanged = errors.New("the file changed while it was read")

// faultError refuses a file for what is wrong with it.
type faultError struct{ fault c3.Fault }

func (e *faultError) Error() string { return e.fault.Code + ": " + e.fault.Text }

func refusal(code, format string, args ...any) error {
	return &faultError{c3.Fault{Code: code, Text: fmt.Sprintf(format, args...)}}
}

// open opens a regular file, and nothing that a name may lead to.
func open(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = refusal(c3.FaultUnknown, "It is no regular file.")
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// packing is how a file is packed.
type packing uint8

const (
	packedNot packing = iota
	packedGzip
	packedZip
)

// unpacked is the name of what is in a packed file, and how it is packed.
func unpacked(name string) (string, packing) {
	low := strings.ToLower(name)
	switch {
	case strings.HasSuffix(low, ".gz") && len(name) > 3:
		return name[:len(name)-3], packedGzip
	case strings.HasSuffix(low, ".zip") && len(name) > 4:
		return name[:len(name)-4], packedZip
	}
	return name, packedNot
}

// content reads what a file holds, unpacked, from its beginning. More than limit
// bytes are a fault: a small packed file may hold very much.
func content(f *os.File, size int64, p packing, limit int64) (io.Reader, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	switch p {
	case packedGzip:
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 256<<10))
		if err != nil {
			return nil, badPack(err)
		}
		return &bounded{r: z, left: limit, limit: limit, packed: true}, nil
	case packedZip:
		z, err := zip.NewReader(f, size)
		if err != nil {
			return nil, badPack(err)
		}
		if len(z.File) != 1 || z.File[0].FileInfo().IsDir() {
			return nil, refusal(c3.FaultMalformed, "A zip file must hold one file; it holds %d entries.", len(z.File))
		}
		r, err := z.File[0].Open()
		if err != nil {
			return nil, badPack(err)
		}
		return &bounded{r: r, left: limit, limit: limit, packed: true}, nil
	}
	return &bounded{r: f, left: limit, limit: limit}, nil
}

func badPack(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refusal(c3.FaultTruncated, "The packed file ends in the middle.")
	}
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return err
	}
	return refusal(c3.FaultMalformed, "The file cannot be unpacked: %v.", err)
}

// bounded reads at most limit bytes; more are a fault.
type bounded struct {
	r           io.Reader
	left, limit int64
	packed      bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, refusal(c3.FaultTooLarge, "It holds more than %d bytes.", b.limit)
	}
	if err != nil && err != io.EOF && b.packed {
		err = badPack(err)
	}
	return n, err
}
