//go:build !linux

package uplink

import (
	"net"
	"time"
)

// dialer is the plain one where the user timeout does not exist.
func dialer(time.Duration) *net.Dialer { return &net.Dialer{} }
