//go:build mutant_nochain

package ledger

import "iptvdc/protocol"

// continues takes any batch of the right number for the next: a deliberate
// bug. It breaks I5, never mixed, and so I2: of two histories under the same
// numbers the centre keeps a bit of each and acknowledges what it never had.
// See testbench/mutants.
func continues(protocol.Chain, *protocol.Batch) bool { return true }
