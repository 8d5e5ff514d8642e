package main

import (
	"fmt"
	"os"
)

// truthFile is opened at the start, so that a wrong name is found at once, and
// emptied only when the first line comes: a run that never began leaves an
// earlier truth alone.
type truthFile struct {
	file  *os.File
	begun bool
}

func openTruth(name string) (*truthFile, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("truth: %w", err)
	}
	return &truthFile{file: file}, nil
}

// Write implements io.Writer.
func (t *truthFile) Write(p []byte) (int, error) {
	if !t.begun {
		// A pipe or device cannot be emptied and has nothing to be emptied of.
		if info, err := t.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := t.file.Truncate(0); err != nil {
				return 0, err
			}
		}
		t.begun = true
	}
	return t.file.Write(p)
}

// Close closes the file.
func (t *truthFile) Close() error { return t.file.Close() }
