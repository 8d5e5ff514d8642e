// Package oracle knows what every figure must be. It reads the truth that a
// fleet wrote down and computes each indicator in the plainest way: it looks at
// every event once for every question. It shares no code with the centre, not
// even the calendar, and imports nothing of this project.
//
// See DESIGN.md.
package oracle
