// Package report shows a run of a fleet: on a terminal while it plays, as
// metrics for Prometheus, and as JSON and one HTML page at the end.
package report
