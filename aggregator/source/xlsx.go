package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Limits of an XLSX file beyond those of all: a small one may unpack to anything.
const (
	maxUnzipped  = 400 << 20
	maxZipFiles  = 2_000
	maxInMemory  = 16 << 20 // of one part; larger ones go by a temporary file
	maxSheetCell = 2 * MaxCells
)

// xlsxRecords reads one sheet of an XLSX file; "": the first. Values are read, never
// formulas.
func xlsxRecords(src io.ReaderAt, size int64, sheet string) records {
	return func(each func(int64, []string, error) error) (err error) {
		if err := checkZip(src, size); err != nil {
			return err
		}
		f, err := excelize.OpenReader(io.NewSectionReader(src, 0, size), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxInMemory})
		if err != nil {
			return notXLSX(err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		sheets := f.GetSheetList()
		if len(sheets) == 0 {
			return faultf("bad_file", "The file has no sheet.")
		}
		if sheet == "" {
			sheet = sheets[0]
		} else if !slices.Contains(sheets, sheet) {
			return faultf("bad_file", "There is no sheet %q; there are: %s.", clip(sheet), clip(strings.Join(sheets, ", ")))
		}
		rows, err := f.Rows(sheet)
		if err != nil {
			return notXLSX(err)
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		named, cells := false, 0
		for row := int64(1); rows.Next(); row++ {
			fields, err := rows.Columns()
			if err != nil {
				return notXLSX(err)
			}
			if cells += len(fields); cells > maxSheetCell {
				return faultf("too_large", "The sheet has more than %d cells; remove what is not needed.", maxSheetCell)
			}
			for len(fields) > 0 && fields[len(fields)-1] == "" {
				fields = fields[:len(fields)-1]
			}
			if !named {
				if len(fields) == 0 {
					continue // empty rows above the names
				}
				named = true
				for n := range fields {
					fields[n] = strings.TrimSpace(fields[n])
				}
			}
			if err := each(row, fields, nil); err != nil {
				return err
			}
		}
		if err := rows.Error(); err != nil {
			return notXLSX(err)
		}
		if !named {
			return faultf("bad_file", "The sheet is empty.")
		}
		return nil
	}
}

// checkZip refuses bombs by what the archive says of itself, which its reader holds it
// to.
func checkZip(src io.ReaderAt, size int64) error {
	z, err := zip.NewReader(src, size)
	if err != nil {
		return notXLSX(err)
	}
	if len(z.File) > maxZipFiles {
		return faultf("too_large", "The file holds %d parts, allowed %d.", len(z.File), maxZipFiles)
	}
	var all uint64
	for _, f := range z.File {
		if all += f.UncompressedSize64; f.UncompressedSize64 > maxUnzipped || all > maxUnzipped {
			return faultf("too_large", "The file is larger than %d MB when it is unpacked; save the sheet as CSV, or split it.", maxUnzipped>>20)
		}
	}
	return nil
}

func notXLSX(err error) error {
	f := faultf("bad_file", "The file is no XLSX file that can be read; is it protected by a password? Save it again, or as CSV.")
	f.Cause = err
	return f
}

// openFile tells an XLSX file from a CSV file by its first bytes.
func openFile(src io.ReaderAt, size int64, sheet string) (r records, serial bool, err error) {
	if size > MaxBytes {
		return nil, false, faultf("too_large", "The file has %d bytes, allowed %d.", size, MaxBytes)
	}
	head := make([]byte, 8)
	n, err := src.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, unreadable(err)
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return xlsxRecords(src, size, sheet), true, nil
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return nil, false, faultf("bad_file", "The file is an old XLS file, or protected by a password; save it as XLSX or CSV.")
	case sheet != "":
		return nil, false, faultf("bad_file", "sheet: a CSV file has none; leave it out.")
	}
	return csvRecords(io.NewSectionReader(src, 0, size)), false, nil
}
