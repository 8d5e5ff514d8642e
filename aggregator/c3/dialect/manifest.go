package dialect

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

type manifestForm struct {
	name, line *pattern
	charset    delimited.Charset
}

// Entry is what a manifest says of a data file, or what the file is. A number
// that is not told is -1, a checksum "".
type Entry struct {
	Name              string
	Bytes, Rows       int64
	MD5, SHA1, SHA256 string // hexadecimal, letter case aside
	Day               aggregator.Day
	HasDay            bool
	// Unended is not written: the last record of the file has no end, which is
	// cut off if the manifest promises neither its size nor a checksum.
	Unended bool
}

// MaxEntries is how many files a manifest may announce.
const MaxEntries = 10_000

// ManifestName is the name of the manifest that announces a data file; "": there
// is none.
func (f *Feed) ManifestName(data string) (string, error) {
	if f.manifest == nil {
		return "", nil
	}
	parts, ok := f.match(data)
	if !ok {
		return "", fmt.Errorf("%q is no file of the feed", data)
	}
	parts.Texts = named(parts.Texts, data)
	return f.manifest.name.write(parts)
}

// named adds the parts that are made of a file's name.
func named(texts map[string]string, data string) map[string]string {
	all := map[string]string{"name": data, "stem": strings.TrimSuffix(data, path.Ext(data))}
	for k, v := range texts {
		all[k] = v
	}
	return all
}

// manifestOf reads the name of a manifest.
func (f *Feed) manifestOf(name string) (data string, ok bool) {
	if f.manifest == nil {
		return "", false
	}
	parts, ok := f.manifest.name.read(name)
	if !ok {
		return "", false
	}
	if stem, has := parts.Texts["stem"]; has {
		last := f.name.parts[len(f.name.parts)-1].lit
		if i := strings.LastIndexByte(last, '.'); i >= 0 {
			stem += last[i:]
		}
		data = stem
	}
	if whole, has := parts.Texts["name"]; has {
		data = whole
	}
	if data != "" {
		_, ok = f.match(data)
	}
	return data, ok
}

// ReadManifest reads a manifest, data being what MatchManifest said. What is
// wrong with it is the fault: then the files it announces are not to be read.
func (f *Feed) ReadManifest(r io.Reader, data string) ([]Entry, *c3.Fault, error) {
	if f.manifest == nil {
		return nil, nil, errors.New("the feed has no manifest")
	}
	d, err := delimited.NewReader(r, delimited.Config{Charset: f.manifest.charset, MaxRecord: 4096})
	if err != nil {
		return nil, nil, err
	}
	var all []Entry
	for {
		rec, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read manifest: %w", err)
		}
		parts, ok := f.manifest.line.read(string(rec.Text))
		if !ok {
			parts, ok = f.manifest.line.read(string(trimSpace(rec.Text)))
		}
		if !ok || rec.Fault != "" {
			return nil, &c3.Fault{Line: rec.Line, Code: c3.FaultManifest, Text: "a line of the manifest is not of the form " + f.manifest.line.text, Raw: clean(string(rec.Raw))}, nil
		}
		if len(all) == MaxEntries {
			return nil, &c3.Fault{Line: rec.Line, Code: c3.FaultTooLarge, Text: "the manifest announces too many files"}, nil
		}
		e := Entry{Name: data, Bytes: parts.Bytes, Rows: parts.Rows, Day: parts.Day, HasDay: parts.HasDay,
			MD5: parts.Texts["md5"], SHA1: parts.Texts["sha1"], SHA256: parts.Texts["sha256"]}
		if name, has := parts.Texts["name"]; has {
			e.Name = name
		}
		if stem, has := parts.Texts["stem"]; has && e.Name == "" {
			e.Name = stem
		}
		if data != "" && e.Name != data {
			return nil, &c3.Fault{Line: rec.Line, Code: c3.FaultManifest, Text: "the manifest announces another file than its name says", Raw: clean(e.Name)}, nil
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil, &c3.Fault{Code: c3.FaultEmpty, Text: "there is nothing in the manifest"}, nil
	}
	return all, nil, nil
}

// WriteManifest writes a manifest that announces files.
func (f *Feed) WriteManifest(w io.Writer, all ...Entry) error {
	if f.manifest == nil {
		return errors.New("the feed has no manifest")
	}
	for _, e := range all {
		about := Parts{Seq: -1, Rows: e.Rows, Bytes: e.Bytes, Day: e.Day, HasDay: e.HasDay, Texts: named(nil, e.Name)}
		for k, v := range map[string]string{"md5": e.MD5, "sha1": e.SHA1, "sha256": e.SHA256} {
			if v != "" {
				about.Texts[k] = v
			}
		}
		line, err := f.manifest.line.write(f.fixed(about))
		if err != nil {
			return fmt.Errorf("manifest: %w", err)
		}
		coded, err := f.manifest.charset.AppendEncoded(nil, []byte(line+"\n"))
		if err != nil {
			return fmt.Errorf("manifest: %w", err)
		}
		if _, err := w.Write(coded); err != nil {
			return err
		}
	}
	return nil
}

// Check compares what a manifest announced with what was got; nil: they agree.
// Only what is told on both sides is compared.
func (e Entry) Check(got Entry) *c3.Fault {
	fault := func(code, format string, args ...any) *c3.Fault {
		return &c3.Fault{Code: code, Text: fmt.Sprintf(format, args...)}
	}
	switch {
	case e.Bytes >= 0 && got.Bytes >= 0 && e.Bytes != got.Bytes:
		code := c3.FaultManifest
		if got.Bytes < e.Bytes {
			code = c3.FaultTruncated
		}
		return fault(code, "%d bytes are announced, the file has %d", e.Bytes, got.Bytes)
	case e.Rows >= 0 && got.Rows >= 0 && e.Rows != got.Rows:
		return fault(c3.FaultManifest, "%d rows are announced, the file has %d", e.Rows, got.Rows)
	case differ(e.MD5, got.MD5) || differ(e.SHA1, got.SHA1) || differ(e.SHA256, got.SHA256):
		return fault(c3.FaultManifest, "the checksum is not the one announced")
	case got.Unended && e.Bytes < 0 && e.MD5+e.SHA1+e.SHA256 == "":
		return fault(c3.FaultTruncated, "the last record has no end, and neither size nor checksum are announced")
	}
	return nil
}

func differ(a, b string) bool { return a != "" && b != "" && !strings.EqualFold(a, b) }
