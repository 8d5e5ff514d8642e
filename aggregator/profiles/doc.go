// Package profiles is the centre's end of profiles and commands: it makes and
// explains them, signs them, keeps what is published in a folder, and sees that
// the brokers retain exactly that [P-8].
//
// The folder is the only way in: who publishes writes a file into it, also while
// no aggregator runs; the running one looks every other second. A file is
// written beside and renamed, so that a crash leaves the version before or the
// new one. Versions of a topic rise for ever, over withdrawals too.
package profiles
