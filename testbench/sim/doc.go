// Package sim plays the protocol between boxes and the centre, one goroutine
// at a time, with faults drawn from one seeded generator, on the code that
// decides for real: agent/outbox, intake, ledger.Judge under the reference
// ledger, the loader, and the codec. Then it heals everything, lets it drain
// and checks the promises I1 to I6 of protocol/SPEC.md, and the rules of door,
// poison and clocks. A seed gives the same run for ever.
//
// Rules switches single rules off, to show that the checks see what each of
// them prevents.
package sim
