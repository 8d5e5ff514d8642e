//go:build !unix

package fleet

// enoughFiles: this system has no limit that could be asked for.
func enoughFiles(int, int) error { return nil }
