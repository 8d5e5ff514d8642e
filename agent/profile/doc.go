// Package profile is how the centre steers a box: it takes signed profiles and
// commands in, keeps the last good ones over restarts, and tells the agent's
// parts what holds now [P-8]. DESIGN.md tells how it decides.
package profile
