// Package rollout is the centre's end of updates of the agent [P-10]: it signs
// manifests, keeps what is published in a folder, offers it to the boxes whose turn
// it is, hands programs out, and halts a version of which too many boxes went back.
//
// The folder is the only way in, also while no aggregator runs; the running one
// looks again every second. No private key is needed to publish, stage or halt: the
// centre can hold an update back, but not make one.
package rollout
