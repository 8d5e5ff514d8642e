package pack

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Deb is a Debian package: the files, and what dpkg is told of them.
type Deb struct {
	Data    *Tree
	Control *Tree // control, and scripts; md5sums is added
}

// Write writes the package, compressed by gzip, which every dpkg reads.
func (d *Deb) Write(w io.Writer, at time.Time) error {
	var sums bytes.Buffer
	for _, e := range d.Data.Entries() {
		if e.Mode&fs.ModeType == 0 {
			fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(e.Data), e.Path)
		}
	}
	d.Control.File("md5sums", 0o644, sums.Bytes())
	members := []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", nil}, {"data.tar.gz", nil}}
	for i, t := range []*Tree{d.Control, d.Data} {
		var b bytes.Buffer
		if err := Gzip(&b, func(w io.Writer) error { return t.Tar(w, "./", at) }); err != nil {
			return err
		}
		members[i+1].data = b.Bytes()
	}
	if _, err := io.WriteString(w, "!<arch>\n"); err != nil {
		return err
	}
	for _, m := range members {
		if _, err := fmt.Fprintf(w, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, at.Unix(), 0, 0, "100644", len(m.data)); err != nil {
			return err
		}
		if _, err := w.Write(append(m.data[:len(m.data):len(m.data)], "\n"[:len(m.data)&1]...)); err != nil {
			return err
		}
	}
	return nil
}

// Gzip compresses what write writes, without names or times.
func Gzip(w io.Writer, write func(io.Writer) error) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := write(z); err != nil {
		return err
	}
	return z.Close()
}
