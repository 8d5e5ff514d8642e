//go:build !linux

package fleet

import (
	"errors"
	"log/slog"
)

func newRealBox(*Config, *Town, int, *pace, dialer, *slog.Logger, string) (box, error) {
	return nil, errors.New("agents: real agents run on Linux only")
}
