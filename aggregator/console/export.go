package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/sheets"
)

// exportsAtOnce bounds how many files are made at a time: each is held in memory whole.
const exportsAtOnce = 2

// boardFile is a form in which a board leaves the page.
type boardFile struct {
	format, media, extension string
	write                    func(d *sheets.Document, w io.Writer) error
}

var boardFiles = []boardFile{
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", (*sheets.Document).XLSX},
	{"csv", "application/zip", ".zip", (*sheets.Document).CSV},
	{"html", "text/html; charset=utf-8", ".html", (*sheets.Document).HTML},
}

var exportParameters = []parameter{
	{name: "format", about: "xlsx, csv (a ZIP archive with a file a widget) or html", def: "xlsx"},
	{name: "filters", about: "what the reader turned, as JSON of a board's filters"},
	{name: "lang", about: "zh or en", def: "the reader's"},
	{name: "revision", about: "an older one", def: "the latest"},
}

// exportBoard answers with a whole board as a file, in the reader's scope.
func (s *Console) exportBoard(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, exportParameters)
	if err != nil {
		return err
	}
	format := values["format"]
	if format == "" {
		format = "xlsx"
	}
	n := slices.IndexFunc(boardFiles, func(f boardFile) bool { return f.format == format })
	if n < 0 {
		return badParameter("format", format, "xlsx, csv or html")
	}
	c := Composition{Board: r.PathValue("board"), Lang: sheets.Lang(values["lang"])}
	if c.Lang != "" && c.Lang != sheets.ZH && c.Lang != sheets.EN {
		return badParameter("lang", values["lang"], "zh or en")
	}
	if text := values["revision"]; text != "" {
		if c.Revision, err = strconv.ParseInt(text, 10, 64); err != nil || c.Revision < 1 {
			return badParameter("revision", text, "a number from 1")
		}
	}
	if c.Filters, err = filtersOf(values["filters"]); err != nil {
		return err
	}
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	p := principal(r)
	d, err := s.Compose(r.Context(), p, c)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := boardFiles[n].write(d, &file); err != nil {
		return err
	}
	// What cannot be recorded does not leave.
	if err := s.Identities.Note(r.Context(), p, "exported", "", fmt.Sprintf("format=%s board=%s cells=%d bytes=%d", format, clip(c.Board), d.Cells(), file.Len())); err != nil {
		return err
	}
	return writeFile(w, boardFiles[n].media, d.FileName(boardFiles[n].extension), file.Bytes())
}

// filtersOf reads filters from an address; "" are none.
func filtersOf(text string) (f board.Filters, err error) {
	if text == "" {
		return f, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, &aggregator.Error{Code: "bad_parameter", Message: "filters: cannot be read; write what a board has under filters, as {\"period\":{\"last\":7,\"unit\":\"day\"}}.", Cause: err}
	}
	if _, err := d.Token(); err != io.EOF {
		return f, &aggregator.Error{Code: "bad_parameter", Message: "filters: something follows the object."}
	}
	return f, f.Check()
}

// writeFile answers with a file that browsers keep and never show as a page from here.
func writeFile(w http.ResponseWriter, media, name string, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(b); err != nil {
		return nil // the reader went away
	}
	return nil
}
