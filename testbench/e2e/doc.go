// Package e2e holds tests that run the real programs as a user would.
package e2e
