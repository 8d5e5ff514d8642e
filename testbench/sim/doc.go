// Package sim plays the protocol between boxes and the centre in one
// goroutine, with faults drawn from one seeded generator, on the code that
// decides for real: agent/outbox, ledger.Judge under the reference ledger, and
// the codec. Then it heals everything, lets it drain and checks the promises
// I1 to I6 of protocol/SPEC.md. A seed gives the same run for ever.
//
// Rules switches single rules off, to show that the checks see what each of
// them prevents.
package sim
