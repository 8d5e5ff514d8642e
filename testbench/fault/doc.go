// Package fault brings about the faults that tests and trial runs must survive.
package fault
