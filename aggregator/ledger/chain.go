//go:build !mutant_nochain

package ledger

import "iptvdc/protocol"

// continues reports whether b was sealed upon the history that ends in chain
// [S3]. A number alone says nothing: a clone, or a flash set back, counts on
// with the same ones.
func continues(chain protocol.Chain, b *protocol.Batch) bool { return b.Prev == chain }
