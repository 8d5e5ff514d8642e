// Package monitoring holds what operators load into Prometheus: alert rules on
// the platform's metrics.
package monitoring

import _ "embed"

// Alerts is the file of alert rules.
//
//go:embed alerts.yml
var Alerts string
