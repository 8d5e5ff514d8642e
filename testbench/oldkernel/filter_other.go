//go:build !linux || !amd64

package oldkernel

import (
	"errors"
	"os/exec"
)

// ErrUnable says that this machine lets no program filter its calls so.
var ErrUnable = errors.New("oldkernel: the filter is for Linux on amd64")

// Main does nothing here.
func Main() {}

// Calls has none here.
type Calls struct{}

// Tried has nothing to tell.
func (c *Calls) Tried() []string { return nil }

// Wait has nothing to wait for.
func (c *Calls) Wait() error { return nil }

// Start is ErrUnable.
func Start(*exec.Cmd, *Calls) error { return ErrUnable }
