// Package mutants plants known bugs in the product, each behind a build tag,
// and demands that the test bench sees them. DESIGN.md has the list.
package mutants
