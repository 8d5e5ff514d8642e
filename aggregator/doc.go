// Package aggregator holds the words of the domain: provinces and cities, the
// calendar of Asia/Shanghai, who may see what, and the errors people read. It
// does no I/O and imports nothing of this project.
package aggregator
