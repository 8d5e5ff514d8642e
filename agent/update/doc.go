// Package update renews the agent on a box by itself: it fetches a signed
// program, starts it beside the image's own, and goes back if it does no good
// [P-10]. See DESIGN.md.
//
// Launcher is the part that chooses what starts; it is in the image's program
// and trusts nothing in the data folder but what the image's keys have signed.
// Updater is the part in the program that runs.
package update
