// Package firmware says which kinds of box the agent goes into (targets.yaml),
// how an agent is configured in an image (agent.conf), and holds the files that
// each kind of firmware takes. Package image makes firmware of them.
package firmware
