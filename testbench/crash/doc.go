// Package crash proves what agent and aggregator hold after power cuts, killed
// processes, failing disks and full ones, at every change they make to their
// files rather than at moments drawn by chance. It has no code of its own to
// use: its tests are the product. DESIGN.md says what is shown and how.
package crash
