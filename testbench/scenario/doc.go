// Package scenario plays a fleet of boxes against a real aggregator while
// faults strike, as a file says, and holds what was seen against the file's
// thresholds.
package scenario
