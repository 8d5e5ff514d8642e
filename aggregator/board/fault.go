package board

import (
	"fmt"
	"strings"

	"iptvdc/aggregator"
)

func faultf(code, format string, args ...any) *aggregator.Error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...) + "."}
}

// clip cuts text from outside to a readable length.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
